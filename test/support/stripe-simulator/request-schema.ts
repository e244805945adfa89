import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { readData, type Route } from './catalogue';
import { paramName } from './form';
import type { StripeObject } from './stripe-object';
import { invalidRequest, type StripeRefusal } from './stripe-refusal';

const schemas = readData<{ definitions: Record<string, object> }>('request-schemas.sdk-20.4.1.json.gz');
const options = { strict: false, allErrors: true, validateFormats: false, inlineRefs: false } as const;
/** A form knows only texts, JSON knows numbers: the first is coerced, the second is not. */
const forms = new Ajv({ ...options, coerceTypes: true }).addSchema({ $id: 'stripe', ...schemas });
const json = new Ajv(options).addSchema({ $id: 'stripe', ...schemas });
const compiled = new Map<string, ValidateFunction>();

/** Lines whose amounts are minor units; the SDK's types cannot say that a number is whole. */
const WHOLE =
  /^(amount|unit_amount|quantity|limit|timestamp|created|frozen_time|.*_(?:at|time|anchor|days|count|date))$/;

/** The name of an operation's parameters among the SDK's types: `Stripe.Billing.MeterCreateParams`. */
export function schemaName(route: Pick<Route, 'resource' | 'method'>): string {
  const path = route.resource.split('/');
  const resource = path.pop()!;
  const singular = resource.endsWith('ies') ? `${resource.slice(0, -3)}y` : resource.replace(/s$/, '');
  const method = route.method === 'del' ? 'delete' : route.method;
  return ['Stripe', ...path, `${singular}${method[0]!.toUpperCase()}${method.slice(1)}Params`].join('.');
}

/** Whether the shapes of this operation's parameters are known. */
export function hasSchema(route: Pick<Route, 'resource' | 'method'>): boolean {
  return schemaName(route) in schemas.definitions;
}

/**
 * Checks and completes the parameters in place: numbers and booleans out of texts, `""` of a field that can be unset as null.
 * @throws StripeRefusal 400 with Stripe's codes, the unknown parameter first
 */
export function checkParams(route: Route, params: StripeObject, v2: boolean): void {
  const name = schemaName(route);
  const key = `${v2 ? 'json' : 'form'} ${name}`;
  let validate = compiled.get(key);
  if (!validate) {
    validate = (v2 ? json : forms).compile({ $ref: `stripe#/definitions/${encodeURIComponent(name)}` });
    compiled.set(key, validate);
  }
  if (!validate(params)) throw refusalOf(validate.errors ?? [], params);
  checkEmpty(name, params);
  checkWhole(params, []);
}

function refusalOf(errors: ErrorObject[], params: StripeObject): StripeRefusal {
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  if (unknown) return unknownParameter(unknown);
  const missing = errors.find((error) => error.keyword === 'required');
  if (missing) {
    const param = paramName([...segmentsOf(missing), missing.params.missingProperty as string]);
    return invalidRequest(`A required parameter is missing: ${param}.`, { code: 'parameter_missing', param });
  }
  const error = [...errors].sort((a, b) => b.instancePath.length - a.instancePath.length)[0]!;
  const param = paramName(segmentsOf(error));
  const value = segmentsOf(error).reduce<unknown>((at, part) => (at as StripeObject)?.[part], params);
  const code = error.params.type === 'number' ? 'parameter_invalid_integer' : undefined;
  return invalidRequest(`Invalid value of ${param}: ${JSON.stringify(value)} ${error.message}.`, {
    code,
    param,
  });
}

function unknownParameter(error: ErrorObject): StripeRefusal {
  const param = paramName([...segmentsOf(error), error.params.additionalProperty as string]);
  return invalidRequest(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });
}

function segmentsOf(error: ErrorObject): string[] {
  return error.instancePath.split('/').slice(1);
}

/** An empty text unsets what can be unset; where the type does not allow that, it is a mistake. */
function checkEmpty(name: string, params: StripeObject): void {
  const { properties = {} } = schemas.definitions[name] as {
    properties?: Record<string, { type?: unknown }>;
  };
  const param = Object.keys(params).find((key) => params[key] === '' && properties[key]?.type === 'string');
  if (param) throw invalidRequest(`${param} must not be empty.`, { code: 'parameter_invalid_empty', param });
}

/** What the types cannot say: amounts are whole. */
function checkWhole(value: unknown, path: readonly string[]): void {
  if (typeof value === 'object' && value !== null) {
    if (path.at(-1) === 'metadata') return;
    for (const [key, inner] of Object.entries(value)) checkWhole(inner, [...path, key]);
  }
  const param = paramName(path);
  if (typeof value === 'number' && WHOLE.test(path.at(-1)!) && !Number.isSafeInteger(value)) {
    throw invalidRequest(`${param} must be whole.`, { code: 'parameter_invalid_integer', param });
  }
}
