import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIST } from './paths.mjs';

const require = createRequire(import.meta.url);
const { eventKey } = require(join(DIST, 'core', 'event-key.js'));
const CHUNK = 5000;

/** Files for COPY into the service's key and event tables; Postgres reads them itself, so they are readable for all. */
export class CopyFeed {
  #folder = mkdtempSync(join(tmpdir(), 'tallyhouse-bench-'));

  constructor() {
    chmodSync(this.#folder, 0o755);
  }

  /**
   * Writes `rows` events of the maker. `accounts` gives each account key its id and bucket.
   * @returns {{ rows: number, keys: string, events: string }} what `copyInto` takes
   */
  write({ name, rows, next, accounts }) {
    const feed = {
      rows,
      keys: join(this.#folder, `${name}.keys`),
      events: join(this.#folder, `${name}.events`),
    };
    const files = { keys: openSync(feed.keys, 'w', 0o644), events: openSync(feed.events, 'w', 0o644) };
    for (let written = 0; written < rows; written += CHUNK) {
      const lines = { keys: '', events: '' };
      for (let i = written; i < Math.min(rows, written + CHUNK); i++) {
        const line = linesOf(next(), accounts);
        lines.keys += line.key;
        lines.events += line.event;
      }
      writeSync(files.keys, lines.keys);
      writeSync(files.events, lines.events);
    }
    closeSync(files.keys);
    closeSync(files.events);
    return feed;
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** COPY of keys and events in one transaction: the least a stored event can cost in these tables. */
export async function copyInto(client, feed) {
  const startedAt = performance.now();
  await client.query('begin');
  await client.query(`copy event_key (key, account_id, bucket, content, occurred_at) from '${feed.keys}'`);
  await client.query(`copy usage_event (bucket, account_id, key, occurred_at, type, source, event_id, quantity, properties)
    from '${feed.events}'`);
  await client.query('commit');
  return (performance.now() - startedAt) / 1000;
}

function linesOf(event, accounts) {
  const { id, bucket } = accounts.get(event.account);
  const digest = createHash('sha256').update(`${event.source}\0${event.id}`).digest('hex');
  const key = eventKey(event.id, digest);
  const content = randomBytes(8).readBigInt64BE();
  const { occurred_at: at, type, source, quantity, properties } = event;
  return {
    key: `${key}\t${id}\t${bucket}\t${content}\t${at}\n`,
    event: `${[bucket, id, key, at, type, source, event.id, quantity, JSON.stringify(properties)].join('\t')}\n`,
  };
}
