import { z } from 'zod';
import { type AnswerOf, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { decodeCursor, encodeCursor, pageOf } from '../platform/doors/pagination';
import type { TestClock } from '../platform/test-clocks/test-clock';
import {
  AdvanceTestClock,
  AttachAccount,
  ListTestClocks,
  MakeTestClock,
  TestClockPath,
} from './test-clock.commands';

const LIST = 'test-clocks';
const Position = z.strictObject({ id: z.guid() });

export const fromRestTestClockId = (path: unknown): string => TestClockPath.parse(path).id;
export const fromRestMakeTestClock = (body: unknown): MakeTestClock => MakeTestClock.parse(body);
export const fromRestAttachAccount = (body: unknown): AttachAccount => AttachAccount.parse(body);
export const fromRestAdvance = (body: unknown): Date => AdvanceTestClock.parse(body).now;

export function fromRestListTestClocks(query: unknown): { limit: number; before: string | null } {
  const { limit, cursor } = ListTestClocks.parse(query);
  return { limit, before: cursor === undefined ? null : decodeCursor(LIST, Position, cursor).id };
}

export const TestClockAnswer = z
  .strictObject({
    id: z.string().meta({ format: 'uuid' }),
    name: z.string(),
    now: InstantText,
    created_at: InstantText,
  })
  .meta({ id: 'TestClock' });
export const TestClockPageAnswer = pageAnswer(TestClockAnswer);

export function toRestTestClock({ id, name, now, createdAt }: TestClock): AnswerOf<typeof TestClockAnswer> {
  return { id, name, now: now.toISOString(), created_at: createdAt.toISOString() };
}

export function toRestTestClockPage(
  clocks: readonly TestClock[],
  limit: number,
): AnswerOf<typeof TestClockPageAnswer> {
  const page = pageOf(clocks, limit, ({ id }) => encodeCursor(LIST, { id }));
  return { items: page.items.map(toRestTestClock), next_cursor: page.next_cursor };
}
