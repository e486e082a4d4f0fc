// npm run api [-- --check]: writes index.d.ts, all public types in one file, from src/index.ts.
// The file is committed: its diff is the diff of the public API. --check fails when the two have drifted apart.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fail, inRoot, isMain, runTool } from './lib/run.mjs'

const header = '// Generated from src/index.ts by `npm run api`. Do not edit.\n'

async function generate() {
  const { rollup } = await import('rollup')
  const { dts } = await import('rollup-plugin-dts')
  const folder = '.cache/api'
  rmSync(inRoot(folder), { recursive: true, force: true })
  // A member marked @internal is public for the compiler only.
  const args = [
    '-p',
    'tsconfig.build.json',
    '--emitDeclarationOnly',
    '--stripInternal',
    '--removeComments',
    'false',
    '--outDir',
    folder,
  ]
  if ((await runTool('typescript', 'tsc', args)).code !== 0) fail('src/ does not compile: the errors are above')
  const bundle = await rollup({ input: inRoot(folder, 'index.d.ts'), plugins: [dts()], external: [/^node:/] })
  const { output } = await bundle.generate({ format: 'es' })
  return header + output[0].code
}

const current = () => (existsSync(inRoot('index.d.ts')) ? readFileSync(inRoot('index.d.ts'), 'utf8') : '')

export async function writeApi() {
  writeFileSync(inRoot('index.d.ts'), await generate())
}

/** The first line that differs between index.d.ts and src/index.ts, or null. */
export async function apiDrift() {
  const [want, got] = [await generate(), current()].map((text) => text.split('\n'))
  const line = want.findIndex((text, i) => text !== got[i])
  if (line === -1 && want.length === got.length) return null
  const at = line === -1 ? want.length : line
  return `index.d.ts:${at + 1}: have ${JSON.stringify(got[at] ?? '')}, src/index.ts gives ${JSON.stringify(want[at] ?? '')}`
}

if (isMain(import.meta.url)) {
  if (!process.argv.includes('--check')) await writeApi()
  else {
    const drift = await apiDrift()
    if (drift) fail(`${drift}\nindex.d.ts is out of date: run \`npm run api\` and commit it`)
  }
}
