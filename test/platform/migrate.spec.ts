import { checkMigrations } from '../../src/platform/migration-check';
import { revertLastMigration, runMigrations, showMigrations } from '../../src/platform/migrate';
import { createEmptyDatabase, withClient, type TestDatabase } from '../support/postgres';

let empty: TestDatabase;

beforeEach(async () => (empty = await createEmptyDatabase()));
afterEach(() => empty.drop());

describe('migrations', () => {
  it('run once when two nodes start at the same moment', async () => {
    const [one, other] = await Promise.all([runMigrations(empty.url), runMigrations(empty.url)]);
    const all = (await showMigrations(empty.url)).map(({ name }) => name);
    expect([one, other].sort((a, b) => a.length - b.length)).toEqual([[], all]);
  });

  it('are shown with what the database has, and taken back newest first', async () => {
    const names = await runMigrations(empty.url);
    const newest = names.at(-1);
    expect(await revertLastMigration(empty.url)).toBe(newest);
    expect(await showMigrations(empty.url)).toEqual(names.map((name) => ({ name, ran: name !== newest })));
    expect(await runMigrations(empty.url)).toEqual([newest]);
  });

  it('have nothing to take back in an empty database', async () => {
    expect(await revertLastMigration(empty.url)).toBeUndefined();
  });
});

describe('the check of migrations', () => {
  it('finds none that cannot be taken back or that the entities contradict', async () => {
    expect(await checkMigrations(empty.url)).toEqual([
      expect.stringMatching(/^up (\d+), down \1, up again: the same \d+ parts; the entities agree$/),
    ]);
  });

  it('names what a migration leaves behind and what differs the second time', async () => {
    await runMigrations(empty.url);
    await withClient(empty.url, (client) =>
      client.query(`create table left_over (n int); alter table subject_profile drop column updated_at`),
    );
    const check = checkMigrations(empty.url);
    await expect(check).rejects.toThrow('down leaves behind: column left_over.n integer');
    await expect(check).rejects.toThrow(
      'only after the second up: column subject_profile.updated_at timestamp',
    );
  });
});
