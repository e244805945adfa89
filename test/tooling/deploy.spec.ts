import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { ROOT } from './planted-tree';

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const yaml = <Shape>(path: string): Shape => load(text(path)) as Shape;

interface ComposeService {
  image: string;
  profiles?: string[];
  environment: Record<string, string>;
  ports?: string[];
  volumes: string[];
  depends_on: unknown;
  healthcheck: { test: string[] };
}

interface Named {
  name: string;
}

type Labels = Record<string, string>;
type Probe = { httpGet: unknown };

interface Deployment {
  kind: 'Deployment';
  spec: {
    selector: { matchLabels: Labels };
    template: {
      metadata: { labels: Labels };
      spec: {
        automountServiceAccountToken: boolean;
        securityContext: { runAsNonRoot: boolean };
        volumes: Named[];
        containers: {
          ports: (Named & { containerPort: number })[];
          env: Named[];
          volumeMounts: Named[];
          securityContext: unknown;
          startupProbe: Probe;
          livenessProbe: Probe;
          readinessProbe: Probe;
        }[];
      };
    };
  };
}

interface ConfigMap {
  data: Record<string, string>;
}

interface Service {
  spec: { selector: Labels; ports: { port: number; targetPort: string }[] };
}

interface DisruptionBudget {
  spec: { selector: { matchLabels: Labels } };
}

/** The variables the application reads; its own list is .env.example. */
const KNOWN = new Set(
  [...text('.env.example').matchAll(/^#?\s*([A-Z][A-Z0-9_]*)=/gm)].map((match) => match[1]),
);

const unknown = (names: readonly string[]): string[] => names.filter((name) => !KNOWN.has(name));

describe('the compose file', () => {
  const { services, volumes } = yaml<{
    services: Record<'app' | 'postgres' | 'redis' | 'prometheus' | 'grafana', ComposeService>;
    volumes: Record<string, unknown>;
  }>('deploy/compose/compose.yaml');

  it('starts the app after a healthy Postgres and Redis', () => {
    const always = Object.keys(services).filter((name) => !services[name as 'app'].profiles);
    expect(always.sort()).toEqual(['app', 'postgres', 'redis']);
    for (const service of Object.values(services)) expect(service.healthcheck.test.length).toBeGreaterThan(1);
    expect(services.app.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
    expect(parseInt(services.postgres.image.split(':')[1]!, 10)).toBeGreaterThanOrEqual(16);
    expect(services.redis.image).toMatch(/^redis:7/);
  });

  it('keeps what must be kept and publishes on this machine only', () => {
    expect(services.postgres.volumes).toEqual(['postgres-data:/var/lib/postgresql']);
    expect(Object.keys(volumes).sort()).toEqual([
      'app-data',
      'grafana-data',
      'postgres-data',
      'prometheus-data',
    ]);
    expect(services.app.ports).toEqual(['127.0.0.1:8082:8082', '127.0.0.1:9001:9001']);
    expect(services.postgres.ports).toBeUndefined();
  });

  it('sets only variables the app knows', () => {
    expect(unknown(Object.keys(services.app.environment))).toEqual([]);
  });

  it('adds Prometheus and Grafana for whoever asks, in versions that stay and on this machine only', () => {
    for (const service of [services.prometheus, services.grafana]) {
      expect(service.profiles).toEqual(['monitoring']);
      expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
      expect(service.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+:\d+$/)]);
      const [, port] = service.ports![0]!.split(':').map(Number);
      expect(port).toBeLessThan(32_768);
    }
  });
});

describe('the Kubernetes manifests', () => {
  const folder = 'deploy/kubernetes';
  const { resources } = yaml<{ resources: string[] }>(`${folder}/kustomization.yaml`);
  const deployment = yaml<Deployment>(`${folder}/deployment.yaml`);
  const config = yaml<ConfigMap>(`${folder}/config-map.yaml`);
  const service = yaml<Service>(`${folder}/service.yaml`);
  const budget = yaml<DisruptionBudget>(`${folder}/pod-disruption-budget.yaml`);
  const pod = deployment.spec.template.spec;
  const container = pod.containers[0]!;

  it('lists every manifest', () => {
    const files = readdirSync(join(ROOT, folder)).filter((name) => name !== 'kustomization.yaml');
    expect([...resources].sort()).toEqual(files.sort());
  });

  it('asks /live whether to restart and /ready whether to send traffic', () => {
    expect(container.startupProbe.httpGet).toEqual({ path: '/live', port: 'http' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/live', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'http' });
  });

  it('leads each service port to the port the app listens on', () => {
    const listening = { http: Number(config.data.API_PORT), grpc: Number(config.data.GRPC_PORT) };
    const named = Object.fromEntries(container.ports.map((port) => [port.name, port.containerPort]));
    expect(named).toEqual(listening);
    const ports = service.spec.ports;
    expect(ports.map((port) => [port.targetPort, port.port])).toEqual([
      ['http', 8082],
      ['grpc', 9001],
    ]);
  });

  it('selects the pods it describes', () => {
    const { labels } = deployment.spec.template.metadata;
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    expect(service.spec.selector).toEqual(labels);
    expect(budget.spec.selector.matchLabels).toEqual(labels);
  });

  it('runs without any privilege', () => {
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('sets only variables the app knows', () => {
    const names = [...Object.keys(config.data), ...container.env.map((entry) => entry.name)];
    expect(unknown(names)).toEqual([]);
  });

  it('mounts every volume it names', () => {
    const mounted = container.volumeMounts.map((mount) => mount.name);
    expect(pod.volumes.map((volume) => volume.name).sort()).toEqual([...mounted].sort());
  });
});

describe('the Dockerfile', () => {
  const lines = text('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const last = lines.slice(lines.map((line) => line.startsWith('FROM ')).lastIndexOf(true));
  const instruction = (name: string) => last.filter((line) => line.startsWith(`${name} `));

  it('runs as an unprivileged user with production packages only', () => {
    expect(instruction('USER')).toEqual(['USER node']);
    expect(lines).toContain('RUN npm ci --omit=dev && npm cache clean --force');
    expect(last).toContain('COPY --from=packages /app/node_modules ./node_modules');
  });

  it('listens on all interfaces, by variables the app knows', () => {
    const [env] = instruction('ENV');
    const values = Object.fromEntries(
      [...env!.matchAll(/([A-Z_]+)=(\S+)/g)].map((match) => [match[1], match[2]]),
    );
    expect(values).toMatchObject({ API_HOST: '0.0.0.0', GRPC_HOST: '0.0.0.0' });
    const { NODE_ENV, ...ours } = values;
    expect(NODE_ENV).toBe('production');
    expect(unknown(Object.keys(ours))).toEqual([]);
    expect(instruction('EXPOSE')).toEqual([`EXPOSE ${ours.API_PORT} ${ours.GRPC_PORT}`]);
  });

  it('asks /live for its health', () => {
    expect(instruction('HEALTHCHECK')).toHaveLength(1);
    expect(last.join('\n')).toContain('/live');
  });

  it('copies only what exists and is sent to the engine', () => {
    const sent = new Set([...text('.dockerignore').matchAll(/^!(\S+)$/gm)].map((match) => match[1]));
    const sources = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.filter((source) => !sent.has(source))).toEqual([]);
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });
});
