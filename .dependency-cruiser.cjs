/** The rules that the module table (modules.cjs) stands for; `npm run modules` checks src against them. */
const { MODULES, COMPOSITION_ROOT, GENERATED_READERS, PRIVATE_KINDS } = require('./modules.cjs');

const anyOf = (names) => `(${names.join('|')})`;

/** One rule for each row of the table: of src, a module reads itself and what its row names. Core has its own rules. */
const rows = Object.entries(MODULES).filter(([name]) => name !== 'core');
const tableRules = rows.map(([name, allowed]) => ({
  name: `${name}-imports-only-its-row`,
  comment: `${name} may import ${allowed.join(', ') || 'nothing'}; see modules.cjs.`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/${anyOf([name, ...allowed, 'generated'])}/` },
}));

const coreRules = [
  {
    name: 'core-is-pure',
    comment:
      'The same facts must give the same bill: core reads no package, no Node module and no other module.',
    severity: 'error',
    from: { path: '^src/core/', pathNot: '^src/core/period\\.ts$' },
    to: { pathNot: '^src/core/' },
  },
  {
    name: 'core-period-reads-the-calendar-only',
    comment: "Time zones need a calendar's data; this one file may read one, and no other package.",
    severity: 'error',
    from: { path: '^src/core/period\\.ts$' },
    to: { pathNot: ['^src/core/', 'node_modules/@js-temporal/polyfill/'] },
  },
];

const borderRules = [
  {
    name: 'no-reach-in',
    comment: "Another module's tables, wire shapes and commands are private; ask its service.",
    severity: 'error',
    from: { path: '^src/([^/]+)/', pathNot: COMPOSITION_ROOT },
    to: { path: `^src/[^/]+/.*\\.${anyOf(PRIVATE_KINDS)}\\.ts$`, pathNot: '^src/$1/' },
  },
  {
    name: 'generated-is-for-doors',
    comment: 'Types of the wire end where a command begins.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/generated/', ...GENERATED_READERS, ...COMPOSITION_ROOT] },
    to: { path: '^src/generated/' },
  },
  {
    name: 'generated-imports-nothing-of-ours',
    comment: 'What is generated knows the contracts only.',
    severity: 'error',
    from: { path: '^src/generated/' },
    to: { path: '^src/', pathNot: '^src/generated/' },
  },
  {
    name: 'every-folder-is-in-the-table',
    comment: 'A new folder of src needs a row in modules.cjs before it can import anything.',
    severity: 'error',
    from: {
      path: '^src/',
      pathNot: [`^src/${anyOf([...Object.keys(MODULES), 'generated'])}/`, ...COMPOSITION_ROOT],
    },
    to: {},
  },
  {
    name: 'src-imports-only-src',
    comment: 'Tests, benchmarks and migrations read src, never the other way round.',
    severity: 'error',
    from: { path: '^src/' },
    to: { path: '^(test|bench|clients|proto|tooling)/' },
  },
];

const packageRules = [
  {
    name: 'no-circular',
    comment: 'A cycle means that two files are one idea, or that one of them is in the wrong module.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'not-to-unresolvable',
    comment: 'An import that leads nowhere.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'only-declared-packages',
    comment: 'A package of another package, or one for development, is not there in production.',
    severity: 'error',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
];

module.exports = {
  forbidden: [...tableRules, ...coreRules, ...borderRules, ...packageRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
