import type { StripeObject } from './stripe-object';

/** An error as Stripe answers one: the status and what stands under `error`. */
export class StripeRefusal extends Error {
  constructor(
    readonly status: number,
    readonly error: StripeObject & { message: string },
    readonly headers: Record<string, string> = {},
  ) {
    super(error.message);
  }
}

/** 400: the request is well formed but cannot be done. */
export function invalidRequest(message: string, more: { code?: string; param?: string } = {}): StripeRefusal {
  return new StripeRefusal(400, { type: 'invalid_request_error', message, ...more });
}

/** 404, or 400 where the missing object was named by a parameter and not by the path, as Stripe does. */
export function missing(kind: string, id: string, param: string, status = 404): StripeRefusal {
  const message = `No such ${kind}: '${id}'`;
  return new StripeRefusal(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param,
    message,
  });
}

/** 402: the card said no. */
export function cardError(declineCode: string, more: StripeObject = {}): StripeRefusal {
  return new StripeRefusal(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: declineCode,
    message: `The card was declined (${declineCode}).`,
    ...more,
  });
}

/** A rule of Stripe's that this simulator does not know; said loudly, so that no test passes by accident. */
export function notModelled(what: string): StripeRefusal {
  return new StripeRefusal(
    400,
    {
      type: 'invalid_request_error',
      code: 'simulator_not_modelled',
      message: `The simulator does not model ${what}.`,
    },
    { 'stripe-should-retry': 'false' },
  );
}
