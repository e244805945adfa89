import { ERRORS, type ErrorCode } from '../../core/errors';
import { CREDENTIAL_NEEDED } from '../auth/credentials';
import type { Problem } from './problem';
import type { ErrorShape } from './route-config';
import { ORGANIZATION_MISMATCH, wrongField } from './scorpius-words';

/** A failure as HTTP: everything a reply needs. */
export interface ErrorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | null;
  readonly body: object;
}

interface Wording {
  readonly shape: ErrorShape;
  readonly correlationId: string;
  /** An original's own word for a fault of the service. */
  readonly internalText?: string;
}

/** Words a problem in the shape of its door. */
export function errorAnswer(problem: Problem, wording: Wording): ErrorAnswer {
  const { status, ...rest } = SHAPES[wording.shape](problem, wording);
  const retryAfter = problem.retryAfterSeconds === null ? null : String(problem.retryAfterSeconds);
  return { status, retryAfter, ...rest };
}

/** The status of a failure in the shape of its door. */
export function statusOf(code: ErrorCode, shape: ErrorShape): number {
  return shape === 'scorpius' && code === 'invalid-argument' ? 422 : ERRORS[code].http;
}

type Shaped = Omit<ErrorAnswer, 'retryAfter'>;

const SHAPES: Record<ErrorShape, (problem: Problem, wording: Wording) => Shaped> = {
  /** RFC 9457. */
  problem(problem, { correlationId }) {
    const { title, http } = ERRORS[problem.code];
    const body = {
      type: 'about:blank',
      title,
      status: http,
      code: problem.code,
      detail: problem.detail,
      ...(problem.fields.length > 0 ? { errors: problem.fields } : {}),
      correlation_id: correlationId,
    };
    return { status: http, contentType: 'application/problem+json; charset=utf-8', body };
  },

  /** Waybill's bodies carry one text; its word for a missing or wrong key is fixed. */
  waybill(problem, { internalText }) {
    const text = { unauthenticated: 'unauthorized', internal: internalText ?? 'internal error' };
    const error = problem.code in text ? text[problem.code as keyof typeof text] : problem.detail;
    return {
      status: ERRORS[problem.code].http,
      contentType: 'application/json; charset=utf-8',
      body: { error },
    };
  },

  /** Scorpius's bodies carry one text, or every wrong field where the request could not be read. */
  scorpius(problem, { internalText }) {
    const { code, fields } = problem;
    const isUnreadable = code === 'invalid-argument' && fields.length > 0;
    return {
      status: statusOf(code, 'scorpius'),
      contentType: 'application/json; charset=utf-8',
      body: { detail: isUnreadable ? fields.map(wrongField) : scorpiusText(problem, internalText) },
    };
  },
};

/** The original's fixed texts; what it had no word for is told in ours. */
function scorpiusText({ code, detail }: Problem, internalText = 'Internal server error'): string {
  switch (code) {
    case 'unauthenticated':
      return detail === CREDENTIAL_NEEDED ? 'Not authenticated' : 'Invalid authentication token';
    case 'forbidden':
      return detail === ORGANIZATION_MISMATCH ? detail : 'Access denied';
    case 'not-found':
      return 'Organization not found';
    case 'internal':
      return internalText;
    default:
      return detail;
  }
}
