import { isPublicAddress } from './address';

/** Where webhooks may go. */
export interface WebhookRules {
  readonly allowHttp: boolean;
  readonly allowPrivate: boolean;
}

const ADDRESS_V4 = /^[\d.]+$/;

/**
 * What is wrong with an address webhooks are to be sent to, as far as it can be told without looking up its name; null when
 * nothing is. `url` is parsed already, so that odd spellings of IPv4 addresses have become dotted ones.
 */
export function webhookUrlProblem(
  url: Readonly<Record<'protocol' | 'hostname' | 'username' | 'password', string>>,
  { allowHttp, allowPrivate }: WebhookRules,
): string | null {
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    return allowHttp ? 'must begin with https:// or http://' : 'must begin with https://';
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  const literal = literalAddress(url.hostname);
  if (literal !== null && !allowPrivate && !isPublicAddress(literal)) {
    return 'must not name a private or reserved address';
  }
  return null;
}

/** The address a host name of a URL stands for by itself, without brackets; null when it has to be looked up. */
export function literalAddress(hostname: string): string | null {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return ADDRESS_V4.test(hostname) ? hostname : null;
}
