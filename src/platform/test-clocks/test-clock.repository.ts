import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../transaction';
import type { TestClock } from './test-clock';

const COLUMNS = 'id, name, now_at as now, created_at as "createdAt"';

const READ_ATTACHED = `
  select a.id, c.now_at from test_clock c join account a on a.test_clock_id = c.id`;

const MAKE = `insert into test_clock (id, name, now_at) values ($1, $2, $3) returning ${COLUMNS}`;

const FIND = `select ${COLUMNS} from test_clock where id = $1`;

/** Whoever moves a clock holds its row, so that two of them move it one after the other. */
const LOCK = `${FIND} for update`;

const LIST = `select ${COLUMNS} from test_clock where ($2::uuid is null or id < $2) order by id desc limit $1`;

const MOVE = `update test_clock set now_at = $2 where id = $1`;

/** Only an account whose time was never another one: what it was billed for by one clock makes no sense by the next. */
const ATTACH = `update account set test_clock_id = $2 where id = $1 and test_clock_id is null returning id`;

const REMOVE = `
  with detached as (update account set test_clock_id = null where test_clock_id = $1)
  delete from test_clock where id = $1 returning id`;

/** The rows of `test_clock`. */
@Injectable()
export class TestClockRepository {
  constructor(private readonly database: Database) {}

  /** The time of every account that has a clock of its own, by account id. */
  async attached(): Promise<Map<number, Date>> {
    const rows = await this.database.query<{ id: string; now_at: Date }>(READ_ATTACHED);
    return new Map(rows.map((row) => [Number(row.id), row.now_at]));
  }

  async make(clock: Pick<TestClock, 'id' | 'name' | 'now'>): Promise<TestClock> {
    return (await this.database.query<TestClock>(MAKE, [clock.id, clock.name, clock.now]))[0]!;
  }

  async find(id: string, sql: Sql = this.database): Promise<TestClock | null> {
    return (await sql.query<TestClock>(FIND, [id]))[0] ?? null;
  }

  async lock(sql: Sql, id: string): Promise<TestClock | null> {
    return (await sql.query<TestClock>(LOCK, [id]))[0] ?? null;
  }

  /** Newest first, after the id `before`. */
  list(limit: number, before: string | null): Promise<TestClock[]> {
    return this.database.query<TestClock>(LIST, [limit, before]);
  }

  async move(sql: Sql, id: string, now: Date): Promise<void> {
    await sql.query(MOVE, [id, now]);
  }

  /** False = it has a clock already. */
  async attach(sql: Sql, accountId: number, id: string): Promise<boolean> {
    return (await sql.query(ATTACH, [accountId, id])).length > 0;
  }

  /** False = there was none. */
  async remove(id: string): Promise<boolean> {
    return (await this.database.query(REMOVE, [id])).length > 0;
  }
}
