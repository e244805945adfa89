import { closeSync, openSync, writeSync } from 'node:fs';

const BUFFERED = 65_536;

/**
 * The machine-readable report of an import: one object per row to look at, then the summary. A name that ends in `.json`
 * makes one JSON document, `{"rows": […], "summary": {…}}`; any other one JSON object a line. Written as it comes, so
 * that a million bad rows need no memory.
 */
export class ReportFile {
  readonly #file: number;
  readonly #isDocument: boolean;
  #rows = 0;
  #text = '';

  /** Throws when the file cannot be written. */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
    this.#isDocument = path.endsWith('.json');
    if (this.#isDocument) this.#text = '{"rows":[';
  }

  row(row: object): void {
    const separator = !this.#isDocument ? '' : this.#rows === 0 ? '\n' : ',\n';
    this.#text += separator + JSON.stringify(row) + (this.#isDocument ? '' : '\n');
    this.#rows++;
    if (this.#text.length >= BUFFERED) this.#flush();
  }

  close(summary: object): void {
    this.#text += this.#isDocument
      ? `\n],"summary":${JSON.stringify(summary)}}\n`
      : `${JSON.stringify({ summary })}\n`;
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#text);
    this.#text = '';
  }
}
