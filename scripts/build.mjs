// npm run build [-- --addon | --ts | --features cuda]: the Rust addon (native/), the TypeScript build (dist/) and the public types (index.d.ts, types/).
// With CUDA only the addon is built, beside the others (scripts/cuda-build.mjs): the last lines say how it is used.
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { writeApi } from './api.mjs'
import { flag, readArgs, readNames, text } from './lib/args.mjs'
import { namespaces } from './lib/namespaces.mjs'
import { fail, inRoot, isMain, packageJson, runTool, timed } from './lib/run.mjs'
import { crateCounter } from './lib/crates.mjs'
import { patterns } from './lib/patterns.mjs'
import { signatureKeys, withChecks } from './options/insert.mjs'
import { addonFile, sourceHash, writeStamp } from './lib/stamp.mjs'

/** The addon in release mode: the one profile of tests and users. --no-js: the loader is ours (src/native/load.ts). */
export async function buildAddon() {
  await timed('building the addon (release; the first build compiles about 150 crates, some minutes)', async () => {
    const sources = sourceHash('addon')
    const args = ['build', '--platform', '--release', '--manifest-path', 'crates/node/Cargo.toml']
    args.push(
      '--package-json-path',
      'package.json',
      '--output-dir',
      'native',
      '--no-js',
      '--no-const-enum',
      '--dts',
      '../src/native/binding.d.ts',
    )
    const { code } = await runTool('@napi-rs/cli', 'napi', args, { onLine: crateCounter() })
    if (code !== 0 || !addonFile()) fail('the addon did not build: the compiler output is above')
    writeStamp('addon', sources)
  })
}

/** Modules of src/ as JavaScript, one file each: what dist/ is made of. */
const modules = '.cache/ts'

/** Both folders are emptied first, so that a deleted source leaves no output. */
export async function buildTypeScript() {
  await timed('building TypeScript', async () => {
    const sources = sourceHash('ts')
    for (const folder of [modules, 'dist']) rmSync(inRoot(folder), { recursive: true, force: true })
    const { code } = await runTool('typescript', 'tsc', ['-p', 'tsconfig.build.json'])
    if (code !== 0) fail('TypeScript did not compile: the errors are above')
    // tsc copies no .d.ts file that it has not made; the types of the modules in native/ refer to this one.
    const binding = 'native/binding.d.ts'
    if (existsSync(inRoot('src', binding))) copyFileSync(inRoot('src', binding), inRoot(modules, binding))
    await bundle()
    writeStamp('ts', sources)
  })
}

/**
 * All modules in one file, dist/loralib.js: finding, reading and linking 170 modules takes 80 ms longer. index.js and a file per
 * namespace export from it, so that `loralib/nn` and `lora.nn` are the same classes.
 */
async function bundle() {
  const { rollup } = await import('rollup')
  const { dependencies = {} } = packageJson()
  const names = Object.keys(dependencies)
  const made = await rollup({
    input: Object.fromEntries(['index', ...namespaces().keys()].map((name) => [name, name])),
    plugins: [entries, checks(), builtins, patterns, ascii],
    external: (id) => id.startsWith('node:') || names.some((name) => id === name || id.startsWith(`${name}/`)),
    // Else an entry would import Node's modules whose names are only used in the chunk.
    treeshake: { moduleSideEffects: 'no-external' },
    onLog(level, log) {
      // Classes refer to each other across files; they are used when all have been made.
      if (level === 'warn' && log.code !== 'CIRCULAR_DEPENDENCY') fail(`rollup: ${log.message}`)
    },
  })
  await made.write({
    dir: inRoot('dist'),
    format: 'es',
    manualChunks: (id) => (entries.is(id) ? null : 'loralib'),
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  })
}

/** Entries that only re-export from a module: if that module were an entry itself, the chunk would get its name and exports. */
const entries = {
  name: 'entries',
  is: (id) => id.startsWith('\0entry:'),
  resolveId: (id, importer) => (importer ? null : `\0entry:${id}`),
  load(id) {
    if (!entries.is(id)) return null
    const name = id.slice('\0entry:'.length)
    const path = inRoot(modules, `${name === 'index' ? name : namespaces().get(name)}.js`)
    return `export * from ${JSON.stringify(path)}`
  },
}

/**
 * Takes Node's modules without `import`, which reads all that a module exports: `node:fs` then loads streams, whether they are used or not, and the package
 * takes some milliseconds longer to start.
 */
const builtins = {
  name: 'builtins',
  renderChunk(code) {
    const taken = code.replace(/^import \{ (.+) \} from ('node:[^']+');$/gm, (line, names, module) => {
      return `const { ${names.replaceAll(' as ', ': ')} } = process.getBuiltinModule(${module});`
    })
    const left = /^(?:import|export)\b.*\bfrom 'node:.*$|^import 'node:.*$/m.exec(taken)
    if (left) fail(`${left[0]}: import the names that are used, e.g. import { join } from 'node:path'`)
    return { code: taken, map: null }
  },
}

/** Escapes what is not ASCII, which stands in texts alone: V8 then keeps one byte for a character and reads the file a tenth faster. */
const ascii = {
  name: 'ascii',
  renderChunk: (code) => ({
    code: code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    map: null,
  }),
}

/** Checks of arguments at the head of each public function (docs/design/options.md). */
function checks() {
  const keys = signatureKeys()
  const folder = `${inRoot(modules)}/`
  return {
    name: 'checks',
    transform(code, id) {
      if (!id.startsWith(folder)) return null
      const path = id.slice(folder.length)
      const module = path.replace(/\.js$/, '').replace(/\W/g, '_')
      const own = keys.get(module)
      keys.delete(module)
      return own === undefined ? null : { code: withChecks(code, path, own), map: null }
    },
    buildEnd(error) {
      if (!error && keys.size > 0)
        fail(`signatures of modules that are not in the package: ${[...keys.keys()].join(', ')}`)
    },
  }
}

if (isMain(import.meta.url)) {
  const { addon, ts, features } = readArgs({ options: { addon: flag, ts: flag, features: text } }).values
  // The one feature of crates/node.
  if (readNames(features, 'feature', ['cuda'])) {
    if (addon || ts) fail('--features builds an addon of its own: leave --addon and --ts out')
    await (await import('./cuda-build.mjs')).buildAndExplain()
  } else {
    const all = !addon && !ts
    if (all || addon) await buildAddon()
    if (all || ts) await buildTypeScript()
    if (all) await timed('writing the public types', writeApi)
  }
}
