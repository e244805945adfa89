/**
 * The module table: who may import whom. dependency-cruiser's rules are made from it (.dependency-cruiser.cjs), so a
 * new module or a new edge is one line here and nothing else.
 */
const BELOW_USAGE = ['core', 'platform', 'ledger', 'pricing', 'cost-centers'];

/** Each folder of src, in the order of the layers, with the folders it may import besides itself. */
const MODULES = {
  core: [],
  platform: ['core'],
  ledger: ['core', 'platform'],
  pricing: ['core', 'platform'],
  stripe: ['core', 'platform'],
  'cost-centers': ['core', 'platform', 'ledger', 'pricing'],
  usage: BELOW_USAGE,
  billing: [...BELOW_USAGE, 'usage', 'stripe'],
  scheduler: ['core', 'platform', 'ledger', 'cost-centers', 'usage', 'billing'],
};

/** The composition root, as patterns of paths: it puts the modules together and may import all of them. */
const COMPOSITION_ROOT = ['^src/main\\.ts$', '^src/app[^/]*\\.ts$', '^src/cli/', '^src/importers/'];

/** The only readers of src/generated, besides the composition root. */
const GENERATED_READERS = ['\\.grpc\\.controller\\.ts$', '\\.wire\\.ts$'];

/** Kinds of file that belong to their module alone. */
const PRIVATE_KINDS = ['entity', 'repository', 'controller', 'wire', 'commands'];

/** Every kind a file name may end with (`name.kind.ts`); a name without a kind is a plain file. */
const FILE_KINDS = [
  'module',
  'service',
  'repository',
  'entity',
  'commands',
  'wire',
  'grpc.controller',
  'rest.controller',
  'job',
  'gateway',
  'guard',
  'cli',
  'seed',
];

/** Names that say nothing about what is inside. */
const BANNED_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'interfaces', 'index'];

module.exports = { MODULES, COMPOSITION_ROOT, GENERATED_READERS, PRIVATE_KINDS, FILE_KINDS, BANNED_NAMES };
