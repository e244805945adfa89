import { Writable } from 'node:stream';
import { importProgress } from '../../src/importers/import-progress';

/** A terminal that remembers what was written to it. */
function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const cursor = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true };
  return { stream: Object.assign(stream, { isTTY, columns: 100, ...cursor }) as never, written: () => text };
}

describe('the progress of an import', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is a bar where somebody watches', () => {
    const { stream, written } = terminal(true);
    const progress = importProgress(1_000, stream);
    progress.update(500, 1_234);
    progress.stop();
    expect(written()).toMatch(/50 % {2}1,234 rows/);
  });

  it('is a plain line every five seconds elsewhere', () => {
    const { stream, written } = terminal(false);
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    const progress = importProgress(1_000, stream);
    progress.update(100, 100);
    clock.mockReturnValue(5_000);
    progress.update(500, 12_345);
    progress.update(600, 13_000);
    progress.stop();
    expect(written()).toBe('12,345 rows, 50 %\n');
  });
});
