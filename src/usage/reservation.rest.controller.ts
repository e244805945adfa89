import { Body, Controller, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { ApiDoor } from '../platform/doors/open-api-door';
import { Ids } from '../platform/ids';
import { CommitBody, ReservationPath, ReserveBody } from './limit-request.commands';
import { ReservationService } from './reservation.service';
import {
  fromRestCommit,
  fromRestReservation,
  fromRestReserve,
  ReservationDecisionAnswer,
  toRestReservation,
} from './reservation.wire';
import { type ReserveDecision, UsageDecisions } from './usage-decision.service';

const PATH = 'api/v1/accounts/:key/reservations/:id';

@Controller()
export class ReservationController {
  constructor(
    private readonly decisions: UsageDecisions,
    private readonly reservations: ReservationService,
    private readonly ids: Ids,
  ) {}

  /** Holds use back before it happens. */
  @Post('api/v1/reservations')
  @HttpCode(200)
  @RequireScope('events:write')
  @ApiDoor({
    name: 'reserveUsage',
    tag: 'limits',
    summary: 'Holds use back before it happens, all items or none',
    description:
      'Nobody else can take what is held until it is committed, released or expires. A refusal is an answer. Without the database nothing can be held, whatever the meters say.',
    headers: IdempotencyHeaders,
    body: ReserveBody.meta({
      example: {
        account: 'org:acme',
        items: [{ meter: 'scans', quantity: '10' }],
        expires_in_seconds: 60,
      },
    }),
    answers: { 200: ReservationDecisionAnswer },
    errors: ['not-found', 'conflict', 'failed-precondition'],
  })
  async reserve(
    @CurrentPrincipal() principal: Principal,
    @Headers() headers: unknown,
    @Body() body: unknown,
  ) {
    const id = IdempotencyHeaders.parse(headers)['idempotency-key'] ?? this.ids.uuidv7();
    return this.#told(await this.decisions.reserve(fromRestReserve(body, id), { principal, door: 'rest' }));
  }

  @Get(PATH)
  @RequireScope('events:read')
  @ApiDoor({
    name: 'getReservation',
    tag: 'limits',
    summary: 'Reads a reservation',
    path: ReservationPath,
    answers: { 200: ReservationDecisionAnswer },
    errors: ['not-found'],
  })
  async read(@CurrentPrincipal() principal: Principal, @Param() path: unknown) {
    return this.#told(await this.reservations.read(fromRestReservation(path), principal));
  }

  /** Counts what was used of it. */
  @Post(`${PATH}/commit`)
  @HttpCode(200)
  @RequireScope('events:write')
  @ApiDoor({
    name: 'commitReservation',
    tag: 'limits',
    summary: 'Counts what was used of a reservation and gives the rest back',
    description:
      'In the period it was made in. The same again is answered as before; after its expiry, and beyond what it holds, the use is judged like any other.',
    path: ReservationPath,
    body: CommitBody.meta({ example: { quantities: ['7'] } }),
    answers: { 200: ReservationDecisionAnswer },
    errors: ['not-found', 'conflict', 'failed-precondition'],
  })
  async commit(@CurrentPrincipal() principal: Principal, @Param() path: unknown, @Body() body: unknown) {
    return this.#told(await this.decisions.commit(fromRestCommit(path, body), { principal, door: 'rest' }));
  }

  /** Gives back what it holds. */
  @Post(`${PATH}/release`)
  @HttpCode(200)
  @RequireScope('events:write')
  @ApiDoor({
    name: 'releaseReservation',
    tag: 'limits',
    summary: 'Gives back what a reservation holds',
    path: ReservationPath,
    answers: { 200: ReservationDecisionAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async release(@CurrentPrincipal() principal: Principal, @Param() path: unknown) {
    return this.#told(await this.decisions.release(fromRestReservation(path), { principal, door: 'rest' }));
  }

  async #told(decision: ReserveDecision) {
    return toRestReservation(decision, await this.decisions.metersOf(decision));
  }
}
