import { StreamableFile } from '@nestjs/common';
import type { InvoiceDocument } from './invoice-document';
import { invoiceHtml } from './invoice-html';

/** The page as an answer of a door. */
export function toRestInvoiceHtml(document: InvoiceDocument): StreamableFile {
  const bytes = Buffer.from(invoiceHtml(document));
  return new StreamableFile(bytes, { type: 'text/html; charset=utf-8', length: bytes.length });
}

/** The file as an answer of a door, to be shown where the browser can; saved, it is named after the invoice. */
export function toRestInvoicePdf(document: InvoiceDocument, bytes: Buffer): StreamableFile {
  const disposition = `inline; filename="${fileName(document)}"`;
  return new StreamableFile(bytes, { type: 'application/pdf', disposition, length: bytes.length });
}

/** A prefix of numbers may hold what a header or a file system does not take. */
function fileName({ id, number, status }: InvoiceDocument): string {
  const name = number === null ? `invoice-${status === 'draft' ? 'draft-' : ''}${id}` : number;
  return `${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '')}.pdf`;
}
