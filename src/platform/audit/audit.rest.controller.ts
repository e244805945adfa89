import { Controller, Get, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import type { Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { ListAudit } from './audit.commands';
import { Audit } from './audit.service';
import { AuditPageAnswer, fromRestListAudit, toRestAuditPage } from './audit.wire';

@Controller('api/v1/audit')
export class AuditController {
  constructor(private readonly audit: Audit) {}

  /** Who changed what, newest first. */
  @Get()
  @RequireScope('audit:read')
  @ApiDoor({
    name: 'listAudit',
    tag: 'audit',
    summary: 'Lists who changed what, newest first',
    description:
      'Entries of the installation itself (keys, catalogue) are shown to keys that act for all accounts. `tallyhouse audit verify` proves that none was changed or removed.',
    query: ListAudit,
    answers: { 200: AuditPageAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    return toRestAuditPage(await this.audit.list(caller, fromRestListAudit(query)));
  }
}
