import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role, Scope } from './scope';

/** Column map of `api_key`. The key itself is nowhere: `hash` is its HMAC under the installation's pepper. */
@Entity('api_key')
export class ApiKey {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { unique: true })
  prefix!: string;

  @Column('bytea')
  hash!: Buffer;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  role!: Role | null;

  @Column('text', { array: true })
  scopes!: Scope[];

  /** Exact account keys, `scheme:*`, or `*` for all. */
  @Column('text', { array: true })
  accounts!: string[];

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expires_at!: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revoked_at!: Date | null;

  /** Coarse: at most one write a minute. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  last_used_at!: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  created_at!: Date;

  @Column('text', { name: 'created_by' })
  created_by!: string;
}
