import type { RestAnswer } from '../../support/rest';
import type { Act, SentCorrection, SentEvent, Subscriber } from './script';

/** What became of one record of a batch. */
export interface Verdict {
  readonly status: string;
  readonly code?: string;
  readonly reason?: string;
}

/** The status of an answer that the service could give; throws for one of its faults. */
export async function statusOf(answer: Promise<RestAnswer<unknown>>): Promise<number> {
  const { status, body } = await answer;
  if (status >= 500) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return status;
}

/** An answer that nobody may refuse. */
export async function wanted<Body>(answer: Promise<RestAnswer<Body>>): Promise<RestAnswer<Body>> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return answer;
}

export function eventBody({ account, id, type, at, quantity, resource, region }: SentEvent): object {
  const properties = region === undefined ? {} : { properties: { region } };
  return { id, account, type, occurred_at: new Date(at).toISOString(), quantity, resource, ...properties };
}

export function correctionBody({ account, id, target, kind, quantity }: SentCorrection): object {
  return { kind, id, account, target: { id: target }, quantity };
}

export function planBody(act: Extract<Act, { kind: 'plan' }>, { taxes, discounts }: Subscriber): object {
  const { plan, effective, trialDays, isFirst } = act;
  return {
    ...{ plan, trial_days: trialDays },
    effective: typeof effective === 'number' ? new Date(effective).toISOString() : effective,
    ...(isFirst && { taxes, discounts }),
  };
}

export function grantBody({ amount, prepaid, priority, expiresAt }: Extract<Act, { kind: 'grant' }>): object {
  return {
    ...{ asset: 'USD', amount, priority, kind: prepaid ? 'prepaid' : 'promotional' },
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}
