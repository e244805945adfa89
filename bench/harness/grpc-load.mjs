import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BENCH } from './paths.mjs';

const run = promisify(execFile);

/** Unary calls of one event each for so many seconds: 8 connections with 8 calls under way on each, in a process of its own. */
export async function grpcLoad({ address, key, seconds }) {
  const load = { address, key, seconds, connections: 8, callsEach: 8 };
  const { stdout } = await run(process.execPath, [join(BENCH, 'load', 'grpc.mjs'), JSON.stringify(load)]);
  return JSON.parse(/RESULT (\{.*\})/.exec(stdout)[1]);
}
