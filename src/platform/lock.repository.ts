import { Injectable } from '@nestjs/common';
import { Database } from './transaction';

/**
 * Takes the lease if nobody holds it, and a fence higher than every one before. Times are the database's, so that hosts whose
 * clocks differ agree on when a lease ends.
 */
const TAKE_EXPIRED_LEASE = `
  insert into lease_lock as lease (name, holder, fence, expires_at)
  values ($1, $2, 1, now() + $3 * interval '1 millisecond')
  on conflict (name) do update
    set holder = excluded.holder, fence = lease.fence + 1, expires_at = excluded.expires_at
    where lease.expires_at <= now()
  returning fence`;

/** Only the holder of this very lease renews it; one that has expired is lost even if nobody took it yet. */
const RENEW_OWN_LEASE = `
  update lease_lock set expires_at = now() + $3 * interval '1 millisecond'
  where name = $1 and holder = $2 and expires_at > now()
  returning fence`;

/** The row stays: its fence must go on growing. */
const END_OWN_LEASE = `update lease_lock set expires_at = '-infinity' where name = $1 and holder = $2`;

/** A lease in question: whose it is to be, on what, for how long. */
export interface LeaseRequest {
  readonly name: string;
  readonly holder: string;
  readonly ttlMs: number;
}

/** Lease rows of Postgres. */
@Injectable()
export class LeaseRepository {
  constructor(private readonly database: Database) {}

  /** The fence of the lease taken, or null when somebody else holds it. */
  async take({ name, holder, ttlMs }: LeaseRequest): Promise<bigint | null> {
    const [row] = await this.database.query<{ fence: string }>(TAKE_EXPIRED_LEASE, [name, holder, ttlMs]);
    return row === undefined ? null : BigInt(row.fence);
  }

  /** Whether the lease is still ours, and then for another `ttlMs`. */
  async renew({ name, holder, ttlMs }: LeaseRequest): Promise<boolean> {
    return (await this.database.query(RENEW_OWN_LEASE, [name, holder, ttlMs])).length > 0;
  }

  async release({ name, holder }: LeaseRequest): Promise<void> {
    await this.database.query(END_OWN_LEASE, [name, holder]);
  }
}
