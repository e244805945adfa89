import { isIP } from 'node:net';

/** How one variable is read. `parse` throws a sentence without the value in it: the value may be a secret. */
export interface Variable<T> {
  readonly parse: (text: string) => T;
  /** The value when the variable is not set. */
  readonly fallback: T;
  /** The value when it is set to nothing; without it, nothing counts as not set. */
  readonly whenEmpty?: T;
}

/** A value read, or the sentence that says what is wrong with it. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** Reads one variable; never throws. */
export function read<T>(variable: Variable<T>, text: string | undefined): Reading<T> {
  if (text === undefined) return { value: variable.fallback };
  if (text.trim() === '') return { value: 'whenEmpty' in variable ? variable.whenEmpty! : variable.fallback };
  try {
    return { value: variable.parse(text.trim()) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Any text. */
export function text<T extends string | null>(fallback: T): Variable<string | T> {
  return { fallback, parse: (value) => value };
}

/** Text of several lines, parted by line breaks or by the two characters `\n`, which fit into one line of a file. */
export function lines(): Variable<readonly string[]> {
  return {
    fallback: [],
    parse: (value) =>
      value
        .split(/\r?\n|\\n/)
        .map((line) => line.trim())
        .filter((line) => line !== ''),
  };
}

/** A name or address to listen on. */
export function host(fallback: string): Variable<string> {
  return { fallback, parse: parseHost };
}

/** A name or address of another machine. */
export function hostOrNone(): Variable<string | null> {
  return { fallback: null, parse: parseHost };
}

function parseHost(value: string): string {
  if (isIP(value) === 0 && !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value))
    throw new Error('must be a host name or an IP address');
  return value;
}

/** A whole number within the bounds. */
export function integer<T extends number | null>(
  fallback: T,
  bounds: { min: number; max: number },
): Variable<number | T> {
  return {
    fallback,
    parse: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (!(number >= bounds.min && number <= bounds.max))
        throw new Error(`must be a whole number from ${bounds.min} to ${bounds.max}`);
      return number;
    },
  };
}

/** A TCP port. */
export function port<T extends number | null>(fallback: T): Variable<number | T> {
  return integer(fallback, { min: 1, max: 65535 });
}

/** A TCP port, in a name that Kubernetes sets to `tcp://…` beside a service it has: that counts as not set. */
export function portBesideServices(): Variable<number | null> {
  const own = port(null);
  return { ...own, parse: (value) => (value.startsWith('tcp://') ? null : own.parse(value)) };
}

/** A plain decimal of at least zero with at most 15 places, kept as text. */
export function decimal(fallback: string): Variable<string> {
  return {
    fallback,
    parse: (value) => {
      if (!/^\d{1,23}(\.\d{1,15})?$/.test(value)) throw new Error('must be a plain decimal such as 0.25');
      return value;
    },
  };
}

/** true/false in the spellings people use. */
export function flag(fallback: boolean): Variable<boolean>;
export function flag(fallback: null): Variable<boolean | null>;
export function flag(fallback: boolean | null): Variable<boolean | null> {
  return {
    fallback,
    parse: (value) => {
      if (/^(true|1|yes|on)$/i.test(value)) return true;
      if (/^(false|0|no|off)$/i.test(value)) return false;
      throw new Error('must be true or false');
    },
  };
}

/** One of the listed words. */
export function choice<const T extends string>(fallback: NoInfer<T>, words: readonly T[]): Variable<T> {
  return {
    fallback,
    parse: (value) => {
      const word = words.find((candidate) => candidate === value);
      if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`);
      return word;
    },
  };
}

const SIZE_UNIT = {
  B: 1,
  kB: 1024,
  KiB: 1024,
  MB: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1024 ** 3,
  GiB: 1024 ** 3,
} as const;

/** A size such as 512MB in bytes, binary units as Postgres reads them. */
export function size(fallback: string, bounds: { min: string; max: string }): Variable<number> {
  const [min, max] = [parseSize(bounds.min), parseSize(bounds.max)];
  return {
    fallback: parseSize(fallback),
    parse: (value) => {
      const bytes = parseSize(value);
      if (bytes < min || bytes > max) throw new Error(`must be from ${bounds.min} to ${bounds.max}`);
      return bytes;
    },
  };
}

function parseSize(value: string): number {
  const match = /^(\d{1,9})(B|kB|KiB|MB|MiB|GB|GiB)$/.exec(value);
  if (!match) throw new Error('must be a size such as 512MB or 1MiB');
  return Number(match[1]) * SIZE_UNIT[match[2] as keyof typeof SIZE_UNIT];
}

/** An address with one of the schemes (`https:`); the value may hold a password and is never repeated. */
export function address(schemes: readonly string[]): Variable<string | null> {
  return {
    fallback: null,
    parse: (value) => {
      if (!URL.canParse(value) || !schemes.includes(new URL(value).protocol)) {
        throw new Error(
          `must be an address beginning with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
        );
      }
      return value;
    },
  };
}

/** Values out of sample files and compose files that are copied into production. */
const WELL_KNOWN =
  /^(change-?_?me|(secret|password|passw0rd|default|example|sample|test|dev|internal|your|insert|replace|todo|xxx+)([-_ .]|$)|<)/i;

/** A secret of at least `minBytes`, neither a well-known sample nor a repetition. The value is never repeated in a problem. */
export function secret(minBytes: number): Variable<string | null> {
  return {
    fallback: null,
    parse: (value) => {
      if (Buffer.byteLength(value) < minBytes) throw new Error(`must have at least ${minBytes} bytes`);
      if (WELL_KNOWN.test(value)) throw new Error('is a well-known sample value');
      if (new Set(value).size < 8) throw new Error('repeats too few different characters');
      return value;
    },
  };
}

/** Texts separated by commas, each beginning with the prefix. */
export function list(prefix: string): Variable<readonly string[]> {
  return {
    fallback: [],
    parse: (value) => {
      const items = value.split(',').map((item) => item.trim());
      if (items.some((item) => !item.startsWith(prefix) || item.length < prefix.length + 8)) {
        throw new Error(`must be one or more values beginning with ${prefix}, separated by commas`);
      }
      return items;
    },
  };
}

/** One or more certificates in PEM; in one line, the two characters `\n` stand for its breaks. */
export function certificate(): Variable<string | null> {
  return {
    fallback: null,
    parse: (value) => {
      const pem = value.replaceAll('\\n', '\n');
      if (!/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(pem))
        throw new Error('must be a certificate in PEM');
      return pem;
    },
  };
}

/** Whole numbers separated by commas, ascending and each once; nothing = none. */
export function integers(
  fallback: readonly number[],
  bounds: { min: number; max: number },
): Variable<readonly number[]> {
  const each = integer(0, bounds);
  return {
    fallback,
    whenEmpty: [],
    parse: (value) =>
      [...new Set(value.split(',').map((part) => each.parse(part.trim())))].sort((a, b) => a - b),
  };
}
