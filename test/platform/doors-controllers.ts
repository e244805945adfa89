import { Body, Controller, Get, Post } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import { DomainError } from '../../src/core/errors';
import { CurrentPrincipal } from '../../src/platform/auth/current-principal';
import type { Principal } from '../../src/platform/auth/principal';
import { Public, RequireScope } from '../../src/platform/auth/require-scope';
import { AnswerErrorsAs } from '../../src/platform/doors/route-config';

const Order = z.strictObject({
  events: z.array(z.strictObject({ id: z.string().min(1), quantity: z.union([z.string(), z.int()]) })).max(5),
});

/** What a failing door throws, by the word it is asked with. */
export function failAs(word: string): never {
  switch (word) {
    case 'bug':
      throw new TypeError('Cannot read properties of undefined, key th_abcdefghij_secret');
    case 'text':
      throw 'a thrown text' as unknown as Error;
    case 'unavailable':
      throw new DomainError('unavailable', 'The database cannot be reached', [], 0.2);
    case 'rate-limited':
      throw new DomainError('rate-limited', 'Too many requests', [], 7);
    case 'conflict':
      throw new DomainError('conflict', 'Differs', [{ field: 'quantity', reason: 'was 3' }]);
    case 'fields':
      Order.parse({
        events: [
          { id: '', quantity: true },
          { id: 'b', quantity: '1', own: 1 },
        ],
        more: 1,
      });
  }
  throw new DomainError('internal', `nobody may read this: ${word}`);
}

@Controller('test')
export class RestDoors {
  @Get('who')
  @RequireScope('usage:read')
  who(@CurrentPrincipal() principal: Principal) {
    return { id: principal.id, kind: principal.kind, accounts: principal.accounts };
  }

  @Post('internal')
  @RequireScope('events:write', { internalKey: true })
  internal(@CurrentPrincipal() principal: Principal) {
    return { kind: principal.kind };
  }

  @Get('open')
  @Public()
  open() {
    return { open: true };
  }

  @Post('fail')
  @RequireScope('events:write')
  fail(@Body() body: { as: string }): void {
    failAs(body.as);
  }

  @Post('waybill')
  @RequireScope('events:write', { internalKey: true })
  @AnswerErrorsAs('waybill', 'failed to record event')
  waybill(@Body() body: { as: string }): void {
    failAs(body.as);
  }

  @Post('parse')
  @RequireScope('events:write')
  parse(@Body() body: unknown) {
    return { parsed: body };
  }
}

/** A door whose author forgot to say who may use it. */
@Controller('forgotten')
export class ForgottenDoor {
  @Get()
  forgotten() {
    return { secret: true };
  }
}

interface Text {
  text: string;
}

interface TextStream {
  on(event: 'data', listener: (message: Text) => void): void;
  on(event: 'end', listener: () => void): void;
  write(message: Text): void;
  end(): void;
}

@Controller()
export class GrpcDoors {
  @GrpcMethod('EchoService', 'Echo')
  @RequireScope('usage:read', { internalKey: true })
  echo(@Payload() { text }: Text, @CurrentPrincipal() principal: Principal): Text {
    return { text: `${text} from ${principal.kind}` };
  }

  @GrpcMethod('EchoService', 'Fail')
  @RequireScope('events:write')
  fail({ text }: Text): Text {
    return failAs(text);
  }

  @GrpcStreamCall('EchoService', 'Stream')
  @RequireScope('events:write')
  stream(call: TextStream): void {
    call.on('data', (message) => (message.text === 'stop' ? call.end() : call.write(message)));
    call.on('end', () => call.end());
  }
}

@Controller()
export class ForgottenRpc {
  @GrpcMethod('EchoService', 'Forgotten')
  forgotten(message: Text): Text {
    return message;
  }
}
