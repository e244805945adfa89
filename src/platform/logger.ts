import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream } from 'pino';
import type { Config } from './config';
import { countLine, type LineLevel } from './metrics-logs';

/** What a log line may carry beside its sentence; `err` is written with its stack. */
export interface LogFields {
  readonly correlation_id?: string;
  readonly err?: unknown;
  readonly [field: string]: unknown;
}

const HIDDEN = '[hidden]';

/**
 * Secrets by their look, wherever in a line they stand: our keys, provider keys, bearer tokens, passwords in addresses,
 * e-mail addresses. The last net, below never logging them on purpose.
 */
const SECRETS: readonly [RegExp, string][] = [
  [/\bth_[a-z2-9]{10}_[a-z2-9]+/g, HIDDEN],
  [/\b(?:[sr]k|whsec|pk)_[A-Za-z0-9_]{8,}/g, HIDDEN],
  [/\b(bearer +)[^\s"\\,]+/gi, `$1${HIDDEN}`],
  [/([a-z]+:\/\/[^:/\s"@]*:)[^@\s"]+@/gi, `$1${HIDDEN}@`],
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, HIDDEN],
];

/** Names under which a secret is never written, at the top of a line and one level below. */
const SECRET_FIELDS = [
  'authorization',
  'x-api-key',
  'apiKey',
  'api_key',
  'key',
  'secret',
  'password',
  'token',
  'cookie',
].flatMap((field) => [`["${field}"]`, `*["${field}"]`]);

/** Structured lines on standard output: one JSON object each, secrets hidden. */
export class Logger {
  readonly #lines: pino.Logger;

  constructor(config: Pick<Config, 'logLevel'>, destination?: DestinationStream) {
    const options: pino.LoggerOptions = {
      level: config.logLevel,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: HIDDEN },
      serializers: { err: errorFields },
      hooks: { streamWrite: hideSecrets },
    };
    // Synchronous, because the last lines before a crash are the ones somebody will look for.
    this.#lines = pino(options, destination ?? pino.destination({ fd: 1, sync: true }));
  }

  /** Whether lines of this weight are written at all; asked before an expensive one is put together. */
  writes(level: pino.Level): boolean {
    return this.#lines.isLevelEnabled(level);
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  #write(level: LineLevel, fields: LogFields, message: string): void {
    if (!this.#lines.isLevelEnabled(level)) return;
    countLine(level);
    this.#lines[level](fields, message);
  }
}

/** Nest's own messages as structured lines, a weight lower than it thinks: the wiring of a start interests nobody. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(nestFields(rest), textOf(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(nestFields(rest), textOf(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(nestFields(rest), textOf(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn(nestFields(rest), textOf(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error(
      { ...nestFields(rest), ...(message instanceof Error ? { err: message } : {}) },
      textOf(message),
    );
  }
}

/** Nest passes its context last and, with an error, a stack before it. */
function nestFields(rest: readonly unknown[]): LogFields {
  const texts = rest.filter((part): part is string => typeof part === 'string');
  const stack = texts.find((text) => text.includes('\n    at '));
  const context = texts.at(-1);
  return { ...(context === stack ? {} : { context }), ...(stack === undefined ? {} : { stack }) };
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message instanceof Error ? message.message : JSON.stringify(message);
}

/** The parts of an error that explain it; a driver's `detail`, which quotes rows, is not among them. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(cause === undefined ? {} : { cause: errorFields(cause) }),
  };
}

/** Takes everything that looks like a secret out of a finished line. */
export function hideSecrets(line: string): string {
  return SECRETS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
