import { DomainError } from '../core/errors';
import type { Outcome } from './outcome';
import type { RecordUsage, UnreadableRecord, Verdict } from './event-record.commands';
import type { PreparedEvent } from './prepared-event';

/** Stands for a correction that waits for the events of its own call. */
export const PENDING: Verdict = { id: '', source: '', status: 'refused', eventId: '' };

export function unreadableVerdict({ id, source, reason, fields }: UnreadableRecord): Verdict {
  return { id, source, status: 'refused', eventId: '', code: 'invalid-argument', reason, fields };
}

/** Throws the first refusal or conflict, naming its place. */
export function refuseAllWithOne(verdicts: readonly Verdict[]): void {
  verdicts.forEach((verdict, index) => {
    if (verdict === undefined || verdict === PENDING) return;
    if (verdict.status !== 'refused' && verdict.status !== 'conflict') return;
    const code =
      verdict.status === 'conflict'
        ? 'conflict'
        : verdict.code === 'limit-refused'
          ? verdict.code
          : 'invalid-argument';
    const fields = (verdict.fields ?? []).map((field) => ({
      field: `events[${index}].${field}`,
      reason: verdict.reason ?? '',
    }));
    throw new DomainError(code, `events[${index}]: ${verdict.reason}`, fields);
  });
}

/** What a caller hears of an event that the database has judged. */
export function verdictOf(
  { record, event }: { readonly record: RecordUsage; readonly event: PreparedEvent },
  outcome: Outcome,
): Verdict {
  // Written out, because nearly every event takes this way and copying objects showed up in its cost.
  if (outcome.status === 'recorded' || outcome.status === 'duplicate')
    return { id: record.id, source: record.source, status: outcome.status, eventId: event.key };
  const verdict = { id: record.id, source: record.source, eventId: event.key };
  if (outcome.status === 'refused' && outcome.code !== undefined) {
    const { status, code, reason, fields } = outcome;
    return { ...verdict, status, code, reason, fields };
  }
  if (outcome.status === 'refused')
    return { ...verdict, ...outcome, code: 'invalid-argument', fields: ['quantity'] };
  const reason = `the id is taken by an event that differs in ${outcome.fields.join(', ')}`;
  return { ...verdict, ...outcome, code: 'conflict', reason };
}
