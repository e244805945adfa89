import { SingleBar } from 'cli-progress';

/** How far an import is. */
export interface Progress {
  update(bytesRead: number, rows: number): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** A bar where somebody watches, else a plain line every few seconds; on standard error, apart from what is printed. */
export function importProgress(size: number, terminal: NodeJS.WriteStream = process.stderr): Progress {
  return terminal.isTTY ? barOn(terminal, size) : linesOn(terminal, size);
}

function barOn(stream: NodeJS.WriteStream, size: number): Progress {
  const format = '{bar} {percentage} %  {rows} rows  {eta_formatted} left';
  const bar = new SingleBar({ stream, format, hideCursor: true, clearOnComplete: true, etaBuffer: 50 });
  bar.start(Math.max(size, 1), 0, { rows: '0' });
  return {
    update: (bytesRead, rows) => bar.update(bytesRead, { rows: rows.toLocaleString('en') }),
    stop: () => bar.stop(),
  };
}

function linesOn(stream: NodeJS.WriteStream, size: number): Progress {
  let next = performance.now() + LINE_EVERY_MS;
  return {
    update(bytesRead, rows) {
      if (performance.now() < next) return;
      next = performance.now() + LINE_EVERY_MS;
      const percent = Math.floor((bytesRead / Math.max(size, 1)) * 100);
      stream.write(`${rows.toLocaleString('en')} rows, ${percent} %\n`);
    },
    stop: () => undefined,
  };
}
