import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalRef } from '../auth/principal';
import type { Logger } from '../logger';
import { LogBudget } from '../log-budget';

const SLOW_MS = 1_000;

/** Writes a line for answers that are slow or our fault, at most fifty a second; for all answers only when debugging. */
export function accessLog(logger: Logger) {
  const writesAll = logger.writes('debug');
  const budget = new LogBudget();
  return (request: FastifyRequest, reply: FastifyReply, elapsedMs: number): void => {
    const isNotable = reply.statusCode >= 500 || elapsedMs > SLOW_MS;
    if (!isNotable && !writesAll) return;
    const leftOut = isNotable ? budget.take() : 0;
    if (leftOut === null) return;
    const line = {
      correlation_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      elapsed_ms: Math.round(elapsedMs),
      ...(leftOut > 0 ? { left_out: leftOut } : {}),
      ...(request.principal ? { principal: principalRef(request.principal) } : {}),
    };
    if (isNotable) logger.info(line, 'answered');
    else logger.debug(line, 'answered');
  };
}
