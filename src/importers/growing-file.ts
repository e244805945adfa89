import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnreadableFile } from './unreadable-file';

const CHUNK_BYTES = 262_144;
const PAUSE_MS = 300;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads a file and goes on as lines are appended to it, until the signal. Only whole lines come out: one that is being
 * written waits for its end, and is left out when the signal comes first. An empty chunk says that all there is has been
 * read. Throws UnreadableFile when the file becomes shorter, because its lines are then others.
 */
export async function* growingFile(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    yield* linesOf(file, signal);
  } finally {
    await file.close();
  }
}

async function* linesOf(file: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  let [position, rest] = [0, NOTHING];
  for (let isIdle = false; !signal.aborted;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) {
      if (!isIdle) yield NOTHING;
      isIdle = true;
      await pause(file, { position, signal });
      continue;
    }
    isIdle = false;
    position += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    if (end > 0) yield bytes.subarray(0, end);
  }
}

async function pause(
  file: FileHandle,
  { position, signal }: { position: number; signal: AbortSignal },
): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  if ((await file.stat()).size < position) throw new UnreadableFile('the file became shorter');
}
