import { Catch, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { LogBudget } from '../log-budget';
import { Logger } from '../logger';
import { DoorMetrics } from '../metrics';
import { errorAnswer } from './error-answer';
import { callOf, correlationIdOf, type Call } from './grpc-call';
import { grpcFailure } from './grpc-status';
import { toProblem, type Problem } from './problem';

const UNAUTHORIZED = 401;

/** The one place where a thrown error becomes an answer, on both doors. */
@Catch()
@Injectable()
export class ErrorFilter implements ExceptionFilter {
  /** Apart, so that a flood of the one does not hide the other. */
  readonly #faults = new LogBudget();
  readonly #outages = new LogBudget();

  constructor(
    private readonly logger: Logger,
    private readonly metrics: DoorMetrics,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void | Observable<never> {
    if (host.getType() === 'rpc') return this.#failCall(error, callOf(host.getArgs()));
    const http = host.switchToHttp();
    this.failRequest(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers a request with its failure; for raw routes and for whatever failed before a controller was reached. */
  failRequest(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = toProblem(error);
    const { errorShape, internalText } = request.routeOptions?.config ?? {};
    this.#log(problem, error, {
      correlation_id: request.id,
      door: `${request.method} ${request.routeOptions?.url}`,
    });
    // No route, so no observer of its own; under one name, because anybody can make up paths.
    if (request.is404) this.metrics.http(request.method, 'unmatched').observe(404, reply.elapsedTime / 1000);
    // A stream that broke half-way has sent its status already; the connection tells the rest.
    if (reply.sent) return;
    const wording = { shape: errorShape ?? 'problem', correlationId: request.id, internalText } as const;
    const { status, contentType, retryAfter, body } = errorAnswer(problem, wording);
    if (retryAfter !== null) reply.header('retry-after', retryAfter);
    if (status === UNAUTHORIZED) reply.header('www-authenticate', 'Bearer');
    void reply
      .code(status)
      .header('x-request-id', request.id)
      .header('content-type', contentType)
      .send(JSON.stringify(body));
  }

  #failCall(error: unknown, call: Call): Observable<never> {
    const problem = toProblem(error);
    this.#log(problem, error, { correlation_id: correlationIdOf(call) });
    const failure = grpcFailure(problem, correlationIdOf(call));
    return throwError(() => failure);
  }

  #log(problem: Problem, error: unknown, where: { correlation_id: string; door?: string }): void {
    if (!problem.isFault && problem.code !== 'unavailable') return;
    const leftOut = (problem.isFault ? this.#faults : this.#outages).take();
    if (leftOut === null) return;
    const line = { ...where, ...(leftOut > 0 ? { left_out: leftOut } : {}), err: error };
    if (problem.isFault) this.logger.error(line, 'a request failed on our side');
    else this.logger.warn(line, 'a request could not be served now');
  }
}
