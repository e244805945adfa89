import { type TestApp, startTestApp } from '../support/app';
import { Rest } from '../support/rest';

interface Verdict {
  id: string;
  status: string;
  reason?: string;
  fields?: string[];
  event_id: string;
}

describe('POST /api/v1/events', () => {
  let app: TestApp;
  let admin: Rest;

  beforeAll(async () => {
    app = await startTestApp();
    admin = new Rest(app.rest, app.adminKey);
  });
  afterAll(() => app.close());

  const event = (id: string, more: object = {}): object => ({
    id,
    account: 'org:acme',
    type: 'api_requests',
    quantity: '2',
    ...more,
  });

  it('records an event once, and answers the same for the same', async () => {
    const first = await admin.post<Verdict>('/api/v1/events', event('once'));
    expect([first.status, first.body.status]).toEqual([201, 'recorded']);
    const again = await admin.post<Verdict>('/api/v1/events', event('once', { quantity: '2.000' }));
    expect([again.status, again.body.status]).toEqual([200, 'duplicate']);
    expect(again.body.event_id).toBe(first.body.event_id);
  });

  it('row 6: refuses the same id with another content and names what differs', async () => {
    await admin.post('/api/v1/events', event('taken', { properties: { region: 'eu' } }));
    const other = await admin.post(
      '/api/v1/events',
      event('taken', { quantity: '3', properties: { region: 'us' } }),
    );
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({
      code: 'conflict',
      errors: [{ field: 'quantity' }, { field: 'properties.region' }],
    });
  });

  it('row 7: the same id of another account or another source is another event', async () => {
    for (const more of [{}, { account: 'org:other' }, { source: 'eu-west' }]) {
      const { body } = await admin.post<Verdict>('/api/v1/events', event('shared', more));
      expect(body.status).toBe('recorded');
    }
  });

  it('row 9: a batch answers per record and keeps the good ones', async () => {
    const { status, body } = await admin.post<{ verdicts: Verdict[] }>('/api/v1/events', {
      events: [
        event('b1'),
        event('b2', { quantity: '1e3' }),
        event('b3', { type: 'unheard_of' }),
        event('b1'),
        7,
      ],
    });
    expect(status).toBe(200);
    expect(body.verdicts.map(({ status: verdict, fields }) => [verdict, fields])).toEqual([
      ['recorded', undefined],
      ['refused', ['quantity']],
      ['refused', ['type']],
      ['duplicate', undefined],
      ['refused', ['body']],
    ]);
    expect(body.verdicts[2]!.reason).toBe('type: no meter listens to "unheard_of"');
  });

  it('a twin with another content inside one batch is a conflict', async () => {
    const events = [...Array(30).keys()].map((i) => event(`c${i}`));
    const { body } = await admin.post<{ verdicts: Verdict[] }>('/api/v1/events', {
      events: [...events, event('c3', { quantity: '9' })],
    });
    expect(body.verdicts.slice(0, 30).every((verdict) => verdict.status === 'recorded')).toBe(true);
    expect(body.verdicts[30]).toMatchObject({ status: 'conflict', fields: ['quantity'] });
  });

  it.each([
    ['an exponent', { quantity: '1e3' }, 'quantity'],
    ['24 digits', { quantity: '1'.repeat(24) }, 'quantity'],
    ['16 decimal places', { quantity: '0.1234567890123456' }, 'quantity'],
    ['a double', { quantity: 1.5 }, 'quantity'],
    ['a negative quantity', { quantity: '-1' }, 'quantity'],
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['no account', { account: undefined }, 'account'],
    ['an account without scheme', { account: 'acme' }, 'account'],
    ['30 February', { occurred_at: '2026-02-30T00:00:00Z' }, 'occurred_at'],
    ['a local time', { occurred_at: '2026-02-20T00:00:00' }, 'occurred_at'],
    ['a control character', { id: 'a\u0000b' }, 'id'],
    ['a broken surrogate', { id: 'a\ud800b' }, 'id'],
    ['an id from next year', { id: '01ffffff-ffff-7000-8000-000000000001' }, 'id'],
  ])('refuses %s, naming the field', async (_name, more, field) => {
    const { status, body } = await admin.post<{ errors: { field: string; reason: string }[] }>(
      '/api/v1/events',
      event('bad', more),
    );
    expect(status).toBe(400);
    expect(body.errors[0]!.field).toBe(field);
    expect(body.errors[0]!.reason).not.toBe('');
  });

  it('row 12: takes exactly 35 days and exactly 5 minutes, and nothing beyond', async () => {
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const day = 86_400_000;
    const cases: [string, number, number][] = [
      ['old-ok', -35 * day + 5_000, 201],
      ['old-no', -35 * day - 5_000, 400],
      ['new-ok', 5 * 60_000 - 5_000, 201],
      ['new-no', 5 * 60_000 + 5_000, 400],
    ];
    for (const [id, ms, status] of cases) {
      const answer = await admin.post('/api/v1/events', event(id, { occurred_at: at(ms) }));
      expect([id, answer.status]).toEqual([id, status]);
    }
    const backfill = await admin.post<{ verdicts: Verdict[] }>('/api/v1/events', {
      backfill: true,
      events: [event('old-no', { occurred_at: '2020-01-01T00:00:00Z' })],
    });
    expect(backfill.body.verdicts[0]!.status).toBe('recorded');
  });

  it('takes CloudEvents, structured and in batches', async () => {
    const cloudEvent = (id: string, more: object = {}): object => ({
      specversion: '1.0',
      id,
      source: 'urn:shop',
      type: 'scans',
      subject: 'org:acme',
      time: new Date().toISOString(),
      data: { quantity: 1.005, region: 'eu' },
      ...more,
    });
    const one = await admin.post<Verdict>(
      '/api/v1/events',
      cloudEvent('ce-1'),
      'application/cloudevents+json',
    );
    expect([one.status, one.body.status]).toEqual([201, 'recorded']);
    const many = await admin.post<{ verdicts: Verdict[] }>(
      '/api/v1/events',
      [
        cloudEvent('ce-1', { time: undefined }),
        cloudEvent('ce-2', { specversion: '0.3' }),
        cloudEvent('ce-3'),
      ],
      'application/cloudevents-batch+json; charset=utf-8',
    );
    expect(many.body.verdicts.map((verdict) => verdict.status)).toEqual(['conflict', 'refused', 'recorded']);
  });

  it('keeps personal attributes out of the event', async () => {
    await admin.post(
      '/api/v1/events',
      event('personal', { properties: { user_id: 'u-1', email: 'someone@example.org' } }),
    );
    const { body } = await admin.get<{ items: { id: string; properties: unknown; subject: string }[] }>(
      '/api/v1/events?account=org:acme&limit=500',
    );
    const stored = body.items.find((item) => item.id === 'personal');
    expect(stored).toMatchObject({ subject: 'u-1', properties: { user_id: 'u-1' } });
    expect(JSON.stringify(body)).not.toContain('someone@example.org');
  });

  it('a writer of one account writes for no other, and cannot backfill', async () => {
    const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', {
      name: 'acme only',
      role: 'writer',
      accounts: ['org:acme'],
    });
    const acme = new Rest(app.rest, body.key);
    expect((await acme.post('/api/v1/events', event('mine'))).status).toBe(201);
    expect((await acme.post('/api/v1/events', event('theirs', { account: 'org:other' }))).status).toBe(403);
    const backfill = await acme.post('/api/v1/events', { backfill: true, events: [event('old')] });
    expect(backfill.status).toBe(403);
    expect((await new Rest(app.rest, null).post('/api/v1/events', event('nobody'))).status).toBe(401);
  });
});

describe('POST /internal/events', () => {
  let app: TestApp;
  let internal: Rest;
  const INTERNAL_KEY = 'internal-key-of-a-test-0123456789';

  beforeAll(async () => {
    app = await startTestApp({ internalApiKey: INTERNAL_KEY });
    internal = new Rest(app.rest, INTERNAL_KEY);
  });
  afterAll(() => app.close());

  const project = '6f1c2d3e-0000-4000-8000-000000000001';
  const started = (more: object = {}): object => ({
    event_type: 'deployment.started',
    project_id: project,
    resource_type: 'deployment',
    resource_id: '6f1c2d3e-0000-4000-8000-000000000002',
    metrics: { replicas: 2, cpu_millicores: 500, memory_mb: 512 },
    ...more,
  });

  it('answers as the original did', async () => {
    const { status, body } = await internal.post('/internal/events', started());
    expect(status).toBe(201);
    expect(body).toEqual({ event_id: expect.stringMatching(/^[0-9a-f-]{36}$/), recorded: true });
  });

  it('W-59: one key sent twice is one row with one id', async () => {
    const first = await internal.post('/internal/events', started({ idempotency_key: 'k' }));
    const second = await internal.post('/internal/events', started({ idempotency_key: 'k' }));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body['event_id']).toBe(first.body['event_id']);
  });

  it.each([
    ['W-47', {}, 400],
    ['W-48', { events: [] }, 201],
    ['W-49', { events: [started(), null] }, 400],
    ['W-50', { events: [started(), started({ event_type: undefined }), started()] }, 400],
  ])('%s: batch', async (_id, body, status) => {
    expect((await internal.post('/internal/events/batch', body)).status).toBe(status);
  });

  it('W-50: names the index and stores nothing', async () => {
    const bad = started({ event_type: undefined });
    const { body } = await internal.post<{ error: string }>('/internal/events/batch', {
      events: [started({ idempotency_key: 'first-of-bad' }), bad],
    });
    expect(body.error).toMatch(/^events\[1\]: event_type/);
    const again = await internal.post('/internal/events/batch', {
      events: [
        started({
          idempotency_key: 'first-of-bad',
          metrics: { replicas: 1, cpu_millicores: 1, memory_mb: 1 },
        }),
      ],
    });
    expect(again.status).toBe(201);
  });

  it.each([
    ['W-51: no metrics', { metrics: undefined }, 'metrics'],
    ['TR-17: missing metric', { metrics: { replicas: 1 } }, 'metrics.cpu_millicores'],
    [
      'TR-17: negative metric',
      { metrics: { replicas: -1, cpu_millicores: 1, memory_mb: 1 } },
      'metrics.replicas',
    ],
    ['TR-17: unknown type', { event_type: 'deployment.exploded' }, 'event_type'],
    ['nil uuid', { project_id: '00000000-0000-0000-0000-000000000000' }, 'project_id'],
    ['six minutes ahead', { timestamp: new Date(Date.now() + 360_000).toISOString() }, 'occurred_at'],
  ])('%s', async (_name, more, field) => {
    const { status, body } = await internal.post<{ error: string }>('/internal/events', started(more));
    expect(status).toBe(400);
    expect(body.error).toContain(field);
  });

  it('W-96: domain.added with metrics {}', async () => {
    const { status } = await internal.post(
      '/internal/events',
      started({ event_type: 'domain.added', metrics: {} }),
    );
    expect(status).toBe(201);
  });

  it.each([
    ['W-53', { 'x-api-key': 'wrong-wrong-wrong-wrong' }, 401],
    ['W-54', { authorization: `Bearer ${INTERNAL_KEY}` }, 201],
    ['W-55', { 'x-api-key': 'wrong-wrong-wrong-wrong', authorization: `Bearer ${INTERNAL_KEY}` }, 401],
    ['bare key in Authorization', { authorization: INTERNAL_KEY }, 201],
    ['no key', {}, 401],
  ])('%s: credentials', async (_id, headers, status) => {
    const response = await fetch(`${app.rest}/internal/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: JSON.stringify(started()),
    });
    expect(response.status).toBe(status);
    if (status === 401) expect(await response.json()).toEqual({ error: 'unauthorized' });
  });
});
