import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalid } from '../core/errors';
import { Ids } from '../platform/ids';
import { fromCloudEvent, fromCloudEventBatch } from './cloud-event.wire';
import { RECORD_EVENTS_DOOR, WAYBILL_BATCH_DOOR, WAYBILL_EVENT_DOOR } from './event-doors';
import type { RecordEvents } from './event-record.commands';
import { fromRestEvents, throwUnlessTaken, toRestVerdict } from './event.wire';
import { IngestService } from './ingest.service';
import { fromWaybillBatch, fromWaybillEvent } from './waybill-event.wire';

type Reader = (body: unknown) => RecordEvents & { readonly single: boolean };

const READERS: Readonly<Record<string, Reader>> = {
  'application/json': fromRestEvents,
  'application/cloudevents+json': fromCloudEvent,
  'application/cloudevents-batch+json': fromCloudEventBatch,
};

/**
 * The write doors over HTTP. They stand in front of Nest, because its request pipeline costs more than storing the
 * event; principals and errors come from the same functions as everywhere.
 */
@Injectable()
export class EventsRestController implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly ingest: IngestService,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter?.getInstance<FastifyInstance | undefined>();
    if (!server?.hot) return;
    const newId = (): string => this.ids.uuidv7();
    const waybill = { scope: 'events:write', internalKey: true, errorShape: 'waybill' } as const;
    server.hot.post(
      '/api/v1/events',
      { config: { scope: 'events:write', api: RECORD_EVENTS_DOOR } },
      (request, reply) => this.#record(request, reply),
    );
    server.hot.post(
      '/internal/events',
      { config: { ...waybill, internalText: 'failed to record event', api: WAYBILL_EVENT_DOOR } },
      async (request, reply) => {
        const [verdict] = await this.ingest.recordEvents(
          fromWaybillEvent(request.body, newId),
          request.principal!,
        );
        return reply.code(201).send({ event_id: verdict!.eventId, recorded: true });
      },
    );
    server.hot.post(
      '/internal/events/batch',
      { config: { ...waybill, internalText: 'failed to record events', api: WAYBILL_BATCH_DOOR } },
      async (request, reply) => {
        const verdicts = await this.ingest.recordEvents(
          fromWaybillBatch(request.body, newId),
          request.principal!,
        );
        return reply.code(201).send({ recorded: verdicts.length });
      },
    );
  }

  /** One event: 201 recorded, 200 duplicate, else the error. A batch: 200 with a verdict for each record. */
  async #record(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const command = readerOf(request)(request.body);
    const verdicts = await this.ingest.recordEvents(command, request.principal!);
    reply.header('content-type', 'application/json; charset=utf-8');
    if (!command.single) return reply.send(JSON.stringify({ verdicts: verdicts.map(toRestVerdict) }));
    const verdict = verdicts[0]!;
    throwUnlessTaken(verdict);
    return reply.code(verdict.status === 'recorded' ? 201 : 200).send(JSON.stringify(toRestVerdict(verdict)));
  }
}

function readerOf(request: FastifyRequest): Reader {
  const type = request.headers['content-type'] ?? '';
  const semicolon = type.indexOf(';');
  const reader = READERS[(semicolon < 0 ? type : type.slice(0, semicolon)).trim().toLowerCase()];
  if (!reader) throw invalid('content-type', 'must be application/json or a CloudEvents JSON type');
  return reader;
}
