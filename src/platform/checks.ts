import { Injectable } from '@nestjs/common';
import type { Sql } from './transaction';

/** Something that must hold of the database at every commit: a name that says it, and a query for the rows that break it. */
export interface Check {
  readonly name: string;
  readonly sql: string;
}

/** What a check found; no rows = it holds. */
export interface Verdict {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}

const EXAMPLES = 3;

/** Where modules register what must hold of their tables; `tallyhouse verify` asks for all of it. Nothing is repaired. */
@Injectable()
export class Checks {
  readonly #checks = new Map<string, string>();

  /** Called by a module while it is being initialised. Throws when two checks bear one name. */
  add(checks: readonly Check[]): void {
    for (const { name, sql } of checks) {
      if (this.#checks.has(name)) throw new Error(`two checks are called: ${name}`);
      this.#checks.set(name, sql);
    }
  }

  /** Runs every check in the order of registration, each verdict as it is known. */
  async *run(sql: Sql): AsyncGenerator<Verdict> {
    for (const [name, text] of this.#checks) {
      const broken = await sql.query<Record<string, unknown>>(
        `select * from (${text}) broken limit ${EXAMPLES}`,
      );
      yield { name, examples: broken };
    }
  }
}

const TRIGGER = { update: 16, delete: 8 };

/** That nobody but the owner of the tables can change or delete their rows: by trigger, and by privilege where the role is. */
export function appendOnlyCheck(tables: readonly string[]): Check {
  const names = tables.map((name) => `('${name}')`).join(', ');
  return {
    name: `${tables.join(', ')}: rows are refused every change`,
    sql: `
      select t.name as table, s.has_trigger, s.role_may_change
      from (values ${names}) t(name)
      cross join lateral (
        select
          exists (
            select from pg_trigger g join pg_proc p on p.oid = g.tgfoid
            where g.tgrelid = to_regclass(t.name) and p.proname = 'refuse_change' and g.tgenabled in ('O', 'A')
              and g.tgtype & ${TRIGGER.update + TRIGGER.delete} = ${TRIGGER.update + TRIGGER.delete}) as has_trigger,
          exists (
            select from pg_roles r where r.rolname = 'tallyhouse_app'
              and has_table_privilege(r.oid, t.name, 'update, delete, truncate')) as role_may_change) s
      where not s.has_trigger or s.role_may_change`,
  };
}
