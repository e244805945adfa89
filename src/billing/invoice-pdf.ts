import { setImmediate } from 'node:timers/promises';
import {
  daysText,
  type DocumentGroup,
  type DocumentLine,
  type DocumentSum,
  groupTitle,
  headFacts,
  type InvoiceDocument,
  NO_AMOUNTS,
  type Seller,
  stampOf,
  titleOf,
} from './invoice-document';
import type { PdfFonts } from './pdf-fonts';
import { LEFT, PALE, PdfSheet, type Style, WIDTH } from './pdf-sheet';

const HAIR = '#dddddd';
const GAP = 4;
const RIGHT = LEFT + WIDTH;
/** Lines drawn before others get a turn: a page or so, some milliseconds. */
const LINES_AT_ONCE = 25;

/** There is no room for more. */
const FOOT_LINES = 4;

const COLUMN = {
  description: { x: LEFT, width: 226 },
  quantity: { x: LEFT + 232, width: 88, align: 'right' },
  unitPrice: { x: LEFT + 326, width: 98, align: 'right' },
  amount: { x: LEFT + 430, width: RIGHT - LEFT - 430, align: 'right' },
} as const satisfies Record<string, Style>;

const STAMP_COLORS: Readonly<Record<string, string>> = { paid: '#1b6e3c' };
const WATERMARKED = ['draft', 'void'];

/** The invoice as a PDF. The same invoice and the same fonts give the same bytes. */
export async function invoicePdf(document: InvoiceDocument, fonts: PdfFonts): Promise<Buffer> {
  const { seller } = document;
  const facts = {
    title: titleOf(document),
    author: seller.name,
    subject: document.id,
    madeAt: document.madeAt,
  };
  const sheet = new PdfSheet(fonts, facts, (page, number) => drawPageHead(page, number, document));
  drawHead(sheet, document);
  await drawLines(sheet, document);
  drawSums(sheet, document);
  return sheet.finish((page, pages) => drawFoot(sheet, document, `Page ${page} of ${pages}`));
}

function drawPageHead(sheet: PdfSheet, number: number, document: InvoiceDocument): void {
  if (WATERMARKED.includes(document.status)) sheet.watermark(stampOf(document)!);
  if (number === 1) return;
  sheet.line(titleOf(document), { color: PALE });
  sheet.y += GAP;
}

function drawFoot(sheet: PdfSheet, document: InvoiceDocument, pages: string): void {
  sheet.rule(HAIR);
  sheet.y += GAP;
  sheet.text(pages, { size: 8, color: PALE, align: 'right' });
  for (const line of document.seller.footer.slice(0, FOOT_LINES)) {
    // One line each: a foot that grows would leave the page.
    sheet.text(line, { size: 8, color: PALE, width: WIDTH - 90, maxLines: 1 });
    sheet.y += 12;
  }
}

function drawHead(sheet: PdfSheet, document: InvoiceDocument): void {
  const stamp = stampOf(document);
  const color = STAMP_COLORS[document.status] ?? '#b3261e';
  if (stamp !== null) sheet.text(stamp, { size: 14, weight: 'bold', color, align: 'right' });
  sheet.line(titleOf(document), { size: 18, weight: 'bold', width: WIDTH - 140 });
  sheet.y += 16;
  const top = sheet.y;
  const { name, key } = document.buyer;
  const columns = [
    drawParty(sheet, 'From', { x: LEFT, lines: sellerLines(document.seller) }),
    drawParty(sheet, 'Billed to', { x: LEFT + 165, lines: name === null ? [key] : [name, key] }),
    drawFacts(sheet, headFacts(document)),
  ].map((draw) => {
    sheet.y = top;
    draw();
    return sheet.y;
  });
  sheet.y = Math.max(...columns) + 20;
}

const sellerLines = ({ name, address, taxId }: Seller): string[] =>
  [name, ...address, taxId && `Tax id ${taxId}`].filter((line) => line !== '');

function drawParty(sheet: PdfSheet, title: string, { x, lines }: { x: number; lines: string[] }): () => void {
  return () => {
    if (lines.length === 0) return;
    sheet.line(title, { x, width: 155, size: 8, weight: 'bold', color: PALE });
    sheet.y += 2;
    for (const line of lines) sheet.line(line, { x, width: 155, maxLines: 6 });
  };
}

function drawFacts(sheet: PdfSheet, facts: readonly [string, string][]): () => void {
  return () => {
    for (const [name, value] of facts) {
      sheet.text(name, { x: LEFT + 330, width: 50, color: PALE });
      sheet.line(value, { x: LEFT + 382, width: RIGHT - LEFT - 382, align: 'right' });
    }
  };
}

async function drawLines(sheet: PdfSheet, { groups, currency }: InvoiceDocument): Promise<void> {
  if (currency === null) {
    sheet.line(NO_AMOUNTS);
    return;
  }
  drawColumnHeads(sheet, currency);
  let drawn = 0;
  for (const group of groups) {
    drawGroupHead(sheet, group, currency);
    for (const line of group.lines) {
      drawLine(sheet, line, currency);
      if (++drawn % LINES_AT_ONCE === 0) await setImmediate();
    }
  }
}

function drawColumnHeads(sheet: PdfSheet, currency: string): void {
  const style: Style = { size: 8, weight: 'bold', color: PALE };
  sheet.text('Description', { ...COLUMN.description, ...style });
  sheet.text('Quantity', { ...COLUMN.quantity, ...style });
  sheet.text('Unit price', { ...COLUMN.unitPrice, ...style });
  sheet.line(`Amount (${currency})`, { ...COLUMN.amount, ...style });
  sheet.y += GAP;
  sheet.rule(PALE);
  sheet.y += GAP;
}

function drawGroupHead(sheet: PdfSheet, group: DocumentGroup, currency: string): void {
  const style: Style = { x: LEFT + GAP, width: WIDTH - 2 * GAP, weight: 'bold' };
  const height = sheet.height(groupTitle(group), style) + 2 * GAP;
  // A title alone at the end of a page would belong to nothing.
  if (sheet.need(height + 30)) drawColumnHeads(sheet, currency);
  sheet.band(height, '#f4f4f4');
  sheet.y += GAP;
  sheet.line(groupTitle(group), style);
  sheet.y += 2 * GAP;
}

function drawLine(sheet: PdfSheet, line: DocumentLine, currency: string): void {
  const part = line.part && daysText(line.part);
  const small: Style = { ...COLUMN.description, size: 8, color: PALE };
  const numbers = [
    [line.quantity ?? '', COLUMN.quantity],
    [line.unitPrice ?? '', COLUMN.unitPrice],
    [line.amount, COLUMN.amount],
  ] as const;
  const words = sheet.height(line.description, COLUMN.description);
  const tallest = Math.max(
    words + (part === null ? 0 : sheet.height(part, small)),
    ...numbers.map(([text, style]) => sheet.height(text, style)),
  );
  if (sheet.need(tallest + 2 * GAP)) drawColumnHeads(sheet, currency);
  const top = sheet.y;
  for (const [text, style] of numbers) sheet.text(text, style);
  sheet.line(line.description, COLUMN.description);
  if (part !== null) sheet.text(part, small);
  sheet.y = top + tallest + GAP;
  sheet.rule(HAIR);
  sheet.y += GAP;
}

const STRONG: readonly DocumentSum['kind'][] = ['total', 'due'];

function drawSums(sheet: PdfSheet, { sums, currency }: InvoiceDocument): void {
  sheet.y += 2 * GAP;
  for (const { kind, label, amount } of sums) {
    const weight = STRONG.includes(kind) ? 'bold' : 'regular';
    const style: Style = { x: LEFT + 180, width: 210, weight, maxLines: 3 };
    sheet.need(sheet.height(label, style) + GAP);
    const unit = kind === 'due' ? ` ${currency ?? ''}` : '';
    const top = sheet.y;
    const x = LEFT + 396;
    const right = sheet.text(`${amount}${unit}`, { x, width: RIGHT - x, weight, align: 'right' });
    sheet.y = top + Math.max(right, sheet.text(label, style)) + GAP;
  }
}
