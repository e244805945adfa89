import { StripeSimulator } from './simulator';

const DEFAULT_PORT = 12111;

/** Starts the simulator alone, so that billing can be tried without an account at Stripe. */
async function main(): Promise<void> {
  const port = Number(process.env.STRIPE_SIMULATOR_PORT ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1024 || port >= 32_768) {
    throw new Error('STRIPE_SIMULATOR_PORT must be a whole number from 1024 to 32767');
  }
  const simulator = await StripeSimulator.start({ port, searchDelay: 1 });
  console.log(`A simulated Stripe listens at ${simulator.url}`);
  console.log(`  key      ${StripeSimulator.key}`);
  console.log(`  control  ${simulator.url}/_control`);
  console.log(
    `  client   new Stripe('${StripeSimulator.key}', { host: '127.0.0.1', port: ${port}, protocol: 'http' })`,
  );
  const stop = (): void => void simulator.stop().then(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
