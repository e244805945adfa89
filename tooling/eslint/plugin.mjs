import { maxPositionalParams } from './max-positional-params.mjs';
import { noFloatAmounts } from './no-float-amounts.mjs';
import { todoNamesIssue } from './todo-names-issue.mjs';

/** The project's own lint rules, under the prefix `tallyhouse/`. */
export const plugin = {
  rules: {
    'max-positional-params': maxPositionalParams,
    'no-float-amounts': noFloatAmounts,
    'todo-names-issue': todoNamesIssue,
  },
};
