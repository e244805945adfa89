import PDFDocument from 'pdfkit';
import { fitted, type PdfFonts, type Weight } from './pdf-fonts';

/** A4, in points. */
const PAGE = { width: 595.28, height: 841.89 };
const MARGIN = 48;
/** What the foot of a page takes. */
const FOOT = 52;
export const LEFT = MARGIN;
export const WIDTH = PAGE.width - 2 * MARGIN;
const BOTTOM = PAGE.height - MARGIN - FOOT + 8;
/** No text is taller than a page; what does not fit ends with an ellipsis. */
const TALLEST = BOTTOM - 3 * MARGIN;

const LINE_GAP = 1;

const INK = '#1a1a1a';
export const PALE = '#666666';

/** How a text is drawn: where, how wide (it wraps), and in what. Points. */
export interface Style {
  readonly x?: number;
  readonly width?: number;
  readonly size?: number;
  readonly weight?: Weight;
  readonly color?: string;
  readonly align?: 'left' | 'right';
  /** What does not fit ends with an ellipsis. */
  readonly maxLines?: number;
}

/** What a file says of itself. The same facts and the same pages are the same bytes. */
export interface FileFacts {
  readonly title: string;
  readonly author: string;
  readonly subject: string;
  readonly madeAt: Date;
}

/** Pages that are written from the top down. Everything is placed by us: the library never turns a page by itself. */
export class PdfSheet {
  /** Where the next text begins. */
  y = MARGIN;
  readonly #file: PDFKit.PDFDocument;
  readonly #bytes: Promise<Buffer>;

  constructor(
    private readonly fonts: PdfFonts,
    { title, author, subject, madeAt }: FileFacts,
    /** Draws what every page begins with. */
    private readonly onPage: (sheet: PdfSheet, page: number) => void,
  ) {
    this.#file = new PDFDocument({
      ...{ size: [PAGE.width, PAGE.height], margin: 0, autoFirstPage: false, bufferPages: true },
      // From 1.4 on the library adds XML metadata in which it escapes nothing: a seller called A & B would break it.
      ...{ pdfVersion: '1.3', lang: 'en', displayTitle: true },
      info: {
        ...{ Title: title, Author: author, Subject: subject },
        ...{ Producer: 'Tallyhouse', Creator: 'Tallyhouse', CreationDate: madeAt },
      },
    });
    this.#bytes = collected(this.#file);
    for (const [weight, faces] of Object.entries(fonts.faces)) {
      // The library takes fonts that were read before; its types do not know that yet.
      faces.forEach((face, i) => this.#file.registerFont(`${weight} ${i}`, face as unknown as Buffer));
    }
    this.turn();
  }

  /** Begins a new page. */
  turn(): void {
    this.#file.addPage();
    this.y = MARGIN;
    this.onPage(this, this.#file.bufferedPageRange().count);
  }

  /** Begins a new page unless so much height is left on this one; true when it did. */
  need(height: number): boolean {
    if (this.y + height <= BOTTOM) return false;
    this.turn();
    return true;
  }

  /** Draws a text at `y` and leaves `y` where it is; answers with its height. */
  text(text: string, style: Style = {}): number {
    const height = this.height(text, style);
    const { x = LEFT, color = INK } = style;
    this.#file
      .fillColor(color)
      .text(this.#choose(text, style), x, this.y, { ...boxOf(style), height: height + 1, ellipsis: true });
    return height;
  }

  /** The same, and moves `y` below it. */
  line(text: string, style: Style = {}): void {
    this.y += this.text(text, style);
  }

  height(text: string, style: Style = {}): number {
    const height = this.#file.heightOfString(this.#choose(text, style), boxOf(style));
    // The library cuts a text between two lines only where its height is one of whole lines.
    const step = this.#file.currentLineHeight(true) + LINE_GAP;
    const tallest = (style.maxLines ?? Math.floor(TALLEST / step)) * step;
    return Math.min(height, tallest);
  }

  rule(color: string, weight = 0.5): void {
    this.#file
      .moveTo(LEFT, this.y)
      .lineTo(LEFT + WIDTH, this.y)
      .lineWidth(weight)
      .strokeColor(color)
      .stroke();
  }

  band(height: number, color: string): void {
    this.#file.rect(LEFT, this.y, WIDTH, height).fill(color);
  }

  /** A word across the page, behind what comes after it. */
  watermark(word: string): void {
    const [x, y] = [PAGE.width / 2, PAGE.height / 2];
    this.#file
      .save()
      .rotate(-40, { origin: [x, y] })
      .font('bold 0', 110)
      .fillColor('#f3dcda')
      .text(word, 0, y - 60, { width: PAGE.width, align: 'center', lineBreak: false })
      .restore();
  }

  /** Draws the foot of every page, now that their number is known, and answers with the file. */
  finish(foot: (page: number, pages: number) => void): Promise<Buffer> {
    const { count } = this.#file.bufferedPageRange();
    for (let i = 0; i < count; i++) {
      this.#file.switchToPage(i);
      this.y = BOTTOM + MARGIN / 4;
      foot(i + 1, count);
    }
    this.#file.end();
    return this.#bytes;
  }

  #choose(text: string, { weight = 'regular', size = 9 }: Style): string {
    const { place, text: drawn } = fitted(text, this.fonts.faces[weight]);
    this.#file.font(`${weight} ${place}`, size);
    return drawn;
  }
}

const boxOf = ({ width = WIDTH, align = 'left' }: Style) => ({ width, align, lineGap: LINE_GAP });

function collected(file: PDFKit.PDFDocument): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    file.on('data', (chunk: Buffer) => chunks.push(chunk));
    file.on('end', () => resolve(Buffer.concat(chunks)));
    file.on('error', reject);
  });
}
