/** What a caller without a credential is told, in our own words. */
export const CREDENTIAL_NEEDED = 'A credential is needed';

const BEARER = /^bearer +/i;
/** How nearly everybody writes it, told without a pattern: this runs on every request. */
const USUAL = 'Bearer ';
const SPACE = 0x20;

/**
 * The credential of a request, or null. A non-empty `x-api-key` wins and is not rescued by `authorization`. A key without
 * the word Bearer is taken only where `bareAuthorization` says so, as on the doors that came from Waybill.
 */
export function credentialOf(
  apiKey: string | undefined,
  authorization: string | undefined,
  bareAuthorization: boolean,
): string | null {
  if (apiKey !== undefined && apiKey !== '') return apiKey;
  if (authorization === undefined || authorization === '') return null;
  if (authorization.startsWith(USUAL) && authorization.charCodeAt(USUAL.length) > SPACE) {
    return authorization.slice(USUAL.length);
  }
  const match = BEARER.exec(authorization);
  if (match !== null) return authorization.slice(match[0].length) || null;
  return bareAuthorization ? authorization : null;
}
