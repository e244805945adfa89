import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../transaction';

/** An endpoint as it is stored; its secrets are encrypted. */
export interface StoredEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly types: string[];
  readonly secret: Buffer;
  readonly previous_secret: Buffer | null;
  readonly previous_until: Date | null;
  readonly enabled: boolean;
  readonly created_at: Date;
  readonly disabled_reason: string | null;
}

/** What can be changed of an endpoint. */
export type EndpointSettings = Pick<
  StoredEndpoint,
  'url' | 'description' | 'types' | 'enabled' | 'disabled_reason'
>;

const COLUMNS = `id, url, description, types, secret, previous_secret, previous_until, enabled, created_at, disabled_reason`;

const INSERT_ENDPOINT = `
  insert into webhook_endpoint (id, url, description, types, secret) values ($1, $2, $3, $4, $5) returning ${COLUMNS}`;

const FIND_ENDPOINT = `select ${COLUMNS} from webhook_endpoint where id = $1`;

const LOCK_ENDPOINT = `${FIND_ENDPOINT} for update`;

const LIST_ENDPOINTS = `
  select ${COLUMNS} from webhook_endpoint where ($2::uuid is null or id < $2) order by id desc limit $1`;

const LIST_ENABLED = 'select id, types from webhook_endpoint where enabled order by id';

const UPDATE_ENDPOINT = `
  update webhook_endpoint set url = $2, description = $3, types = $4, enabled = $5, disabled_reason = $6
  where id = $1 returning ${COLUMNS}`;

/** The old secret goes on signing beside the new one until the instant given. */
const ROTATE_SECRET = `
  update webhook_endpoint set previous_secret = $3, previous_until = $4, secret = $2
  where id = $1 returning ${COLUMNS}`;

const DELETE_ENDPOINT = 'delete from webhook_endpoint where id = $1';

/** The rows of `webhook_endpoint`: few, and the installation's own. */
@Injectable()
export class WebhookEndpointRepository {
  constructor(private readonly database: Database) {}

  async insert(
    sql: Sql,
    { id, url, description, types, secret }: Omit<StoredEndpoint, 'created_at'>,
  ): Promise<StoredEndpoint> {
    return (await sql.query<StoredEndpoint>(INSERT_ENDPOINT, [id, url, description, types, secret]))[0]!;
  }

  async find(id: string): Promise<StoredEndpoint | null> {
    return (await this.database.query<StoredEndpoint>(FIND_ENDPOINT, [id]))[0] ?? null;
  }

  /** The endpoint, nobody else changing it before the caller's transaction ends. */
  async lock(sql: Sql, id: string): Promise<StoredEndpoint | null> {
    return (await sql.query<StoredEndpoint>(LOCK_ENDPOINT, [id]))[0] ?? null;
  }

  list(limit: number, before: string | null): Promise<StoredEndpoint[]> {
    return this.database.query<StoredEndpoint>(LIST_ENDPOINTS, [limit, before]);
  }

  enabled(sql: Sql): Promise<Pick<StoredEndpoint, 'id' | 'types'>[]> {
    return sql.query(LIST_ENABLED);
  }

  async update(sql: Sql, id: string, settings: EndpointSettings): Promise<StoredEndpoint> {
    const { url, description, types, enabled, disabled_reason } = settings;
    const values = [id, url, description, types, enabled, disabled_reason];
    return (await sql.query<StoredEndpoint>(UPDATE_ENDPOINT, values))[0]!;
  }

  async rotate(
    sql: Sql,
    { id, secret, previous_secret, previous_until }: StoredEndpoint,
  ): Promise<StoredEndpoint> {
    const values = [id, secret, previous_secret, previous_until];
    return (await sql.query<StoredEndpoint>(ROTATE_SECRET, values))[0]!;
  }

  async remove(sql: Sql, id: string): Promise<void> {
    await sql.query(DELETE_ENDPOINT, [id]);
  }
}
