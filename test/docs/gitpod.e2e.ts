import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/platform/package-root';
import { startTestApp } from '../support/app';

it('the service has every metric that docs/gitpod.md tells of', async () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'gitpod.md'), 'utf8');
  const names = [...page.matchAll(/^\| `((?:gitpod|grpc)_\w+)` /gm)].map(([, name]) => name!);
  expect(names).toHaveLength(11);
  const app = await startTestApp();
  const text = await (await fetch(`${app.rest}/metrics`)).text();
  await app.close();
  expect(names.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
});
