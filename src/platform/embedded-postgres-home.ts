import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binariesIn, completeLinks, type PostgresBinaries } from './embedded-postgres-binaries';

/** Debian's and everybody's `nobody`. Postgres refuses root, and a uid without an entry in passwd. */
const NOBODY = { uid: 65534, gid: 65534 };

/** Who runs Postgres; undefined = whoever runs Node. */
export type PostgresUser = { readonly uid: number; readonly gid: number } | undefined;

/** Where the embedded Postgres lives and with what, all of it reachable for the user it runs as. */
export interface PostgresHome {
  readonly user: PostgresUser;
  /** The folder of the cluster, created and owned by the user. */
  readonly dir: string;
  readonly binaries: PostgresBinaries;
  /** Sentences for the boot log, when something is not where one would look for it. */
  readonly notes: readonly string[];
}

/** The user for Postgres: an unprivileged one when Node runs as root. */
export function postgresUser(): PostgresUser {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/**
 * Prepares the home below `dataDir`, or in a folder of the system when `nobody` cannot get there (a checkout below root's
 * home, which is closed to others). An ephemeral home is always a fresh folder below the system's temporary one.
 */
export function preparePostgresHome(
  dataDir: string,
  binaries: PostgresBinaries,
  ephemeral: boolean,
): PostgresHome {
  const user = postgresUser();
  const notes: string[] = [];
  const reachable = prepareBinaries(binaries, user, notes);
  if (ephemeral) {
    const dir = mkdtempSync(join(tmpdir(), 'tallyhouse-'));
    own(dir, user);
    return { user, dir, binaries: reachable, notes };
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  if (mayUse(dataDir, user))
    return { user, dir: ownedFolder(join(dataDir, 'postgres'), user), binaries: reachable, notes };
  const elsewhere = systemFolder(createHash('sha256').update(dataDir).digest('hex').slice(0, 12), user);
  const dir = ownedFolder(join(elsewhere, 'postgres'), user);
  notes.push(`${dataDir} is closed to the unprivileged user Postgres runs as; its data is kept in ${dir}`);
  return { user, dir, binaries: reachable, notes };
}

/** Hands a file or folder to the user Postgres runs as. */
export function own(path: string, user: PostgresUser): void {
  if (user) chownSync(path, user.uid, user.gid);
}

/** The programs where `user` can run them: in place, or copied once to a folder of the system. */
function prepareBinaries(binaries: PostgresBinaries, user: PostgresUser, notes: string[]): PostgresBinaries {
  if (mayUse(join(binaries.native, 'bin'), user)) {
    completeLinks(binaries.native);
    return binaries;
  }
  const version = createHash('sha256').update(binaries.native).digest('hex').slice(0, 12);
  const copy = join(systemFolder('programs', user), version);
  if (!existsSync(copy)) copyPrograms(binaries.native, copy);
  notes.push(`The Postgres programs were copied to ${copy}, where its unprivileged user can run them`);
  return binariesIn(copy);
}

/** Copies under another name first, so that an interrupted copy is never taken for a whole one. */
function copyPrograms(native: string, copy: string): void {
  const unfinished = mkdtempSync(`${copy}-`);
  const target = join(unfinished, 'native');
  cpSync(native, target, { recursive: true, verbatimSymlinks: true });
  completeLinks(target);
  renameSync(target, copy);
  rmSync(unfinished, { recursive: true });
}

/** `/var/lib` outlives a restart of the machine, the temporary folder may not: it is only the second choice. */
function systemFolder(name: string, user: PostgresUser): string {
  for (const base of ['/var/lib/tallyhouse', join(tmpdir(), 'tallyhouse')]) {
    const folder = join(base, name);
    if (makeFolder(folder) && isOurs(base) && isOurs(folder) && mayUse(folder, user)) return folder;
  }
  throw new Error(
    'No folder was found that the unprivileged user of the embedded Postgres can reach; set DATA_DIR or DATABASE_URL',
  );
}

function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    return true;
  } catch {
    return false;
  }
}

/** A folder somebody else made under a name we could be expected to use is not to be trusted with data or programs. */
function isOurs(folder: string): boolean {
  return lstatSync(folder).uid === process.getuid?.();
}

function ownedFolder(dir: string, user: PostgresUser): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  own(dir, user);
  return dir;
}

/** Asks the system itself, as the user in question, whether the folder can be entered: modes alone do not tell of ACLs. */
function mayUse(folder: string, user: PostgresUser): boolean {
  if (!user) return true;
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user, cwd: '/', env: {} }).status === 0;
}
