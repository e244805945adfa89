import { Injectable } from '@nestjs/common';
import { hash } from 'node:crypto';
import { eventKey } from '../core/event-key';
import { canonicalText } from '../core/event';
import type { CorrectUsage } from './event-record.commands';

/** Two hashes name an event: where its key lies, and whether two requests with one id said the same. */
@Injectable()
export class EventIdentity {
  /** The dedupe key, a function of (source, id) alone (decision C). */
  keyOf(source: string, id: string): string {
    return eventKey(id, hash('sha256', `${source}\u0000${id}`, 'hex'));
  }

  /**
   * 64 bits of the hash of what a record said, as the text of a signed bigint. The parts must not depend on anything
   * we filled in: a retry without a timestamp must find its first delivery.
   */
  contentOf(parts: readonly (string | number | null)[]): string {
    const digest = hash('sha256', JSON.stringify(parts), 'buffer');
    return digest.readBigInt64BE(0).toString();
  }

  contentOfCorrection({ kind, target, quantity, properties, reason }: CorrectUsage): string {
    const text = properties === null ? null : canonicalText(properties);
    return this.contentOf([
      kind,
      target.source,
      target.id,
      quantity === null ? null : `${quantity}`,
      text,
      reason,
    ]);
  }
}
