import { inflateSync } from 'node:zlib';

/**
 * Reads back the PDFs that we write, and no others: objects one after the other, streams deflated, text as glyph numbers with
 * a table of what they mean.
 */
export class PdfText {
  readonly #objects = new Map<string, string>();

  constructor(readonly bytes: Buffer) {
    const all = bytes.toString('latin1');
    for (const [, id, body] of all.matchAll(/(?<=^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
      this.#objects.set(id!, body!);
    }
  }

  /** The texts of each page, in the order in which they were drawn; one for each line of the page. */
  pages(): string[][] {
    const [kids] = this.#find('/Type /Pages', /\/Kids \[([^\]]*)\]/);
    return [...kids!.matchAll(/(\d+) 0 R/g)].map(([, id]) => this.#page(this.#objects.get(id!)!));
  }

  /** Of the file itself, such as `Title`. */
  fact(name: string): string | undefined {
    const [id] = this.#find('/CreationDate', new RegExp(`/${name} (\\d+) 0 R`));
    return this.#objects.get(id ?? '')?.replace(/^\(|\)$/g, '');
  }

  #find(holds: string, pattern: RegExp): string[] {
    const object = [...this.#objects.values()].find((body) => body.includes(holds) && pattern.test(body));
    return pattern.exec(object ?? '')?.slice(1) ?? [];
  }

  #page(page: string): string[] {
    const resources = this.#objects.get(/\/Resources (\d+)/.exec(page)![1]!)!;
    const fonts = new Map(
      [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, id]) => [name!, this.#meanings(id!)]),
    );
    const content = this.#stream(/\/Contents (\d+)/.exec(page)![1]!);
    return [...content.matchAll(/BT\n([\s\S]*?)\nET/g)].map(([, block]) => {
      const font = fonts.get(/\/(F\d+) [\d.]+ Tf/.exec(block!)![1]!)!;
      return [...block!.matchAll(/<([0-9a-f]+)>/g)]
        .flatMap(([, glyphs]) => glyphs!.match(/.{4}/g)!)
        .map((glyph) => font[parseInt(glyph, 16)])
        .join('');
    });
  }

  /** What each glyph of a font stands for, by its number. */
  #meanings(font: string): string[] {
    const table = this.#stream(/\/ToUnicode (\d+)/.exec(this.#objects.get(font)!)![1]!);
    const rows = [...table.matchAll(/<[0-9a-f]+> <[0-9a-f]+> \[([^\]]*)\]/g)];
    return rows.flatMap(([, row]) =>
      [...row!.matchAll(/<([0-9a-f ]+)>/g)].map(([, units]) => {
        const codes = units!.replaceAll(' ', '').match(/.{4}/g)!;
        return String.fromCharCode(...codes.map((code) => parseInt(code, 16)));
      }),
    );
  }

  #stream(id: string): string {
    const body = this.#objects.get(id)!;
    const start = body.indexOf('stream\n') + 'stream\n'.length;
    return inflateSync(Buffer.from(body.slice(start, body.lastIndexOf('\nendstream')), 'latin1')).toString(
      'latin1',
    );
  }
}
