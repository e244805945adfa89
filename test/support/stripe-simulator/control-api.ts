import type { Control } from './control';
import type { FaultRule } from './faults';
import type { Answer } from './idempotency';
import type { RateLimits } from './rate-limit';
import type { StripeObject } from './stripe-object';
import { StripeRefusal } from './stripe-refusal';

interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

type Action = (control: Control, body: StripeObject) => unknown;

/** The control of the simulator over HTTP: JSON in, JSON out. */
const actions: Record<string, Action> = {
  'GET /_control': (control) => ({
    now: control.world.clock.now(),
    settings: control.world.settings,
    actions: Object.keys(actions),
  }),
  'POST /_control/now': async (control, body) => {
    if (body.set !== undefined) await control.setNow(body.set as number);
    else await control.advance(body.advance as number);
    return { now: control.world.clock.now() };
  },
  'POST /_control/settings': (control, body) => {
    control.set(body);
    return control.world.settings;
  },
  'GET /_control/faults': (control) => ({ rules: control.faults.rules, hits: control.faults.hits }),
  'POST /_control/faults': (control, body) => {
    control.addFaults(...([body].flat() as FaultRule[]));
    return control.faults.rules;
  },
  'DELETE /_control/faults': (control) => void control.faults.clear(),
  'POST /_control/limits': (control, body) =>
    void control.limit(body.perSecond ? (body as unknown as RateLimits) : null),
  'DELETE /_control/idempotency': (control) => void control.idempotency.prune(),
  'POST /_control/confirm': (control, body) =>
    control.confirmInBrowser(
      body.payment_intent as string,
      body.card as string | undefined,
      body.billing_details as StripeObject,
    ),
  'POST /_control/authenticate': (control, body) =>
    control.authenticateInBrowser(body.payment_intent as string),
  'POST /_control/dispute': (control, body) => control.dispute(body.charge as string, body),
  'POST /_control/dispute/decide': (control, body) =>
    control.decideDispute(body.dispute as string, body.status as 'won' | 'lost'),
  'POST /_control/card': (control, body) =>
    void control.changeCard(body.payment_method as string, body.card as string),
  'POST /_control/tax': (control, body) =>
    control.pinTax(body.customer as string, body.status as string | null),
  'POST /_control/line/lose': (control, body) => void control.loseLine(body.line as string),
  'GET /_control/webhooks': (control) => control.webhooks.log,
  'POST /_control/webhooks/behaviour': (control, body) => {
    control.webhooks.behave(body);
    return control.webhooks.behaviour;
  },
  'POST /_control/webhooks/deliver': async (control) => control.webhooks.deliver(),
  'POST /_control/webhooks/retry': async (control) => control.webhooks.retryFailed(),
  'POST /_control/webhooks/resend': async (control, body) =>
    control.webhooks.resend(body.event as string, body.endpoint as string | undefined),
  'POST /_control/webhooks/secret': (control, body) =>
    void control.rollSecret(body.endpoint as string, body.secret as string, body.keep_old !== false),
  'GET /_control/contract': (control) => control.contract.entries,
  'GET /_control/contract/report': (control) => control.contract.report(),
};

export async function answerControl(control: Control, request: ControlRequest): Promise<Answer> {
  const action = actions[`${request.method} ${request.path}`];
  if (!action)
    return {
      status: 404,
      body: { error: { message: 'No such control.', actions: Object.keys(actions) } },
      headers: {},
    };
  try {
    const body = request.body === '' ? {} : (JSON.parse(request.body) as StripeObject);
    const done = await action(control, body);
    return { status: 200, body: done ?? {}, headers: {} };
  } catch (error) {
    const status = error instanceof StripeRefusal ? error.status : 400;
    return { status, body: { error: { message: (error as Error).message } }, headers: {} };
  }
}
