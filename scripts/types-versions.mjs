// npm run types:versions: compiles __test__/types/consumer.ts as a separate package, strict and without skipLibCheck, with each
// TypeScript that is supported and each way of finding modules, with and without @types/node. One row each.
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readArgs } from './lib/args.mjs'
import { duration, inRoot, isMain, packageJson, root, runTool } from './lib/run.mjs'

const FOLDER = '.cache/types-versions'
const FILES = ['consumer.ts', 'require.cts']
/** Installed compilers, oldest first: the project's own and those beside it, `typescript-5.4` and so on. */
const compilers = Object.keys(packageJson().devDependencies).filter((name) => /^typescript(-[\d.]+)?$/.test(name))

const ways = [
  { name: 'nodenext', options: { module: 'nodenext', types: ['node'] } },
  // Without @types/node: the libraries of the language and the browser, which are the default.
  { name: 'bundler', options: { module: 'esnext', moduleResolution: 'bundler', types: [] } },
  // Projects whose compiler does not read `exports`: the oldest is enough, and TypeScript 7 has dropped it.
  { name: 'node10', options: { module: 'esnext', moduleResolution: 'node10', types: ['node'] }, below: 5.5 },
]
/** The first version in which `require` accepts these modules. */
const REQUIRE = 5.8

export async function typesVersions() {
  makeConsumer()
  let [passed, failed] = [0, 0]
  for (const compiler of compilers) {
    const { version } = JSON.parse(readFileSync(inRoot('node_modules', compiler, 'package.json'), 'utf8'))
    const chosen = ways.filter(({ below = Infinity }) => Number.parseFloat(version) < below)
    for (const { ok, line, out } of await Promise.all(chosen.map((way) => compile(compiler, version, way)))) {
      console.log(`   ${line}${ok ? '' : `\n${out}`}`)
      if (ok) passed++
      else failed++
    }
  }
  return { passed, failed }
}

/** A separate package with loralib in its node_modules. */
function makeConsumer() {
  rmSync(inRoot(FOLDER), { recursive: true, force: true })
  mkdirSync(inRoot(FOLDER, 'node_modules'), { recursive: true })
  symlinkSync(root, inRoot(FOLDER, 'node_modules/loralib'), 'junction')
  writeJson('package.json', { name: 'consumer', private: true, type: 'module' })
  for (const file of FILES) copyFileSync(inRoot('__test__/types', file), inRoot(FOLDER, file))
}

const writeJson = (name, value) => writeFileSync(inRoot(FOLDER, name), JSON.stringify(value))

async function compile(compiler, version, { name, options }) {
  const start = performance.now()
  const config = `${name}-${version}.json`
  const files = name === 'nodenext' && Number.parseFloat(version) >= REQUIRE ? FILES : FILES.slice(0, 1)
  // With `declaration`, every type in the consumer's own declarations must have a name.
  const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, declaration: true }
  writeJson(config, { compilerOptions: { ...compilerOptions, ...options }, files })
  const { code, out } = await runTool(compiler, 'tsc', ['-p', `${FOLDER}/${config}`], { show: false })
  const time = duration(performance.now() - start)
  return { ok: code === 0, out, line: `TypeScript ${version} ${name}: ${code === 0 ? 'compiles' : 'FAILS'}, ${time}` }
}

if (isMain(import.meta.url)) {
  readArgs()
  const { passed, failed } = await typesVersions()
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed ? 1 : 0
}
