import { EVENT_TYPES_PATTERN, takesType } from '../../src/core/event-type';
import { literalAddress, webhookUrlProblem } from '../../src/core/webhook-url';

const STRICT = { allowHttp: false, allowPrivate: false };

describe('a list of types', () => {
  it.each([
    [['*'], 'invoice.paid', true],
    [['invoice.*'], 'invoice.paid', true],
    [['invoice.*'], 'invoice.line.added', true],
    [['invoice.*'], 'invoice', false],
    [['invoice.*'], 'invoices.paid', false],
    [['invoice.paid'], 'invoice.paid', true],
    [['invoice.paid'], 'invoice.paid.late', false],
    [['plan.changed', 'invoice.*'], 'invoice.paid', true],
    [[], 'invoice.paid', false],
  ])('%j takes %s: %s', (patterns, type, taken) => expect(takesType(patterns, type)).toBe(taken));

  it.each(['**', '*.paid', 'invoice*', 'Invoice.paid', '.paid', 'invoice.', 'invoice.*.paid', ''])(
    'cannot hold %j',
    (pattern) => expect(new RegExp(EVENT_TYPES_PATTERN).test(pattern)).toBe(false),
  );
});

describe('an address for webhooks', () => {
  it.each([
    ['https://example.com/hooks', null],
    ['https://8.8.8.8/', null],
    ['http://example.com/', 'must begin with https://'],
    ['ftp://example.com/', 'must begin with https://'],
    ['https://me:secret@example.com/', 'must not hold a user name or a password'],
    ['https://127.0.0.1/', 'must not name a private or reserved address'],
    ['https://127.1/', 'must not name a private or reserved address'],
    ['https://0x7f000001/', 'must not name a private or reserved address'],
    ['https://2130706433/', 'must not name a private or reserved address'],
    ['https://[::1]/', 'must not name a private or reserved address'],
    ['https://[::ffff:169.254.169.254]/', 'must not name a private or reserved address'],
  ])('%s: %s', (text, problem) => expect(webhookUrlProblem(new URL(text), STRICT)).toBe(problem));

  it('may be private and plain where that is allowed', () => {
    const rules = { allowHttp: true, allowPrivate: true };
    expect(webhookUrlProblem(new URL('http://127.0.0.1:8080/'), rules)).toBeNull();
    expect(webhookUrlProblem(new URL('ftp://127.0.0.1/'), rules)).toBe('must begin with https:// or http://');
    expect(literalAddress('example.com')).toBeNull();
  });
});
