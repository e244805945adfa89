import { HttpAdapterHost } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { openApiDocument, type OpenApiDocument } from './platform/doors/open-api';
import { packageVersion } from './platform/package-root';

/** The API document of a running application, out of its live routes. Throws naming those that nobody has described. */
export function apiDocument(app: NestFastifyApplication): OpenApiDocument {
  const { httpDoors } = app.get(HttpAdapterHost).httpAdapter.getInstance<FastifyInstance>();
  return openApiDocument(httpDoors.routes, packageVersion());
}

/**
 * Serves `/docs` for people and `/docs-json` (and `-yaml`) for programs. The page comes from this process with all it
 * needs. The document is made when it is first asked for, because by then every route is there.
 */
export function serveApiDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => apiDocument(app), {
    customSiteTitle: 'Tallyhouse API',
    swaggerOptions: { displayRequestDuration: true, validatorUrl: null },
  });
}
