// Which file of src may import which. `npm run imports` checks it (scripts/imports.mjs); imports of types alone do not count.

/** The folders of src in the order of their layers, lowest first. A folder may import lower ones only, so none beside it. */
const LAYERS = [
  ['native'],
  ['generated'],
  ['runtime'],
  ['tensor'],
  ['autograd'],
  ['nn', 'io', 'hub'],
  ['lora', 'optim', 'tokenizer'],
  ['generation'],
  ['models'],
  ['peft', 'adapters'],
  ['data', 'metrics'],
  ['train'],
  ['cli'],
]

const inFolders = (folders) => `^src/(?:${folders.join('|')})/`

/** One rule for each folder: nothing beside it, nothing above it. */
const layers = LAYERS.flatMap((layer, i) =>
  layer.map((folder) => ({
    name: `layer-${folder}`,
    comment: `src/${folder} may import errors.ts and the layers below it: what two folders need of each other lies one layer lower`,
    severity: 'error',
    from: { path: inFolders([folder]) },
    to: {
      path: `^src/(?:index\\.ts$|(?:${[...layer, ...LAYERS.slice(i + 1).flat()].join('|')})/)`,
      pathNot: inFolders([folder]),
    },
  })),
)

export default {
  forbidden: [
    ...layers,
    {
      name: 'layer-errors',
      comment: 'errors.ts lies below all others',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      // The table of codes and their classes comes from the engine. It is data: the next rule keeps it so.
      to: { path: '^src/', pathNot: '^src/generated/error-codes\\.ts$' },
    },
    {
      name: 'error-codes-is-data',
      comment: 'generated/error-codes.ts lies below errors.ts and imports nothing',
      severity: 'error',
      from: { path: '^src/generated/error-codes\\.ts$' },
      to: {},
    },
    {
      name: 'a-folder-for-every-file',
      comment:
        'only index.ts and errors.ts lie at the root of src, and every folder has a layer (LAYERS in .dependency-cruiser.mjs)',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(?:index|errors)\\.ts$', inFolders(LAYERS.flat())] },
      to: {},
    },
    {
      name: 'addon-in-native-only',
      comment: 'only src/native knows the addon: give it a typed function there',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/native/' },
      to: { path: '^src/native/(?:load|binding)\\b' },
    },
    {
      name: 'no-cycle-of-files',
      comment: 'split off what both need, or register the upper one as native/wrap.ts and nn/is-module.ts do',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-cycle-of-folders',
      comment: 'what two folders need of each other lies in a third',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-import-of-the-folder-above',
      comment: 'a folder inside another is its lower part: the rule on cycles takes the two for one folder',
      severity: 'error',
      from: { path: '^(src/.+)/[^/]+/[^/]+$' },
      to: { path: '^$1/[^/]+$' },
    },
    {
      name: 'resolvable',
      comment: 'an import that leads nowhere would escape all other rules',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // Looked at after compiling, so imports of types are gone.
    tsPreCompilationDeps: false,
    moduleSystems: ['es6'],
    doNotFollow: { path: 'node_modules' },
  },
}
