import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

interface KillProof {
  readonly kills: number;
  readonly faults: Readonly<Record<'app' | 'postgres' | 'both' | 'checkpoint' | 'recovery', number>>;
  readonly recoveryMsMedian: number;
  readonly withoutAnswer: number;
  readonly corrections: number;
  readonly acknowledged: number;
  readonly stored: number;
  readonly lost: number;
  readonly doubled: number;
  readonly unknown: number;
  readonly broken: Record<string, unknown>;
  readonly wrong: readonly unknown[];
  readonly crashes: readonly unknown[];
}

const ROOT = resolve(__dirname, '..', '..');

/** The same program as `npm run proof:faults`, smaller, on the sources; its last line is the result as JSON. */
function proveKills(args: readonly string[]): Promise<KillProof> {
  return new Promise((done, failed) => {
    const program = ['test/proofs/faults.mjs', '--json', '--source', ...args];
    const child = spawn(process.execPath, program, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', () => {
      const last = output
        .split('\n')
        .reverse()
        .find((line) => line.startsWith('{"seed"'));
      if (last === undefined) failed(new Error(`the proof ended without a result:\n${output}`));
      else done((JSON.parse(last) as { kills: KillProof }).kills);
    });
  });
}

let proof: KillProof;

beforeAll(async () => {
  proof = await proveKills(['--kills', '20', '--events', '20000']);
}, 400_000);

describe('kill -9 under load, twenty times', () => {
  it('cuts clients off in the middle of what they asked for', () => {
    expect(proof.faults).toEqual({ app: 6, postgres: 3, both: 5, checkpoint: 5, recovery: 1 });
    expect(proof.kills).toBe(20);
    expect(proof.withoutAnswer).toBeGreaterThan(20);
    expect(proof.acknowledged).toBeGreaterThanOrEqual(20_000);
  });

  it('row 1: of the service: nothing that was acknowledged is lost', () => {
    expect([proof.lost, proof.acknowledged]).toEqual([0, proof.stored]);
  });

  it('row 2: of Postgres and its children: it is back by itself within seconds', () => {
    expect(proof.recoveryMsMedian).toBeLessThan(5_000);
  });

  it('row 3: of both at once: nothing is stored twice, and nothing that nobody sent', () => {
    expect([proof.doubled, proof.unknown]).toEqual([0, 0]);
  });

  it('row 5: what was not answered was sent again and heard yes, not now, or nothing at all', () => {
    expect(proof.wrong).toEqual([]);
    expect(proof.crashes).toEqual([]);
  });

  it('row 18: during a checkpoint and during recovery: counters, windows, days and levels equal their events', () => {
    expect(proof.broken).toEqual({});
  });
});
