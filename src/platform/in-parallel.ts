/** Works on all items, at most `workers` at once, each worker on the next one left; the answers come as they are ready. */
export async function inParallel<T, R>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const left = [...items];
  const answers: R[] = [];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) answers.push(await work(item));
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, worker));
  return answers;
}
