import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { apiDocument } from '../../src/app-docs';
import { parsePlan, planToJson } from '../../src/core/plan-shape';
import { parsePrice, priceToJson } from '../../src/core/price-shape';
import { listDoors } from '../../src/platform/doors/door-list';
import { openApiDocument, type OpenApiDocument } from '../../src/platform/doors/open-api';
import { packageRoot } from '../../src/platform/package-root';
import { anyPlan } from '../core/any-plan';
import { anyPrice } from '../core/any-price';
import {
  type Call,
  Contract,
  type Operation,
  exampleCalls,
  nodesOf,
  operationsOf,
  pointedAt,
} from '../support/api-contract';
import { type TestApp, startTestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';

const COMMITTED = join(packageRoot(), 'docs', 'api', 'openapi.json');
const REFRESH = 'npm run build && node bin/tallyhouse.cjs openapi > docs/api/openapi.json';

let app: TestApp;
let document: OpenApiDocument;
let contract: Contract;

beforeAll(async () => {
  app = await startTestApp();
  document = apiDocument(app.app);
  contract = new Contract(document);
});
afterAll(() => app.close());

async function send(verb: string, { url, contentType, body }: Call, key: string | null = app.adminKey) {
  const headers: Record<string, string> = {};
  if (key !== null) headers['x-api-key'] = key;
  if (contentType !== null) headers['content-type'] = contentType;
  const answer = await fetch(app.rest + url, {
    method: verb,
    headers,
    ...(contentType === null ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const type = answer.headers.get('content-type');
  return {
    status: answer.status,
    contentType: type,
    body: (type?.includes('json') ? JSON.parse(text) : text) as Record<string, unknown>,
  };
}

describe('the API document', () => {
  it('is the committed one', () => {
    const committed = readFileSync(COMMITTED, 'utf8');
    if (committed === `${JSON.stringify(document, null, 2)}\n`) return;
    expect(JSON.parse(committed)).toEqual(document);
    throw new Error(`docs/api/openapi.json is old; refresh it: ${REFRESH}`);
  });

  it('has every live REST door with its scope, and no other', () => {
    const live = listDoors(app.app).filter(({ kind, name }) => kind === 'rest' && !/ \/docs\b/.test(name));
    const written = operationsOf(document).map(({ verb, template, at }) => [
      `${verb} ${template.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      at.security[0]?.['bearer']?.[0] ?? null,
    ]);
    expect(Object.fromEntries(written)).toEqual(
      Object.fromEntries(live.map(({ name, rule }) => [name, rule?.scope ?? null])),
    );
    expect(written).toHaveLength(live.length);
  });

  it('opens to the internal key what a running service opens to it', () => {
    const inner = operationsOf(document).filter(({ at }) => at.security.some((one) => 'internal' in one));
    expect(inner.map(({ template }) => template)).toEqual(['/internal/events', '/internal/events/batch']);
  });

  it('calls each operation by a name of its own and says what it does', () => {
    const names = operationsOf(document).map(({ at }) => at.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { at } of operationsOf(document)) {
      expect(at.summary).toMatch(/^[A-Z].*[^.]$/);
      expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(at.tags as string[]));
    }
  });

  it('points at nothing that is not there', () => {
    const refs = nodesOf(document).flatMap((node) =>
      typeof node['$ref'] === 'string' ? [node['$ref']] : [],
    );
    expect(refs.length).toBeGreaterThan(100);
    expect(refs.filter((ref) => pointedAt(document, ref) === undefined)).toEqual([]);
  });

  it('declares the parameters of its paths, and only those', () => {
    for (const { template, at } of operationsOf(document)) {
      const declared = (at.parameters ?? []).filter((parameter) => parameter.in === 'path');
      const named = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect({ template, names: declared.map(({ name }) => name) }).toEqual({ template, names: named });
      expect(declared.every(({ required }) => required)).toBe(true);
    }
  });

  it('does not depend on the order in which doors were made', () => {
    const { httpDoors } = app.app.getHttpAdapter().getInstance() as unknown as {
      httpDoors: { routes: Parameters<typeof openApiDocument>[0] };
    };
    const again = openApiDocument([...httpDoors.routes].reverse(), document.info.version);
    expect(JSON.stringify(again)).toBe(JSON.stringify(document));
  });

  it('is refused when a door is described by nobody', () => {
    const door = {
      methods: ['GET', 'HEAD'],
      url: '/api/v1/secrets',
      rule: null,
      errorShape: 'problem',
      api: null,
      isPage: false,
    } as const;
    expect(() => openApiDocument([door], '1.0.0')).toThrow(
      "describe with @ApiDoor or in the route's config: GET /api/v1/secrets",
    );
    expect(openApiDocument([{ ...door, isPage: true }], '1.0.0').paths).toEqual({});
  });

  it('describes every price that there can be', () => {
    fc.assert(
      fc.property(anyPrice, (price) => {
        expect(contract.componentProblem('Price', price)).toBeNull();
        expect(contract.componentProblem('Price', priceToJson(parsePrice(price)))).toBeNull();
        expect(contract.componentProblem('Price', { ...price, model: 'free' })).not.toBeNull();
        expect(contract.componentProblem('Price', { ...price, surcharge: '1' })).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('describes every plan that there can be', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        expect(contract.componentProblem('PlanOffer', plan)).toBeNull();
        expect(contract.componentProblem('PlanOffer', planToJson(parsePlan(plan)))).toBeNull();
        expect(contract.componentProblem('PlanOffer', { ...plan, cost: '1' })).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

/** A call to the outside that was given up. */
async function parkedMessage(): Promise<string> {
  const id = '01890000-0000-7000-8000-000000000001';
  await withClient(app.databaseUrl, (client) =>
    client.query(
      `insert into outbox (id, topic, key, payload, state) values ($1, 'example', 'example', '{}', 'parked')`,
      [id],
    ),
  );
  return id;
}

let invoiced = 0;

/** A new invoice of January 2025, of an account whose clock is moved there. */
async function invoiceAt(now: string): Promise<string> {
  const admin = new Rest(app.rest, app.adminKey);
  const account = `project:invoiced-${++invoiced}`;
  const clock = await admin.post<{ id: string }>('/api/v1/test-clocks', { now: '2025-01-01T00:00:00Z' });
  await admin.put(`/api/v1/accounts/${account}`, {});
  await admin.post(`/api/v1/test-clocks/${clock.body.id}/accounts`, { account });
  await admin.put(`/api/v1/accounts/${account}/subscription`, { plan: 'hobby' });
  await admin.post(`/api/v1/test-clocks/${clock.body.id}/advance`, { now });
  const { body } = await admin.get<{ items: { id: string }[] }>(`/api/v1/accounts/${account}/invoices`);
  return body.items[0]!.id;
}

let reserved = 0;

/** A reservation that holds what its making shows. */
async function openReservation(): Promise<string> {
  const admin = new Rest(app.rest, app.adminKey);
  const body = { account: 'org:acme', items: [{ meter: 'scans', quantity: '10' }] };
  const content = { body, contentType: 'application/json' };
  const headers = { 'idempotency-key': `held-${++reserved}` };
  const answer = await admin.send<{ id: string }>('POST', '/api/v1/reservations', { ...content, headers });
  return answer.body.id;
}

const draftInvoice = (): Promise<string> => invoiceAt('2025-02-01T00:00:00Z');
/** An hour of grace is over. */
const finalInvoice = (): Promise<string> => invoiceAt('2025-02-01T01:00:00Z');

describe('a call made of the document’s examples', () => {
  /** What must be there before the others can be read; the rest follows in any order. */
  const FIRST = [
    ...['putAccount', 'putMeterAt', 'putListPrice', 'recordEvents', 'putPlan', 'createApiKey'],
    ...['createWebhookEndpoint', 'createBudget', 'putSubscription', 'createTestClock'],
  ];
  /** What ends or changes what the others speak of. */
  const LAST = [
    ...['attachAccount', 'advanceTestClock', 'deleteTestClock', 'cancelSubscription', 'closeAccount'],
    ...['revokeApiKey', 'removeWebhookEndpoint', 'deleteBudget'],
  ];
  /** Doors that are not implemented where no Stripe is configured, and say so. */
  const NEEDS_STRIPE = [
    ...['gitpodFinalizeInvoice', 'gitpodGetStripeCustomer', 'gitpodCreateStripeCustomer'],
    ...['gitpodCreateHoldPaymentIntent', 'gitpodCreateStripeSubscription', 'gitpodGetPriceInformation'],
    ...['gitpodUpdateCustomerSubscriptionsTaxState', 'gitpodOnChargeDispute'],
  ];
  /** What makes the `id` that the paths of a chapter name. */
  const MAKER: Record<string, string> = {
    createApiKey: 'api-keys',
    createWebhookEndpoint: 'webhooks',
    createBudget: 'waybill',
    createTestClock: 'test-clocks',
  };
  /** Each door of an invoice or a reservation has one of its own, because others would end the state that it needs. */
  const prepared = ({ template, at }: Operation): Promise<string> | undefined => {
    if (template.includes('/reservations/{id}')) return openReservation();
    if (!template.startsWith('/api/v1/invoices/{id}')) return undefined;
    return at.operationId === 'finaliseInvoice' ? draftInvoice() : finalInvoice();
  };

  it('fits its request and gets the answer that is described, at every door', async () => {
    const place = (name: string): number => {
      if (LAST.includes(name)) return FIRST.length + 1 + LAST.indexOf(name);
      return FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
    };
    const operations = operationsOf(document).sort(
      (one, other) => place(one.at.operationId) - place(other.at.operationId),
    );
    const ids: Record<string, string> = { operations: await parkedMessage() };
    for (const operation of operations) {
      const { operationId, tags } = operation.at;
      const id = (await prepared(operation)) ?? ids[tags[0]!];
      const own: Record<string, string> = id === undefined ? {} : { id, budget_id: id };
      for (const call of exampleCalls(operation, own)) {
        const about = `${operation.verb} ${call.url} ${call.contentType ?? ''}`;
        const request = call.contentType && contract.requestProblem(operation, call.contentType, call.body);
        const answer = await send(operation.verb, call);
        const problem = contract.answerProblem(operation, answer);
        expect({ about, request, problem }).toEqual({ about, request: null, problem: null });
        const expected = NEEDS_STRIPE.includes(operationId) ? 5 : 2;
        expect([about, Math.floor(answer.status / 100)]).toEqual([about, expected]);
        const made = MAKER[operationId];
        if (made) ids[made] = answer.body['id'] as string;
      }
    }
  });

  it('without a key gets the failure that is described', async () => {
    for (const operation of operationsOf(document).filter(({ at }) => at.security.length > 0)) {
      const [call] = exampleCalls(operation, { id: '00000000-0000-4000-8000-000000000000' });
      const answer = await send(operation.verb, call!, null);
      expect([operation.template, answer.status]).toEqual([operation.template, 401]);
      expect(contract.answerProblem(operation, answer)).toBeNull();
    }
  });
});

/** What the page's own script hands to the viewer, run as a browser would. */
function shownBy(script: string): unknown {
  const shown: { document?: unknown } = {};
  const window = { location: { search: '', origin: app.rest }, onload: () => undefined };
  const viewer = ({ spec }: { spec: unknown }): void => void (shown.document = JSON.stringify(spec));
  const SwaggerUIBundle = Object.assign(viewer, { presets: {}, plugins: {} });
  runInNewContext(script, { window, SwaggerUIBundle, SwaggerUIStandalonePreset: {} });
  window.onload();
  return JSON.parse(String(shown.document));
}

describe('the pages of the document', () => {
  const read = async (path: string) => {
    const answer = await fetch(app.rest + path);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  it('show it to people without a key, from this process alone', async () => {
    const { status, headers, text } = await read('/docs');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    const loaded = [...text.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, url]) => url!);
    expect(loaded).toContain('./docs/swagger-ui-bundle.js');
    for (const url of loaded) expect([url, (await read(url.slice(1))).status]).toEqual([url, 200]);
  });

  it('hold the whole document', async () => {
    expect(shownBy((await read('/docs/swagger-ui-init.js')).text)).toEqual(document);
    const { status, headers, text } = await read('/docs-json');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(JSON.parse(text)).toEqual(document);
    expect((await read('/docs-yaml')).text).toContain('operationId: recordEvents');
  });
});
