import { appendFileSync } from 'node:fs';
import { operationNames } from './catalogue';
import type { StripeObject } from './stripe-object';

/** One request as it came and what became of it. */
export interface ContractEntry {
  readonly requestId: string;
  readonly at: number;
  /** `null` when the SDK has no such operation. */
  operation: string | null;
  readonly method: string;
  readonly path: string;
  readonly params: StripeObject;
  readonly idempotencyKey: string | null;
  /** 0 when the client never got an answer. */
  status: number;
  replayed: boolean;
  fault: string | null;
}

/** Every request, so that what our code asks of Stripe can be read and replayed elsewhere. */
export class ContractLog {
  readonly entries: ContractEntry[] = [];

  /** @param file where each entry is appended as a line of JSON, so that the log of several processes adds up */
  constructor(private readonly file: string | null = null) {}

  add(entry: ContractEntry): ContractEntry {
    this.entries.push(entry);
    return entry;
  }

  /** The entry is complete. */
  close(entry: ContractEntry): void {
    if (this.file) appendFileSync(this.file, `${JSON.stringify(entry)}\n`);
  }

  of(operation: string): ContractEntry[] {
    return this.entries.filter((entry) => entry.operation === operation);
  }

  /** How often each operation was asked for, and which of the SDK's operations never were. */
  report(): { exercised: Record<string, number>; neverExercised: string[] } {
    const exercised: Record<string, number> = {};
    for (const { operation } of this.entries) {
      if (operation !== null) exercised[operation] = (exercised[operation] ?? 0) + 1;
    }
    return { exercised, neverExercised: operationNames.filter((name) => !(name in exercised)) };
  }
}
