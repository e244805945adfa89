import { z } from 'zod';
import { invalid } from '../core/errors';
import type { PlanOffer } from '../core/plan';
import { isObject } from '../core/json-object';
import { parsePlan } from '../core/plan-shape';
import { PageQuery } from '../platform/doors/pagination';
import { parsedBy } from '../platform/doors/parsed-by';
import { PLAN_KEY, PlanJson } from './plan-description';

export const PlanPath = z.strictObject({ key: PLAN_KEY.meta({ example: 'starter' }) });

export const ListPlans = PageQuery;
export type ListPlans = z.infer<typeof ListPlans>;

/** The body of `PUT /api/v1/catalogue/plans/{key}`: a plan as it stands in a file, with or without its key. */
export const PutPlan = (key: string) =>
  parsedBy(PlanJson, (json, field): PlanOffer => {
    const offer = parsePlan(isObject(json) && !Object.hasOwn(json, 'key') ? { key, ...json } : json, field);
    if (offer.key !== key) throw invalid(`${field}.key`, 'must be the key of the path or be left out');
    return offer;
  });

/** For the API document, which needs no key. */
export const PutPlanBody = PlanJson;
