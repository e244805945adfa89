import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock } from '../../src/platform/clock';
import { loadConfig } from '../../src/platform/config';
import { Ids } from '../../src/platform/ids';
import { completeSecrets, secretsFile } from '../../src/platform/secrets';

describe('secrets nobody gave', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'secrets-'))));
  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('are made once, kept for this user alone, and found again', () => {
    const config = loadConfig({}, { dataDir });
    const first = completeSecrets(config, false);
    const second = completeSecrets(config, false);
    expect([first.adminKeyIsNew, second.adminKeyIsNew]).toEqual([true, false]);
    expect(second.config).toEqual(first.config);
    expect(Buffer.from(first.config.adminApiKey!, 'base64url')).toHaveLength(32);
    expect(first.config.apiKeyPepper).not.toBe(first.config.adminApiKey);
    expect(statSync(secretsFile(dataDir)).mode & 0o777).toBe(0o600);
  });

  it('give way to those somebody gave', () => {
    const adminApiKey = 'given-by-the-operator-0123456789';
    const { config, adminKeyIsNew } = completeSecrets(loadConfig({}, { dataDir, adminApiKey }), false);
    expect([config.adminApiKey, adminKeyIsNew]).toEqual([adminApiKey, false]);
    expect(Object.keys(JSON.parse(readFileSync(secretsFile(dataDir), 'utf8')))).toEqual(['apiKeyPepper']);
  });

  it('of an ephemeral installation are written nowhere', () => {
    expect(completeSecrets(loadConfig({}, { dataDir }), true).adminKeyIsNew).toBe(true);
    expect(existsSync(secretsFile(dataDir))).toBe(false);
  });

  it('are never replaced because the file cannot be read', () => {
    writeFileSync(secretsFile(dataDir), '{"adminApiKey": "hunter2"');
    const complete = (): unknown => completeSecrets(loadConfig({}, { dataDir }), false);
    expect(complete).toThrow('cannot be read as JSON');
    expect(complete).not.toThrow('hunter2');
  });
});

describe('new ids', () => {
  it('are UUIDv7 that carry their time and only ever increase, even when the clock is set back', () => {
    const instants = ['2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.002Z'];
    class SteppingClock extends Clock {
      #calls = 0;
      override now(): Date {
        return new Date(instants[Math.floor(this.#calls++ / 5_000)]!);
      }
    }
    const ids = new Ids(new SteppingClock());
    const made = Array.from({ length: 15_000 }, () => ids.uuidv7());
    expect(made[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(made[0]!.replace('-', '').slice(0, 12), 16)).toBe(Date.parse(instants[0]!));
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(15_000);
  });
});
