import type { ServerDuplexStream } from '@grpc/grpc-js';

/** Batches of one stream that may be under way at once; a caller who sends more is not read until one is answered. */
const IN_FLIGHT_MAX = 8;

/**
 * Answers every request of a stream, in the order sent, while later ones are already being worked on. Reading pauses
 * when too many are under way or the caller does not take its answers, so memory stays flat. Ends the stream when
 * the caller does; rejects with the first failure, after which nothing more is read.
 */
export async function answerInOrder<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  answer: (request: Request) => Promise<Response>,
): Promise<void> {
  let inFlight = 0;
  let answered: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const finish = (): void => void answered.then(resolve, reject);
    const fail = (error: Error): void => {
      call.pause();
      reject(error);
    };
    call.on('data', (request: Request) => {
      if (++inFlight >= IN_FLIGHT_MAX) call.pause();
      const work = answer(request);
      // The failure is reported in its turn; until then nobody else listens to it.
      work.catch(() => undefined);
      answered = answered.then(async () => {
        await write(call, await work);
        if (--inFlight < IN_FLIGHT_MAX) call.resume();
      });
      answered.catch(fail);
    });
    call.on('end', finish);
    call.on('cancelled', finish);
    call.on('error', reject);
  });
  call.end();
}

/** Waits for the caller to take what is buffered, or to go away. */
async function write<Response>(
  call: ServerDuplexStream<unknown, Response>,
  response: Response,
): Promise<void> {
  if (call.cancelled || call.write(response)) return;
  await new Promise<void>((resolve) => {
    call.once('drain', resolve);
    call.once('cancelled', resolve);
    call.once('close', resolve);
  });
}
