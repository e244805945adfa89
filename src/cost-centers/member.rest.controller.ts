import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AccountPath } from './account.commands';
import { fromRestAccountKey } from './account.wire';
import { PutMembersBody } from './member.commands';
import { MemberService } from './member.service';
import { MembersAnswer, fromRestPutMembers, toRestMembers } from './member.wire';

@Controller('api/v1/accounts/:key/members')
export class MemberController {
  constructor(private readonly members: MemberService) {}

  /** Who belongs to the account. */
  @Get()
  @RequireScope('accounts:read')
  @ApiDoor({
    name: 'listMembers',
    tag: 'accounts',
    summary: 'Lists who belongs to an account, in the order in which they joined',
    path: AccountPath,
    answers: { 200: MembersAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestMembers(await this.members.list(caller, fromRestAccountKey(path)));
  }

  /** Says who belongs to the account. */
  @Put()
  @RequireScope('accounts:write')
  @ApiDoor({
    name: 'putMembers',
    tag: 'accounts',
    summary: 'Says who belongs to an account',
    description:
      'Whoever is not named belongs to it no more. The member who joined first decides whether the account gets the ' +
      'free allowance: a person, and an e-mail address, has it for one account only.',
    path: AccountPath,
    body: PutMembersBody.meta({
      example: {
        members: [
          {
            user_id: '00000000-0000-4000-8000-000000000001',
            role: 'owner',
            joined_at: '2026-01-31T10:00:00Z',
            email: 'ann@example.org',
          },
        ],
      },
    }),
    answers: { 200: MembersAnswer },
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    return toRestMembers(await this.members.put(caller, fromRestAccountKey(path), fromRestPutMembers(body)));
  }
}
