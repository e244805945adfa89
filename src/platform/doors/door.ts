import type { DoorRule } from '../auth/door-rule';
import type { ApiDoor } from './open-api-door';
import type { ErrorShape } from './route-config';

/** A live HTTP route and what it declares; a null rule means that somebody forgot. */
export interface HttpRoute {
  readonly methods: readonly string[];
  /** The template, such as `/api/v1/api-keys/:id`. */
  readonly url: string;
  readonly rule: DoorRule | null;
  readonly errorShape: ErrorShape;
  /** What the API document says of it; null means that somebody forgot, or that it is a page. */
  readonly api: ApiDoor | null;
  /** Whether it is looked at by people rather than called by programs. */
  readonly isPage: boolean;
}

/** One way in: a method of a route, or an rpc. */
export interface Door {
  readonly kind: 'rest' | 'grpc';
  /** `GET /api/v1/api-keys` or `/metering.v1.MeteringService/RecordEvents`. */
  readonly name: string;
  readonly rule: DoorRule | null;
}
