import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '../core/errors';
import type { PlanOffer } from '../core/plan';
import { parsePlan } from '../core/plan-shape';

/** A file with plans in it, as text. */
export interface PlanFile {
  readonly path: string;
  readonly text: string;
}

/** What files say: their plans, each with the file it stands in, and everything that is wrong, a line each. */
export interface FiledPlans {
  readonly plans: readonly { readonly path: string; readonly offer: PlanOffer }[];
  readonly problems: readonly string[];
}

const FILE_BYTES_MAX = 1_048_576;
const FILES_MAX = 1_000;
const PLANS_MAX = 1_000;
const DEPTH_MAX = 64;
/** Values of one file with its aliases followed: a few lines of aliases can stand for more than a memory holds. */
const VALUES_MAX = 100_000;

const YAML_NAME = /\.ya?ml$/;

/** The files that are meant, each folder standing for the YAML files right in it. Problems are a line each. */
export function openPlanFiles(paths: readonly string[]): { files: PlanFile[]; problems: string[] } {
  const files: PlanFile[] = [];
  const problems: string[] = [];
  for (const path of paths.flatMap((each) => filesBelow(each)).slice(0, FILES_MAX)) {
    const text = textOf(path);
    if (typeof text === 'string') files.push({ path, text });
    else problems.push(`${path}: ${text.problem}`);
  }
  return { files, problems };
}

function filesBelow(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => YAML_NAME.test(name));
  return names.sort().map((name) => join(path, name));
}

function textOf(path: string): string | { problem: string } {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return { problem: 'there is no such file' };
    if (found.size > FILE_BYTES_MAX) return { problem: `is larger than ${FILE_BYTES_MAX} bytes` };
    const bytes = readFileSync(path);
    return isUtf8(bytes) ? bytes.toString('utf8') : { problem: 'is not UTF-8' };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads every plan of every file; a key may stand in only one place. */
export function readPlanFiles(files: readonly PlanFile[]): FiledPlans {
  const plans: { path: string; offer: PlanOffer }[] = [];
  const problems: string[] = [];
  const places = new Map<string, string>();
  for (const { path, text } of files) {
    const note = (field: string, reason: string): void => void problems.push(`${path}: ${field}: ${reason}`);
    listOf(text, note).forEach((json, index) => {
      const offer = offerOf(json, `plans[${index}]`, note);
      if (!offer) return;
      const place = places.get(offer.key);
      if (place !== undefined) note(`plans[${index}].key`, `${offer.key} stands in ${place} already`);
      else places.set(offer.key, `plans[${index}] of ${path}`);
      plans.push({ path, offer });
    });
  }
  return { plans, problems };
}

type Note = (field: string, reason: string) => void;

function listOf(text: string, note: Note): readonly unknown[] {
  const content = contentOf(text, note);
  if (content === undefined) return [];
  if (isTooLarge(content)) {
    note('file', `holds more than ${VALUES_MAX} values when its aliases are followed`);
    return [];
  }
  const isMapping = typeof content === 'object' && content !== null && !Array.isArray(content);
  const { plans, ...others } = isMapping ? (content as Record<string, unknown>) : {};
  for (const name of Object.keys(others)) note(name, 'is not a known field');
  if (Array.isArray(plans) && plans.length <= PLANS_MAX) return plans as unknown[];
  note('plans', `must be a list of at most ${PLANS_MAX} plans`);
  return [];
}

function contentOf(text: string, note: Note): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA, maxDepth: DEPTH_MAX });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    note(mark ? `line ${mark.line + 1}` : 'file', reason ?? 'is not YAML');
    return undefined;
  }
}

function isTooLarge(content: unknown): boolean {
  const open = [content];
  for (let count = 0; open.length > 0; count++) {
    if (count + open.length > VALUES_MAX) return true;
    const value = open.pop();
    if (typeof value === 'object' && value !== null)
      for (const inner of Object.values(value)) open.push(inner);
  }
  return false;
}

function offerOf(json: unknown, field: string, note: Note): PlanOffer | undefined {
  try {
    return parsePlan(json, field);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    for (const problem of error.fields) note(problem.field, problem.reason);
    return undefined;
  }
}
