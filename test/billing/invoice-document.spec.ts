import { type InvoiceDocument, stampOf } from '../../src/billing/invoice-document';
import { InvoiceDocuments } from '../../src/billing/invoice-document.service';
import { invoiceHtml } from '../../src/billing/invoice-html';
import { ADMIN } from '../../src/platform/auth/principal';
import { BillingWorld, type Invoice } from '../support/billing-world';
import { PdfText } from '../support/pdf-text';

let world: BillingWorld;
let documents: InvoiceDocuments;
let accounts = 0;

beforeAll(async () => {
  world = await BillingWorld.at('2024-12-31T23:00:00Z');
  documents = world.get(InvoiceDocuments);
});
afterAll(() => world.close());

/** A new account on a plan since midnight of 1 January in Berlin. */
async function subscriber(plan: string, more: object = {}, name: string | null = null): Promise<string> {
  world.itIs('2024-12-31T23:00:00Z');
  const key = `project:shown-${++accounts}`;
  await world.account(key, { name, anchor: '2024-12-31T23:00:00Z', time_zone: 'Europe/Berlin' });
  await world.subscribe(key, { plan, ...more });
  return key;
}

const END_OF_JANUARY = '2025-02-01T00:00:00Z';

async function newest(key: string): Promise<Invoice> {
  return (await world.invoices(key)).at(-1)!;
}

async function shown(key: string): Promise<InvoiceDocument> {
  return documents.read(ADMIN, (await newest(key)).id);
}

const sumsOf = ({ sums }: InvoiceDocument): string[] => sums.map(({ label, amount }) => `${label} ${amount}`);

const linesOf = ({ groups }: InvoiceDocument): unknown[] =>
  groups.map(({ kind, days, lines }) => [
    `${kind} ${days.first}..${days.last}`,
    ...lines.map(({ description, quantity, unitPrice, amount }) =>
      [description, quantity, unitPrice, amount].filter((each) => each !== null).join(' | '),
    ),
  ]);

describe('an invoice on paper', () => {
  it('says who, when and how much, in the days of the account', async () => {
    const key = await subscriber(
      'hobby',
      { taxes: [{ name: 'VAT', percent: '19' }], discounts: [{ name: 'welcome', percent: '10' }] },
      'Häuser & Söhne',
    );
    await world.grant(key, { amount: '1.00', description: 'hello' });
    await world.record(key, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '31800' }]);
    await world.runAt(END_OF_JANUARY);
    const document = await shown(key);
    expect(document).toMatchObject({
      ...{ status: 'finalised', currency: 'USD', timeZone: 'Europe/Berlin', paidOn: null, voidedOn: null },
      number: expect.stringMatching(/^INV-\d+$/) as string,
      buyer: { name: 'Häuser & Söhne', key },
      // The period ends at 23:00 UTC, which is midnight in Berlin.
      ...{ period: { first: '2025-01-01', last: '2025-01-31' }, issuedOn: '2025-02-01' },
      madeAt: new Date(END_OF_JANUARY),
    });
    expect(linesOf(document)).toEqual([
      [
        'charges 2025-01-01..2025-01-31',
        'Base fee | 5 | 5.00',
        'Build time: usage, beyond 500 included | 30 | 0.01 | 0.30',
      ],
    ]);
    // 5.30 − 0.53 = 4.77; 19 % of it is 0.9063.
    expect(sumsOf(document)).toEqual([
      'Subtotal 5.30',
      'welcome 10 % -0.53',
      'VAT 19 % 0.91',
      'Total 5.68',
      'Paid by grants -1.00',
      'Amount due 4.68',
    ]);
    expect(stampOf(document)).toBeNull();
  });

  it('shows a tax that is in the prices below the total', async () => {
    const key = await subscriber('hobby', { taxes: [{ name: 'VAT', percent: '25', inclusive: true }] });
    await world.runAt(END_OF_JANUARY);
    expect(sumsOf(await shown(key))).toEqual([
      'Subtotal 5.00',
      'Total 5.00',
      'VAT 25 % included 1.00',
      'Amount due 5.00',
    ]);
  });

  it('keeps what corrects an earlier period apart, and says which', async () => {
    const key = await subscriber('hobby');
    await world.runAt(END_OF_JANUARY);
    await world.record(key, [{ type: 'build.completed', at: '2025-01-20T00:00:00Z', quantity: '31800' }]);
    await world.runAt('2025-03-01T00:00:00Z');
    const document = await shown(key);
    expect(linesOf(document)).toEqual([
      ['charges 2025-02-01..2025-02-28', 'Base fee | 5 | 5.00'],
      ['adjustments 2025-01-01..2025-01-31', 'Build time: usage, beyond 500 included | 30 | 0.01 | 0.30'],
    ]);
    expect(invoiceHtml(document)).toContain('Adjustments of 2025-01-01 to 2025-01-31, billed before');
  });

  it('keeps what is paid ahead apart, and says for which days a line is', async () => {
    await world.plan('ahead', { base_fee: { model: 'flat', amount: '31', billed: 'in_advance' } });
    const key = await subscriber('ahead');
    await world.runAt(END_OF_JANUARY);
    expect(linesOf(await shown(key))).toEqual([['ahead 2025-02-01..2025-02-28', 'Base fee | 31 | 31.00']]);
    const changed = await subscriber('hobby');
    world.itIs('2025-01-15T23:00:00Z');
    await world.subscribe(changed, { plan: 'pro' });
    await world.runAt(END_OF_JANUARY);
    expect((await shown(changed)).groups[0]!.lines.map(({ part }) => part)).toEqual([
      { first: '2025-01-01', last: '2025-01-15' },
      { first: '2025-01-16', last: '2025-01-31' },
    ]);
  });

  it.each([
    { currency: 'JPY', fee: '500', tax: '55', total: '555' },
    { currency: 'BHD', fee: '1.005', tax: '0.111', total: '1.116' },
  ])('writes $currency with its own decimals', async ({ currency, fee, tax, total }) => {
    const plan = `in-${currency.toLowerCase()}`;
    await world.plan(plan, { currency, base_fee: { model: 'flat', amount: fee } });
    const key = await subscriber(plan, { taxes: [{ name: 'Tax', percent: '11' }] });
    await world.runAt(END_OF_JANUARY);
    const document = await shown(key);
    expect(document.groups[0]!.lines.map((line) => line.amount)).toEqual([fee]);
    expect(sumsOf(document)).toEqual([
      `Subtotal ${fee}`,
      `Tax 11 % ${tax}`,
      `Total ${total}`,
      `Amount due ${total}`,
    ]);
  });

  it('of a draft has no number and no amounts', async () => {
    const key = await subscriber('hobby');
    await world.runAt('2025-01-31T23:00:00Z');
    const document = await shown(key);
    expect(document).toMatchObject({ number: null, issuedOn: null, currency: null, groups: [], sums: [] });
    const [page, [sheet]] = [invoiceHtml(document), new PdfText(await documents.pdf(document)).pages()];
    expect(page).toContain('<p class="stamp draft">DRAFT</p>');
    expect(page).toContain('no amounts yet');
    expect(sheet).toEqual(expect.arrayContaining(['DRAFT', 'Invoice (draft)']));
  });

  it('is stamped when it is paid, void or given up', async () => {
    const stamps = [];
    for (const [door, body] of [
      ['payments', { reference: 'bank-1' }],
      ['void', {}],
      ['write-off', {}],
    ] as const) {
      const key = await subscriber('hobby');
      // Voiding gives it back, so that the paper does not show it as a payment.
      if (door === 'void') await world.grant(key, { amount: '1.00' });
      await world.runAt(END_OF_JANUARY);
      const { id } = await newest(key);
      expect((await world.admin.post(`/api/v1/invoices/${id}/${door}`, body)).status).toBe(200);
      const document = await shown(key);
      const [sheet] = new PdfText(await documents.pdf(document)).pages();
      expect(sheet).toContain(stampOf(document));
      expect(invoiceHtml(document)).toContain(`>${stampOf(document)}</p>`);
      stamps.push([stampOf(document), document.paidOn, document.voidedOn, sumsOf(document).slice(2)]);
    }
    expect(stamps).toEqual([
      ['PAID', '2025-02-01', null, ['Paid -5.00', 'Amount due 0.00']],
      ['VOID', null, '2025-02-01', ['Amount due 0.00']],
      ['UNCOLLECTIBLE', null, null, ['Written off -5.00', 'Amount due 0.00']],
    ]);
  });

  it('has sums that add up, on every invoice there is', async () => {
    const ids = await world.rows<{ id: string }>(
      `select id from invoice where status not in ('draft', 'void')`,
    );
    expect(ids.length).toBeGreaterThan(8);
    for (const { id } of ids) {
      const { sums, groups } = await documents.read(ADMIN, id);
      const minor = (text: string): bigint => BigInt(text.replace('.', ''));
      const sum = (...kinds: string[]): bigint =>
        sums
          .filter(({ kind }) => kinds.includes(kind))
          .reduce((total, each) => total + minor(each.amount), 0n);
      const lines = groups
        .flatMap((group) => group.lines)
        .reduce((total, each) => total + minor(each.amount), 0n);
      expect([id, sum('subtotal')]).toEqual([id, lines]);
      expect([id, sum('total')]).toEqual([id, sum('subtotal', 'discount', 'tax')]);
      expect([id, sum('due')]).toEqual([
        id,
        sum('total', 'grants', 'credited', 'paid', 'written-off', 'carried'),
      ]);
    }
  });
});

describe('who bills', () => {
  it('stands on the page and in the file, the foot on every page of it', async () => {
    const key = await subscriber('hobby');
    await world.runAt(END_OF_JANUARY);
    const seller = {
      name: 'Müller & Co',
      address: ['Straße 1', '10115 Berlin'],
      taxId: 'DE123456789',
      footer: ['IBAN DE02', 'HRB 1'],
    };
    const document = { ...(await shown(key)), seller };
    const page = invoiceHtml(document);
    for (const text of ['Müller &amp; Co', '10115 Berlin', 'Tax id DE123456789', 'IBAN DE02', 'HRB 1']) {
      expect(page).toContain(text);
    }
    const file = new PdfText(await documents.pdf(document));
    const words = ['Müller & Co', 'Straße 1', '10115 Berlin', 'Tax id DE123456789', 'IBAN DE02', 'HRB 1'];
    expect(file.pages()[0]).toEqual(expect.arrayContaining(words));
    const unsaid = invoiceHtml({ ...document, seller: { name: '', address: [], taxId: '', footer: [] } });
    expect(unsaid).not.toContain('<h2>From</h2>');
    expect(unsaid).not.toContain('<footer>');
  });
});

describe('the page', () => {
  it('escapes whatever people wrote', async () => {
    const script = `<script>alert("1")</script>`;
    const key = await subscriber('hobby', { discounts: [{ name: script, percent: '10' }] }, script);
    await world.runAt(END_OF_JANUARY);
    const document = await shown(key);
    const [group] = document.groups;
    const described = { ...group!, lines: [{ ...group!.lines[0]!, description: `a & b ${script} 'c'` }] };
    const page = invoiceHtml({ ...document, groups: [described] });
    expect(page).not.toContain('<script');
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;';
    expect(page).toContain(`<bdi>${escaped}</bdi>`);
    expect(page).toContain(`<bdi>${escaped} 10 %</bdi>`);
    expect(page).toContain(`<bdi>a &amp; b ${escaped} &#39;c&#39;</bdi>`);
  });
});

describe('the file', () => {
  /** A real invoice with lines that nobody had to be billed for. */
  async function withLines(count: number, more: Partial<InvoiceDocument> = {}): Promise<InvoiceDocument> {
    const key = await subscriber('hobby', {}, 'Émile Groß, Жанна, 日本 & Co');
    await world.runAt(END_OF_JANUARY);
    const document = await shown(key);
    const [group] = document.groups;
    const line = group!.lines[0]!;
    const lines = Array.from({ length: count }, (_, i) => ({ ...line, description: `Line number ${i + 1}` }));
    return { ...document, ...more, groups: [{ ...group!, lines }] };
  }

  it('has the name as far as its fonts go, and a box for what they lack', async () => {
    const document = await withLines(1);
    const file = new PdfText(await documents.pdf(document));
    expect(file.bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(file.fact('Title')).toBe(`Invoice ${document.number}`);
    expect(file.pages()).toHaveLength(1);
    expect(file.pages()[0]).toEqual(
      expect.arrayContaining([`Invoice ${document.number}`, 'Émile Groß, Жанна, □□ & Co', 'Line number 1']),
    );
    expect(file.pages()[0]!.join('|')).toContain('Amount due');
  });

  it('is the same, byte for byte, whenever it is made', async () => {
    const document = await withLines(40);
    const first = await documents.pdf(document);
    world.itIs('2026-01-01T00:00:00Z');
    const [second, third] = await Promise.all([documents.pdf(document), documents.pdf(document)]);
    expect(second.equals(first)).toBe(true);
    expect(third.equals(first)).toBe(true);
    expect((await documents.pdf({ ...document, number: 'INV-0' })).equals(first)).toBe(false);
  });

  it('of 500 lines has all of them once, and heads and numbers on every page', async () => {
    const document = await withLines(500);
    const pages = new PdfText(await documents.pdf(document)).pages();
    expect(pages.length).toBeGreaterThan(10);
    const lines = pages.flatMap((page) => page.filter((text) => text.startsWith('Line number')));
    expect(lines).toEqual(Array.from({ length: 500 }, (_, i) => `Line number ${i + 1}`));
    pages.forEach((page, i) => {
      for (const head of [`Invoice ${document.number}`, 'Description', 'Quantity', 'Unit price']) {
        expect(page.filter((text) => text === head)).toEqual([head]);
      }
      expect(page).toContain(`Page ${i + 1} of ${pages.length}`);
    });
  });

  it('wraps what is long, and ends what no page could hold', async () => {
    const document = await withLines(1);
    const [group] = document.groups;
    const long = (description: string): InvoiceDocument => ({
      ...document,
      groups: [{ ...group!, lines: [{ ...group!.lines[0]!, description }, group!.lines[0]!] }],
    });
    const wrapped = new PdfText(await documents.pdf(long(`${'word '.repeat(40)}${'x'.repeat(200)}`))).pages();
    expect(wrapped).toHaveLength(1);
    expect(wrapped[0]!.join('').match(/word/g)).toHaveLength(40);
    expect(
      wrapped[0]!
        .join('')
        .match(/x{20,}/g)!
        .join(''),
    ).toHaveLength(200);
    const endless = new PdfText(await documents.pdf(long('word '.repeat(5_000)))).pages();
    expect(endless.length).toBeLessThanOrEqual(3);
    expect(endless.flat().some((text) => text.endsWith('…'))).toBe(true);
    expect(endless.flat()).toContain('Line number 1');
  });
});

describe('the doors', () => {
  let id: string;
  let number: string;

  beforeAll(async () => {
    const key = await subscriber('hobby', {}, 'Door & Sons');
    await world.runAt(END_OF_JANUARY);
    const invoice = await newest(key);
    [id, number] = [invoice.id, invoice.number!];
  });

  it('answer with a page that may load and run nothing', async () => {
    const { status, headers, body } = await world.admin.get<string>(`/api/v1/invoices/${id}/html`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(body).toContain('<bdi>Door &amp; Sons</bdi>');
    expect(body.match(/<style>/g)).toHaveLength(1);
  });

  it('answer with a file that is named after the invoice', async () => {
    const { status, headers, body } = await world.admin.get<string>(`/api/v1/invoices/${id}/pdf`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/pdf');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-disposition')).toBe(`inline; filename="${number}.pdf"`);
    expect(body.startsWith('%PDF-')).toBe(true);
  });

  it.each(['html', 'pdf'])(
    'do not know the %s of an invoice that is not there or not the caller’s',
    async (kind) => {
      const unknown = `/api/v1/invoices/00000000-0000-4000-8000-000000000000/${kind}`;
      const foreign = await world.usage.caller('reader', ['project:somebody-else']);
      for (const answer of [
        await world.admin.get<{ code: string }>(unknown),
        await foreign.get<{ code: string }>(`/api/v1/invoices/${id}/${kind}`),
      ]) {
        expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
      }
      expect((await world.admin.get(`/api/v1/invoices/nothing/${kind}`)).status).toBe(400);
    },
  );
});
