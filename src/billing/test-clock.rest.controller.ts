import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { TestClocks } from '../platform/test-clocks/test-clocks.service';
import {
  AdvanceTestClock,
  AttachAccount,
  ListTestClocks,
  MakeTestClock,
  TestClockPath,
} from './test-clock.commands';
import { TestClockService } from './test-clock.service';
import {
  TestClockAnswer,
  TestClockPageAnswer,
  fromRestAdvance,
  fromRestAttachAccount,
  fromRestListTestClocks,
  fromRestMakeTestClock,
  fromRestTestClockId,
  toRestTestClock,
  toRestTestClockPage,
} from './test-clock.wire';

/** Time moved by hand, for trying out what a year of billing does. Refused where TEST_CLOCKS is off. */
@Controller('api/v1/test-clocks')
export class TestClockController {
  constructor(
    private readonly clocks: TestClocks,
    private readonly moving: TestClockService,
  ) {}

  @Get()
  @RequireScope('clocks:write')
  @ApiDoor({
    name: 'listTestClocks',
    tag: 'test-clocks',
    summary: 'Lists test clocks, newest first',
    query: ListTestClocks,
    answers: { 200: TestClockPageAnswer },
  })
  async list(@Query() query: unknown) {
    const { limit, before } = fromRestListTestClocks(query);
    return toRestTestClockPage(await this.clocks.list(limit + 1, before), limit);
  }

  @Post()
  @RequireScope('clocks:write')
  @ApiDoor({
    name: 'createTestClock',
    tag: 'test-clocks',
    summary: 'Makes a clock that is moved by hand',
    body: MakeTestClock.meta({ example: { name: 'a year of billing', now: '2026-01-01T00:00:00Z' } }),
    answers: { 201: TestClockAnswer },
    errors: ['failed-precondition'],
  })
  async make(@Body() body: unknown) {
    return toRestTestClock(await this.clocks.make(fromRestMakeTestClock(body)));
  }

  @Get(':id')
  @RequireScope('clocks:write')
  @ApiDoor({
    name: 'getTestClock',
    tag: 'test-clocks',
    summary: 'Reads a test clock',
    path: TestClockPath,
    answers: { 200: TestClockAnswer },
    errors: ['not-found'],
  })
  async get(@Param() path: unknown) {
    return toRestTestClock(await this.clocks.get(fromRestTestClockId(path)));
  }

  /** Lets an account live by the clock. */
  @Post(':id/accounts')
  @HttpCode(200)
  @RequireScope('clocks:write')
  @ApiDoor({
    name: 'attachAccount',
    tag: 'test-clocks',
    summary: 'Lets an account live by a test clock from now on',
    path: TestClockPath,
    body: AttachAccount.meta({ example: { account: 'org:acme' } }),
    answers: { 200: TestClockAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async attach(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const wanted = fromRestAttachAccount(body);
    return toRestTestClock(await this.moving.attach(caller, fromRestTestClockId(path), wanted));
  }

  /** Moves the clock; answers when all that fell due on the way is done. */
  @Post(':id/advance')
  @HttpCode(200)
  @RequireScope('clocks:write')
  @ApiDoor({
    name: 'advanceTestClock',
    tag: 'test-clocks',
    summary: 'Moves a test clock forward and does what falls due on the way',
    path: TestClockPath,
    body: AdvanceTestClock.meta({ example: { now: '2026-02-01T02:00:00Z' } }),
    answers: { 200: TestClockAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async advance(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const now = fromRestAdvance(body);
    return toRestTestClock(await this.moving.advance(caller, fromRestTestClockId(path), now));
  }

  /** Takes the clock away; its accounts live by everybody's time again. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScope('clocks:write')
  @ApiDoor({
    name: 'deleteTestClock',
    tag: 'test-clocks',
    summary: 'Takes a test clock away; its accounts live by everybody’s time again',
    path: TestClockPath,
    answers: { 204: null },
    errors: ['not-found'],
  })
  async remove(@Param() path: unknown): Promise<void> {
    await this.clocks.remove(fromRestTestClockId(path));
  }
}
