// npm run build [-- --addon | --ts]: the Rust addon (native/), the TypeScript build (dist/) and index.d.ts.
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { writeApi } from './api.mjs'
import { crateCounter } from './lib/crates.mjs'
import { fail, inRoot, isMain, runTool, timed } from './lib/run.mjs'
import { addonFile, sourceHash, writeStamp } from './lib/stamp.mjs'

/** The addon in release mode: the one profile of tests and users. --no-js: the loader is ours (src/native/load.ts). */
export async function buildAddon({ features = [] } = {}) {
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
    if (features.length) args.push('--features', features.join(','))
    const { code } = await runTool('@napi-rs/cli', 'napi', args, { onLine: crateCounter() })
    if (code !== 0 || !addonFile()) fail('the addon did not build: the compiler output is above')
    writeStamp('addon', sources)
  })
}

/** Modules of src/ as JavaScript, one file each: what dist/ is made of. */
const modules = '.cache/ts'

/** Both folders are made anew, so that a deleted source leaves nothing behind. */
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

/** One file, dist/index.js: to find, read and link 170 modules takes a process 80 ms longer. */
async function bundle() {
  const { rollup } = await import('rollup')
  const { dependencies = {} } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const names = Object.keys(dependencies)
  const made = await rollup({
    input: inRoot(modules, 'index.js'),
    external: (id) => id.startsWith('node:') || names.some((name) => id === name || id.startsWith(`${name}/`)),
    onLog(level, log) {
      // Classes refer to each other across files; they are used when all have been made.
      if (level === 'warn' && log.code !== 'CIRCULAR_DEPENDENCY') fail(`rollup: ${log.message}`)
    },
  })
  await made.write({ file: inRoot('dist/index.js'), format: 'es', inlineDynamicImports: true })
}

if (isMain(import.meta.url)) {
  const only = process.argv.slice(2)
  if (!only.length || only.includes('--addon')) await buildAddon()
  if (!only.length || only.includes('--ts')) await buildTypeScript()
  if (!only.length) await timed('writing index.d.ts', writeApi)
}
