import './global-setup';

/** Stops the server of this run; its folder goes with it. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.testPostgres?.stop();
}
