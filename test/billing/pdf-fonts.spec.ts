import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fitted, MISSING, PdfFonts } from '../../src/billing/pdf-fonts';

/** A font that has these characters and no others. */
const having = (characters: string) => ({
  hasGlyphForCodePoint: (code: number) => characters.includes(String.fromCodePoint(code)),
});
const [latin, japanese] = [having('abc \u{1f600}'), having('abc日本')];

describe('a text', () => {
  it.each([
    ['abc', 0, 'abc'],
    ['日本 ', 0, `${MISSING}${MISSING} `],
    ['a日本', 1, 'a日本'],
    // One character of two code units is one box, or none.
    ['\u{1f600}', 0, '\u{1f600}'],
    ['\u{1f601}', 0, MISSING],
    ['', 0, ''],
  ])('%j is drawn with the first font that has all of it', (text, place, drawn) => {
    expect(fitted(text, [latin, japanese])).toEqual({ place, text: drawn });
  });
});

describe('the fonts', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'fonts-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('that come with the program write Europe, and no Chinese', () => {
    for (const [font] of Object.values(PdfFonts.load(null).faces)) {
      const has = (character: string): boolean => font!.hasGlyphForCodePoint(character.codePointAt(0)!);
      expect([...'éßŁğΩЖї€₹₽…−□'].filter((character) => !has(character))).toEqual([]);
      expect([...'日กक가'].filter(has)).toEqual([]);
    }
  });

  it('are refused by name when they are none', () => {
    const path = join(folder, 'none.ttf');
    writeFileSync(path, 'not a font');
    expect(() => PdfFonts.load(path)).toThrow(`${path} cannot be used as a font`);
    expect(() => PdfFonts.load(join(folder, 'missing.ttf'))).toThrow('cannot be used as a font');
  });
});
