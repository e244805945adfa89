import { Counter } from 'prom-client';

/** Weights of lines by the words the original's logs have for them. */
const WORDS = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  fatal: 'fatal',
} as const;

export type LineLevel = keyof typeof WORDS;

const LEVELS = Object.keys(WORDS) as LineLevel[];

/** Of the whole process, as the library's registry is. */
const written = Object.fromEntries(LEVELS.map((level) => [level, 0])) as Record<LineLevel, number>;

/** Counts a line that is written. */
export function countLine(level: LineLevel): void {
  written[level] += 1;
}

export const LOG_LINES = 'gitpod_logs_total';

/** How many lines were written, by level. */
export function logLinesCounter(): Counter {
  return new Counter({
    ...{ name: LOG_LINES, help: 'Lines written to the log, by level', labelNames: ['level'] },
    collect(this: Counter) {
      this.reset();
      for (const level of LEVELS) this.inc({ level: WORDS[level] }, written[level]);
    },
  });
}
