/**
 * The rules of the project; a warning fails like an error (`npm run lint`). The size limits here are the hard ones:
 * the taste to aim for is tighter (functions of 40 lines, files of 250, 3 parameters, nesting of 2).
 */
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { plugin } from './tooling/eslint/plugin.mjs';

const TESTS = ['test/**', 'bench/**'];

/** Time and chance come in as arguments or through platform's Clock and Ids, so that every run can be repeated. */
const AMBIENT = [
  { selector: 'MemberExpression[object.name="Date"][property.name="now"]', message: 'Inject Clock.' },
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Inject Clock.' },
  { selector: 'CallExpression[callee.name="Date"]', message: 'Inject Clock.' },
  { selector: 'MemberExpression[object.name="Math"][property.name="random"]', message: 'Inject Ids.' },
  { selector: 'MemberExpression[property.name="randomUUID"]', message: 'Inject Ids.' },
  { selector: 'ImportSpecifier[imported.name="randomUUID"]', message: 'Inject Ids.' },
];

const BARRELS = [{ selector: 'ExportAllDeclaration', message: 'No barrels: import the file that says it.' }];

/** A test that does not run proves nothing. */
const HIDDEN_TESTS = [
  {
    selector:
      'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo|failing)$/]',
    message: 'Every test runs; a suite whose engine is missing goes through test/support.',
  },
  {
    selector: 'CallExpression[callee.name=/^(fit|fdescribe|xit|xtest|xdescribe)$/]',
    message: 'Every test runs; a suite whose engine is missing goes through test/support.',
  },
];

const restrict = (...lists) => ['error', ...lists.flat()];

/** Every global of the Node that runs the linter: new ones come with it, and none is kept by hand. */
const NODE_GLOBALS = Object.fromEntries(
  Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']),
);

const TYPED = ['src/**/*.ts', 'migrations/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'ormconfig.ts'];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      'node_modules/',
      'src/generated/',
      'clients/',
      '.tallyhouse/',
      'docs/api/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    plugins: { tallyhouse: plugin },
    rules: {
      'tallyhouse/todo-names-issue': 'error',
      'tallyhouse/max-positional-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
      'max-depth': ['error', 3],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-console': 'error',
      'no-restricted-syntax': restrict(AMBIENT, BARRELS),
    },
  },
  {
    files: ['**/*.{mjs,cjs,js}'],
    languageOptions: {
      globals: { ...NODE_GLOBALS, require: 'readonly', module: 'writable', __dirname: 'readonly' },
    },
    rules: { 'no-console': 'off' },
  },
  {
    files: TYPED,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true }],
      // An amount is a bigint with a mark of its unit, which this rule takes for an object.
      '@typescript-eslint/no-unsafe-unary-minus': 'off',
      // A listener whose promise is forgotten is refused; a property may be awaited by a library that types it as void.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { properties: false } }],
      // A method of an interface may be asynchronous although this one implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['src/platform/**'], rules: { 'no-restricted-syntax': restrict(BARRELS) } },
  { files: ['src/main.ts', 'src/cli/**', 'src/**/*.cli.ts'], rules: { 'no-console': 'off' } },
  {
    // Time is counted in whole milliseconds and buckets in small integers; those are no amounts.
    files: ['src/core/**/*.ts', 'src/**/*.wire.ts'],
    ignores: ['period', 'window', 'instant', 'account-key', 'event-key'].map((name) => `src/core/${name}.ts`),
    rules: { 'tallyhouse/no-float-amounts': 'error' },
  },
  {
    files: TESTS,
    rules: {
      'no-restricted-syntax': restrict(HIDDEN_TESTS),
      'no-console': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      // A describe block holds many short tests; its length says nothing.
      'max-lines-per-function': 'off',
      // Answers of a door are read as what they are asserted to be.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['test/support/**'], rules: { 'no-restricted-syntax': 'off' } },
);
