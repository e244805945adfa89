/** The file Gitpod's installer prints in vector CF-1, with the file of Stripe's keys where the test has it. */
export function installerFile(stripeCredentialsFile = 'stripe-secret/apikeys') {
  return {
    controllerSchedule: '2m',
    resetUsageSchedule: '5m',
    stripeCredentialsFile,
    defaultSpendingLimit: { forTeams: 1_000_000_000, forUsers: 1_000_000_000, minForUsersOnStripe: 0 },
    stripePrices: {
      individualUsagePriceIds: { eur: '', usd: '' },
      teamUsagePriceIds: { eur: '', usd: '' },
    },
    serverAddress: 'server.test-namespace.svc.cluster.local:9877',
    redis: { address: 'redis.test-namespace.svc.cluster.local:6379' },
    server: { services: { grpc: { address: '0.0.0.0:9001' } } },
    gitpodHost: 'https://gitpod.example.com',
  };
}

/** The sample of the component's documentation, with the file of Stripe's keys where the test has it. */
export function missionFile(stripeCredentialsFile = '/etc/gitpod/stripe/credentials.json') {
  return {
    controllerSchedule: '1m',
    resetUsageSchedule: '24h',
    creditsPerMinuteByWorkspaceClass: { default: 0.5, large: 1.0 },
    stripeCredentialsFile,
    server: { port: 3000, address: '0.0.0.0' },
    defaultSpendingLimit: { forTeams: 500, forUsers: 100 },
    stripePrices: { individualUsagePriceId: 'price_1234', teamUsagePriceId: 'price_5678' },
    redis: { address: 'redis:6379' },
    serverAddress: 'server:3000',
    gitpodHost: 'gitpod.io',
  };
}
