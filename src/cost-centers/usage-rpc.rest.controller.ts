import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { ApiDoor } from '../platform/doors/open-api-door';
import { NothingAnswer, ProtoNothing } from '../platform/doors/proto-json';
import { twinOf } from '../platform/doors/rpc-twin';
import { UsageRpcService } from './usage-rpc.service';
import {
  AccountBody,
  BalanceAnswer,
  CostCenterRpcAnswer,
  CreditNoteBody,
  SetCostCenterBody,
  fromRpcAccount,
  fromRpcCreditNote,
  fromRpcSetCostCenter,
  idempotencyKeyOf,
  toRestRpcCostCenter,
  toRpcBalance,
} from './usage-rpc.wire';

/** The REST twins of the part of usage.v1.UsageService about cost centres and what accounts owe. */
@Controller('api/v1/usage.v1.UsageService')
export class UsageRpcController {
  constructor(private readonly service: UsageRpcService) {}

  @Post('GetCostCenter')
  @HttpCode(200)
  @RequireScope('cost-centers:read')
  @ApiDoor(
    twinOf('GetCostCenter', {
      summary: 'Reads a cost centre, making it when there is none and renewing it when its cycle is over',
      body: AccountBody,
      answer: CostCenterRpcAnswer,
    }),
  )
  async getCostCenter(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    const account = fromRpcAccount(AccountBody.parse(body ?? {}));
    return toRestRpcCostCenter(await this.service.getCostCenter(caller, account));
  }

  @Post('SetCostCenter')
  @HttpCode(200)
  @RequireScope('cost-centers:write')
  @ApiDoor(
    twinOf('SetCostCenter', {
      summary: 'Says who bills an account and what it may spend',
      description: 'A strategy that is left out is STRIPE: the debt is then settled.',
      body: SetCostCenterBody,
      answer: CostCenterRpcAnswer,
    }),
  )
  async setCostCenter(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    const wanted = fromRpcSetCostCenter(SetCostCenterBody.parse(body ?? {}));
    return toRestRpcCostCenter(await this.service.setCostCenter(caller, wanted));
  }

  @Post('ResetUsage')
  @HttpCode(200)
  @RequireScope('jobs:run')
  @ApiDoor(
    twinOf('ResetUsage', {
      summary: 'Renews every allowance whose cycle is over',
      body: ProtoNothing,
      answer: NothingAnswer,
    }),
  )
  async resetUsage(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    ProtoNothing.parse(body ?? {});
    await this.service.resetUsage(caller);
    return {};
  }

  @Post('GetBalance')
  @HttpCode(200)
  @RequireScope('ledger:read')
  @ApiDoor(
    twinOf('GetBalance', {
      summary: 'What an account owes in credits, running usage included',
      body: AccountBody,
      answer: BalanceAnswer,
    }),
  )
  async getBalance(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    return toRpcBalance(await this.service.getBalance(caller, fromRpcAccount(AccountBody.parse(body ?? {}))));
  }

  @Post('AddUsageCreditNote')
  @HttpCode(200)
  @RequireScope('grants:write')
  @ApiDoor({
    ...twinOf('AddUsageCreditNote', {
      summary: 'Gives usage back in whole credits',
      body: CreditNoteBody,
      answer: NothingAnswer,
      errors: ['conflict'],
    }),
    headers: IdempotencyHeaders,
  })
  async addUsageCreditNote(
    @CurrentPrincipal() caller: Principal,
    @Body() body: unknown,
    @Headers() headers: unknown,
  ) {
    const note = fromRpcCreditNote(CreditNoteBody.parse(body ?? {}), idempotencyKeyOf(headers));
    await this.service.addUsageCreditNote(caller, note);
    return {};
  }
}
