import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Something of the machine that a test needs and not every machine has. */
export interface Means {
  readonly name: string;
  isThere(): boolean;
}

/** The right to mount a small file system, for disks that run full. */
export const MOUNT: Means = {
  name: 'the right to mount a tmpfs (root)',
  isThere: () => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
    const folder = mkdtempSync(join(tmpdir(), 'means-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
    if (mounted) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
    return mounted;
  },
};

/** A tracer that lets system calls of another process fail. */
export const STRACE: Means = {
  name: 'strace with the right to trace',
  isThere: () =>
    process.platform === 'linux' &&
    spawnSync('strace', ['-qq', '-e', 'trace=none', '-e', 'inject=fsync:error=EIO', 'true']).status === 0,
};

/**
 * `it`, where the machine has what the test needs. Elsewhere the test is reported as skipped under a name that says what was
 * missing; with CI=true nothing is skipped, it runs and fails.
 */
export function itWith(means: Means): (name: string, test: () => Promise<void>, timeoutMs?: number) => void {
  if (process.env.CI === 'true' || means.isThere()) return it;
  return (name, test, timeoutMs) => it.skip(`${name} (needs ${means.name})`, test, timeoutMs);
}
