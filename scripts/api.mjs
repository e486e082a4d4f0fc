// npm run api [-- --check]: writes the public types, index.d.ts and types/, from src/index.ts (docs/design/types.md).
// They are committed: their diff is the diff of the public API. --check fails when they have drifted from the sources.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { flag, readArgs } from './lib/args.mjs'
import { fail, inRoot, isMain, runTool } from './lib/run.mjs'
import { subpathDrift } from './lib/namespaces.mjs'
import { filesBelow } from './lib/stamp.mjs'

const FOLDER = '.cache/api'
// A project whose `lib` is older than Symbol.dispose gets it from here.
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n'

/** Path → text of index.d.ts and of the files in types/, which has the folders of src/. */
async function generate() {
  const { format } = await import('prettier')
  const { publicDeclarations } = await import('./lib/declarations.mjs')
  await emit()
  const style = JSON.parse(readFileSync(inRoot('.prettierrc'), 'utf8'))
  const files = new Map()
  for (const [path, text] of publicDeclarations(inRoot(FOLDER, 'index.d.ts'))) {
    const file = path === 'index.d.ts' ? path : `types/${path}`
    if (/ from ['"]node:/.test(text)) fail(`${file}: a public type imports from Node, so it would need @types/node`)
    const moved = path === 'index.d.ts' ? text.replaceAll(/from (['"])\.\//g, 'from $1./types/') : text
    const head = `${moved.includes('Symbol.dispose') ? DISPOSABLE : ''}${header(path)}`
    files.set(file, await format(head + moved, { ...style, parser: 'typescript' }))
  }
  return files
}

const header = (path) => `// Generated from src/${path.replace(/\.d\.ts$/, '.ts')} by \`npm run api\`. Do not edit.\n\n`

/** A declaration file for each module of src/. A member marked @internal is public for the compiler only. */
async function emit() {
  rmSync(inRoot(FOLDER), { recursive: true, force: true })
  const args = ['--emitDeclarationOnly', '--stripInternal', '--removeComments', 'false', '--outDir', FOLDER]
  const { code } = await runTool('typescript', 'tsc', ['-p', 'tsconfig.build.json', ...args])
  if (code !== 0) fail('src/ does not compile: the errors are above')
}

const committed = () => filesBelow(['index.d.ts', 'types'])

export async function writeApi() {
  const wrong = subpathDrift()
  if (wrong) fail(wrong)
  const files = await generate()
  for (const file of committed()) if (!files.has(file)) rmSync(inRoot(file))
  for (const [file, text] of files) {
    mkdirSync(inRoot(dirname(file)), { recursive: true })
    writeFileSync(inRoot(file), text)
  }
}

/** The first difference between the committed types and src/index.ts, or null. */
export async function apiDrift() {
  const wrong = subpathDrift()
  if (wrong) return wrong
  const files = await generate()
  const extra = committed().find((file) => !files.has(file))
  if (extra) return `${extra}: src/index.ts makes nothing of it public`
  for (const [file, text] of files) {
    if (!existsSync(inRoot(file))) return `${file}: missing`
    const drift = firstDifference(file, text)
    if (drift) return drift
  }
  return null
}

function firstDifference(file, text) {
  const [want, have] = [text, readFileSync(inRoot(file), 'utf8')].map((all) => all.split('\n'))
  if (want.join('\n') === have.join('\n')) return null
  const line = Array.from({ length: Math.max(want.length, have.length) }).findIndex((_, i) => want[i] !== have[i])
  return `${file}:${line + 1}: have ${JSON.stringify(have[line] ?? '')}, src gives ${JSON.stringify(want[line] ?? '')}`
}

if (isMain(import.meta.url)) {
  if (!readArgs({ options: { check: flag } }).values.check) await writeApi()
  else {
    const drift = await apiDrift()
    if (drift) fail(`${drift}\nThe public types are out of date: run \`npm run api\` and commit them`)
  }
}
