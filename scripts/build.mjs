// npm run build [-- --addon | --ts]: the Rust addon (native/), the TypeScript build (dist/) and index.d.ts.
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { writeApi } from './api.mjs'
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
    const { code } = await runTool('@napi-rs/cli', 'napi', args)
    if (code !== 0 || !addonFile()) fail('the addon did not build: the compiler output is above')
    writeStamp('addon', sources)
  })
}

/** dist/ is made anew, so that a deleted source leaves nothing behind. */
export async function buildTypeScript() {
  await timed('building TypeScript', async () => {
    const sources = sourceHash('ts')
    rmSync(inRoot('dist'), { recursive: true, force: true })
    const { code } = await runTool('typescript', 'tsc', ['-p', 'tsconfig.build.json'])
    if (code !== 0) fail('TypeScript did not compile: the errors are above')
    // tsc copies no .d.ts file that it has not made; the types of dist/native refer to this one.
    const binding = 'native/binding.d.ts'
    if (existsSync(inRoot('src', binding))) copyFileSync(inRoot('src', binding), inRoot('dist', binding))
    writeStamp('ts', sources)
  })
}

if (isMain(import.meta.url)) {
  const only = process.argv.slice(2)
  if (!only.length || only.includes('--addon')) await buildAddon()
  if (!only.length || only.includes('--ts')) await buildTypeScript()
  if (!only.length) await timed('writing index.d.ts', writeApi)
}
