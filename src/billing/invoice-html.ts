import { createHash } from 'node:crypto';
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
import { html, Markup } from './markup';

const STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 52rem; padding: 2rem; color: #1a1a1a; background: #fff;
  font: 15px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; overflow-wrap: break-word; }
header, .parties { display: flex; justify-content: space-between; gap: 2rem; align-items: flex-start; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 0 0 .25rem; font-size: .8rem; font-weight: 600; color: #666; }
p { margin: 0; }
.stamp { border: 2px solid currentColor; border-radius: .25rem; padding: .1rem .6rem; font-weight: 700; letter-spacing: .08em; }
.draft, .void, .uncollectible { color: #b3261e; }
.paid { color: #1b6e3c; }
.parties { margin: 1.75rem 0; }
.parties > section { flex: 1; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: #666; }
dd { margin: 0; text-align: right; overflow-wrap: break-word; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; }
th { font-weight: 600; }
thead th { color: #666; font-size: .8rem; border-bottom: 1px solid #888; }
td:first-child, section { overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.group th { background: #f4f4f4; }
.part { color: #666; font-size: .85rem; }
.sums { width: auto; min-width: 50%; margin: 1rem 0 0 auto; }
.sums th { font-weight: 400; }
.sums .total th, .sums .total td, .sums .due th, .sums .due td { font-weight: 700; }
footer { margin-top: 2.5rem; color: #666; font-size: .85rem; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } thead { display: table-header-group; }
  tr { break-inside: avoid; } }
`;

/** What a browser may do with the page: show it with the one style it brings along. No script, no picture, no form, no frame. */
export const INVOICE_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const STYLE_ELEMENT = new Markup(`<style>${STYLE}</style>`);

/** The invoice as one page that loads nothing; every text in it is escaped. */
export function invoiceHtml(document: InvoiceDocument): string {
  const { status, buyer, seller } = document;
  const stamp = stampOf(document);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${titleOf(document)}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>${titleOf(document)}</h1>
          ${stamp && html`<p class="stamp ${status}">${stamp}</p>`}
        </header>
        <div class="parties">
          ${sellerHtml(seller)}
          <section>
            <h2>Billed to</h2>
            <p><bdi>${buyer.name ?? buyer.key}</bdi></p>
            ${buyer.name && html`<p>${buyer.key}</p>`}
          </section>
          <dl>
            ${headFacts(document).map(
              ([name, value]) =>
                html`<dt>${name}</dt>
                  <dd>${value}</dd>`,
            )}
          </dl>
        </div>
        ${linesHtml(document)} ${sumsHtml(document)} ${footHtml(seller)}
      </body>
    </html> `;
  return page.text;
}

function sellerHtml({ name, address, taxId }: Seller): Markup | null {
  if (name === '' && address.length === 0 && taxId === '') return null;
  const lines = [name, ...address, taxId && `Tax id ${taxId}`].filter((line) => line !== '');
  return html`<section>
    <h2>From</h2>
    ${lines.map((line) => html`<p><bdi>${line}</bdi></p>`)}
  </section>`;
}

function footHtml({ footer }: Seller): Markup | null {
  if (footer.length === 0) return null;
  return html`<footer>${footer.map((line) => html`<p>${line}</p>`)}</footer>`;
}

function linesHtml({ groups, currency }: InvoiceDocument): Markup {
  if (currency === null) return html`<p>${NO_AMOUNTS}</p>`;
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Description</th>
        <th scope="col" class="number">Quantity</th>
        <th scope="col" class="number">Unit price</th>
        <th scope="col" class="number">Amount (${currency})</th>
      </tr>
    </thead>
    ${groups.map(groupHtml)}
  </table>`;
}

function groupHtml(group: DocumentGroup): Markup {
  return html`<tbody>
    <tr class="group">
      <th colspan="4" scope="rowgroup">${groupTitle(group)}</th>
    </tr>
    ${group.lines.map(lineHtml)}
  </tbody> `;
}

function lineHtml({ description, part, quantity, unitPrice, amount }: DocumentLine): Markup {
  const days = part && html`<p class="part">${daysText(part)}</p>`;
  return html`<tr>
    <td><bdi>${description}</bdi>${days}</td>
    <td class="number">${quantity}</td>
    <td class="number">${unitPrice}</td>
    <td class="number">${amount}</td>
  </tr> `;
}

function sumsHtml({ sums, currency }: InvoiceDocument): Markup | null {
  if (sums.length === 0) return null;
  return html`<table class="sums">
    ${sums.map((sum) => sumHtml(sum, currency))}
  </table>`;
}

function sumHtml({ kind, label, amount }: DocumentSum, currency: string | null): Markup {
  const unit = kind === 'due' ? ` ${currency ?? ''}` : '';
  return html`<tr class="${kind}">
    <th scope="row"><bdi>${label}</bdi></th>
    <td class="number">${amount}${unit}</td>
  </tr> `;
}
