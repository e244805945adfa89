import { lookup as lookupName, type LookupAddress, type LookupOptions } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isPublicAddress } from '../../core/address';
import { webhookUrlProblem, type WebhookRules } from '../../core/webhook-url';

/** One call to be made. */
export interface WebhookCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

type LookedUp = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;
type Lookup = (name: string, options: LookupOptions, done: LookedUp) => void;

const TIMEOUT_MS = 10_000;
/** Nobody reads an answer; so much is taken in for politeness, then the line is cut. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Makes one POST and answers its status, whatever that is; redirects are not followed. The name is looked up once, judged,
 * and the very addresses that were judged are connected to, so a name cannot point elsewhere in between. Throws with words
 * for a log when no answer comes in ten seconds or the address must not be called.
 */
export async function sendWebhook(call: WebhookCall, rules: WebhookRules): Promise<number> {
  const url = new URL(call.url);
  // A host that is an address is never looked up, so it is judged here, even though it was when it was stored.
  const problem = webhookUrlProblem(url, rules);
  if (problem !== null) throw new Error(`the address ${problem}`);
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await post(url, call, { signal, lookup: judgedLookup(rules) as RequestOptions['lookup'] });
  } catch (error) {
    throw signal.aborted ? new Error(`no answer in ${TIMEOUT_MS / 1_000} seconds`) : error;
  }
}

function post(
  url: URL,
  { headers, body }: WebhookCall,
  options: Pick<RequestOptions, 'signal' | 'lookup'>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const length = String(Buffer.byteLength(body));
    // No agent: a connection kept open would go on to an address that was judged for another call.
    const request = send(
      url,
      { ...options, method: 'POST', agent: false, headers: { ...headers, 'content-length': length } },
      (answer) => drain(answer, () => resolve(answer.statusCode!)),
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The status is the answer; what comes after it may fail, drip or never end. */
function drain(answer: IncomingMessage, done: () => void): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) answer.destroy();
  });
  answer.on('error', () => undefined);
  answer.on('close', done);
}

/** Looks a name up and refuses it when any of its addresses is not public: an honest name has none of those. */
function judgedLookup({ allowPrivate }: WebhookRules): Lookup {
  return (name, options, done) => {
    lookupName(name, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error);
      const isPrivate = addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address));
      if (isPrivate && !allowPrivate) {
        return done(new Error(`the name ${name} leads to a private or reserved address`));
      }
      const [first] = addresses;
      return options.all ? done(null, addresses) : done(null, first!.address, first!.family);
    });
  };
}
