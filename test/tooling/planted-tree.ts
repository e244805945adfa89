import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

/** A throw-away checkout with only the files a test plants, beside copies of the project's own configuration. */
export class PlantedTree {
  readonly folder = mkdtempSync(join(tmpdir(), 'tallyhouse-planted-'));

  /** Copies files or folders of the project to the same place in the tree. */
  copy(...paths: string[]): this {
    for (const path of paths) cpSync(join(ROOT, path), join(this.folder, path), { recursive: true });
    return this;
  }

  /** Makes the project's packages resolvable from the tree. */
  linkPackages(): this {
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
    return this;
  }

  plant(files: Readonly<Record<string, string>>): this {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
    return this;
  }

  /** Runs one of the project's installed commands in the tree and answers what it printed. */
  run(command: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return runIn(this.folder, [command, ...args]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs one of the project's installed commands, or a program by its absolute path, in a folder. */
export function runIn(folder: string, [command, ...args]: readonly [string, ...string[]], env = process.env) {
  const path = resolve(ROOT, 'node_modules', '.bin', command);
  const run = spawnSync(path, args, { cwd: folder, env, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}
