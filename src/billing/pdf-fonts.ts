import { create, type Font } from 'fontkit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../platform/package-root';

export type Weight = 'regular' | 'bold';

/** What a font has to tell to be chosen. */
export type Glyphs = Pick<Font, 'hasGlyphForCodePoint'>;

/** Drawn where no font has the character. */
export const MISSING = '\u25a1';

/** The fonts a PDF is written with: those that come with the program, and one that the installation may add. */
export class PdfFonts {
  private constructor(readonly faces: Readonly<Record<Weight, readonly Font[]>>) {}

  /** Throws naming the file that is no font. `added` is a path of a TrueType or OpenType file; collections are refused. */
  static load(added: string | null): PdfFonts {
    const more = added === null ? [] : [fontOf(added)];
    const own = (file: string): Font => fontOf(join(packageRoot(), 'fonts', file));
    return new PdfFonts({
      regular: [own('DejaVuSansCondensed.ttf'), ...more],
      bold: [own('DejaVuSansCondensed-Bold.ttf'), ...more],
    });
  }
}

function fontOf(path: string): Font {
  try {
    const font = create(readFileSync(path));
    if ('layout' in font) return font;
  } catch (error) {
    throw new Error(
      `${path} cannot be used as a font: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new Error(`${path} is a collection of fonts; name a file with one`);
}

/**
 * The first of the fonts that has every character of the text, by its place, and the text as it can be drawn: where none has
 * all of them it is the first one, with a box for each character it lacks.
 */
export function fitted(text: string, fonts: readonly Glyphs[]): { place: number; text: string } {
  const isWhole = (font: Glyphs): boolean =>
    Array.from(text).every((character) => font.hasGlyphForCodePoint(character.codePointAt(0)!));
  const place = fonts.findIndex(isWhole);
  if (place >= 0) return { place, text };
  const [first] = fonts;
  const boxed = Array.from(text, (character) =>
    first!.hasGlyphForCodePoint(character.codePointAt(0)!) ? character : MISSING,
  );
  return { place: 0, text: boxed.join('') };
}
