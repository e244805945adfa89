import { Global, Module, type DynamicModule } from '@nestjs/common';
import { RedisModule as NestRedisModule, RedisService } from '@liaoliaots/nestjs-redis';
import type { Redis, RedisOptions } from 'ioredis';
import type { Config } from './config';
import { Logger } from './logger';

/** Injection token of the Redis client: null when no Redis is configured. */
export const REDIS = Symbol('redis');

/** A Redis that is away must cost a caller nothing but the one command that found out. */
export const IMPATIENT: RedisOptions = {
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  connectTimeout: 1_000,
  commandTimeout: 500,
  retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
};

/**
 * Redis, where `REDIS_URL` names one. It never holds the truth and is never on the write path: whoever uses it has an answer
 * for the case that it is not there.
 */
@Global()
@Module({})
export class RedisModule {
  static forRoot({ redisUrl }: Pick<Config, 'redisUrl'>): DynamicModule {
    if (redisUrl === null) {
      return { module: RedisModule, providers: [{ provide: REDIS, useValue: null }], exports: [REDIS] };
    }
    return {
      module: RedisModule,
      imports: [NestRedisModule.forRoot({ errorLog: false, config: { ...IMPATIENT, url: redisUrl } })],
      providers: [
        {
          provide: REDIS,
          inject: [RedisService, Logger],
          useFactory: (redis: RedisService, logger: Logger) => watched(redis.getOrThrow(), logger),
        },
      ],
      exports: [REDIS],
    };
  }
}

/** Says once that Redis went away and once that it is back, not at every attempt in between. */
function watched(client: Redis, logger: Logger): Redis {
  let isAway = false;
  client.on('error', (error: Error) => {
    if (!isAway) logger.warn({ err: error }, 'Redis cannot be reached; going on without it');
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) logger.info({}, 'Redis is back');
    isAway = false;
  });
  return client;
}
