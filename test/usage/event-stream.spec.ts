import type { ServerDuplexStream } from '@grpc/grpc-js';
import fc from 'fast-check';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { answerInOrder } from '../../src/usage/event-stream';

type Call = ServerDuplexStream<number, string>;

/** A caller on the other side of a real stream of objects: sends numbers, takes texts as fast as it is allowed to. */
class Caller extends Duplex {
  readonly answers: string[] = [];
  cancelled = false;
  #untaken: (() => void)[] = [];

  /** `room` = answers that may lie unread before the stream asks to wait; `isSlow` = takes none until told. */
  constructor(
    private readonly isSlow = false,
    room = 16,
  ) {
    super({ readableObjectMode: true, writableObjectMode: true, writableHighWaterMark: room });
  }

  send(...requests: number[]): void {
    for (const request of requests) this.push(request);
  }

  hangUp(): void {
    this.push(null);
  }

  cancel(): void {
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
  }

  takeOne(): void {
    this.#untaken.shift()?.();
  }

  override _read(): void {
    // What there is to read has been pushed.
  }

  override _write(answer: string, _encoding: string, taken: () => void): void {
    this.answers.push(answer);
    if (this.isSlow) this.#untaken.push(taken);
    else taken();
  }

  /** The part of a call that the code under test knows. */
  get call(): Call {
    return this as unknown as Call;
  }
}

/** Work that ends when the test says so. */
class Desk {
  readonly begun: number[] = [];
  #ends = new Map<number, { done: () => void; fail: (error: Error) => void }>();

  answer = (request: number): Promise<string> => {
    this.begun.push(request);
    return new Promise((resolve, reject) => {
      this.#ends.set(request, { done: () => resolve(`#${request}`), fail: reject });
    });
  };

  async finish(...requests: number[]): Promise<void> {
    for (const request of requests) this.#ends.get(request)!.done();
    await settled();
  }

  async fail(request: number): Promise<void> {
    this.#ends.get(request)!.fail(new Error(`${request} failed`));
    await settled();
  }
}

/** Lets everything that can happen without the test happen. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('a stream of requests', () => {
  it('is answered in the order sent, whichever work ends first', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    caller.send(1, 2, 3);
    await settled();
    await desk.finish(3, 2);
    expect(caller.answers).toEqual([]);
    await desk.finish(1);
    expect(caller.answers).toEqual(['#1', '#2', '#3']);
    caller.hangUp();
    await done;
    expect(caller.writableEnded).toBe(true);
  });

  it('has at most eight requests under way, and reads on when one is answered', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    caller.send(...upTo(20));
    await settled();
    expect(desk.begun).toEqual(upTo(8));
    expect(caller.isPaused()).toBe(true);
    // Finished but not answered, because the first is not: still under way.
    await desk.finish(2, 3, 4);
    expect(desk.begun).toEqual(upTo(8));
    await desk.finish(1);
    expect(caller.answers).toEqual(['#1', '#2', '#3', '#4']);
    expect(desk.begun).toEqual(upTo(12));
    await desk.finish(5, 6, 7, 8, 9, 10, 11, 12);
    await desk.finish(13, 14, 15, 16, 17, 18, 19, 20);
    expect(caller.answers).toEqual(upTo(20).map((n) => `#${n}`));
    caller.hangUp();
    await done;
  });

  it('answers everything that was sent before the caller hung up', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    caller.send(1, 2);
    caller.hangUp();
    await settled();
    expect(caller.writableEnded).toBe(false);
    await desk.finish(2);
    await desk.finish(1);
    await done;
    expect(caller.answers).toEqual(['#1', '#2']);
    expect(caller.writableEnded).toBe(true);
  });

  it('ends at once when nothing was sent', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    caller.hangUp();
    await answerInOrder(caller.call, desk.answer);
    expect([caller.answers, caller.writableEnded]).toEqual([[], true]);
  });

  it('waits for a caller who does not take his answers, and begins no more than eight meanwhile', async () => {
    const [caller, desk] = [new Caller(true, 2), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    caller.send(...upTo(12));
    await settled();
    await desk.finish(...upTo(8));
    // One answer is with the caller, the second fills the room: six are finished and lie with us.
    expect(caller.answers).toEqual(['#1']);
    expect(desk.begun).toEqual(upTo(9));
    caller.takeOne();
    await settled();
    expect(caller.answers).toEqual(['#1', '#2']);
    for (let i = 0; i < 20; i++) {
      caller.takeOne();
      await settled();
    }
    await desk.finish(9, 10, 11, 12);
    caller.hangUp();
    for (let i = 0; i < 20; i++) {
      caller.takeOne();
      await settled();
    }
    await done;
    expect(caller.answers).toEqual(upTo(12).map((n) => `#${n}`));
  });
});

describe('a stream that fails', () => {
  it('rejects with the first failure in the order sent, after the answers before it', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    const failure = expect(done).rejects.toThrow('2 failed');
    caller.send(1, 2, 3);
    await settled();
    await desk.fail(3);
    await desk.fail(2);
    expect(caller.answers).toEqual([]);
    await desk.finish(1);
    await failure;
    expect(caller.answers).toEqual(['#1']);
  });

  it('reads nothing more', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const failure = expect(answerInOrder(caller.call, desk.answer)).rejects.toThrow('1 failed');
    caller.send(1);
    await settled();
    await desk.fail(1);
    await failure;
    caller.send(2, 3);
    await settled();
    expect(desk.begun).toEqual([1]);
    expect(caller.answers).toEqual([]);
  });

  it('rejects when the connection does', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const failure = expect(answerInOrder(caller.call, desk.answer)).rejects.toThrow('reset');
    caller.destroy(new Error('reset'));
    await failure;
  });
});

describe('a caller who cancels', () => {
  it('is answered no more, and the work under way is waited for', async () => {
    const [caller, desk] = [new Caller(), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    caller.send(1, 2);
    await settled();
    caller.cancel();
    await desk.finish(1, 2);
    await done;
    expect(caller.answers).toEqual([]);
  });

  it('does not hold us up with answers he never took', async () => {
    const [caller, desk] = [new Caller(true, 1), new Desk()];
    const done = answerInOrder(caller.call, desk.answer);
    caller.send(1, 2, 3);
    await settled();
    await desk.finish(1, 2, 3);
    expect(caller.answers).toEqual(['#1']);
    caller.cancel();
    await done;
  });
});

describe('laws of streams', () => {
  it('every request is answered once and in order, with at most eight under way', async () => {
    const anyWork = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(anyWork, fc.integer({ min: 1, max: 16 }), async (turns, room) => {
        const caller = new Caller(false, room);
        let underWay = 0;
        let most = 0;
        const done = answerInOrder(caller.call, async (request) => {
          most = Math.max(most, ++underWay);
          for (let i = 0; i < turns[request]!; i++) await turn();
          underWay--;
          return `#${request}`;
        });
        caller.send(...turns.keys());
        caller.hangUp();
        await done;
        expect(caller.answers).toEqual([...turns.keys()].map((n) => `#${n}`));
        expect(most).toBeLessThanOrEqual(8);
      }),
      { numRuns: 50 },
    );
  });
});
