// npm run check [-- --fast | --only a,b | --without a,b]: exactly what CI runs (.ci/run), group by group, with a table at the end.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { smoke } from '../bench/smoke.mjs'
import { apiDrift } from './api.mjs'
import { buildAddon, buildTypeScript } from './build.mjs'
import { cudaCheck } from './cuda-check.mjs'
import { generate } from './gen.mjs'
import { guardFindings, selfTest } from './guard.mjs'
import { flag, readArgs, readNames, text } from './lib/args.mjs'
import { CHECK_ONLY, cargo } from './lib/cargo.mjs'
import { importFindings, selfTest as importSelfTest } from './imports.mjs'
import { duration, inRoot, run, runTool } from './lib/run.mjs'
import { runGroups } from './lib/report.mjs'
import { filesBelow, stale } from './lib/stamp.mjs'
import { avaTests, conformance, fixtures, rustTests } from './lib/suites.mjs'
import { sizeCheck } from './size.mjs'
import { typesVersions } from './types-versions.mjs'

/**
 * Long proofs in their short form, which judges no times: `node scripts/proofs/<name>.mjs --short`. A new proof is a new name here. The proof of upstream's
 * bugs is not among them: without an upstream installation it would run tests that the group ava runs anyway.
 */
const proofs = [
  'runner',
  'determinism',
  'trainable',
  'memory',
  'scale',
  'loop',
  'loader',
  'errors',
  'silence',
  'pickle',
  'fuzz',
  'soak',
  'candle-sizes',
  'mixed',
]

/** Returns `{ok}` from the exit status of a program. */
const passes = async (started) => ({ ok: (await started).code === 0 })

/** Runs our own scripts one after the other, each counted. */
async function runScripts(paths, args) {
  let [passed, failed] = [0, 0]
  for (const path of paths) {
    const start = performance.now()
    console.log(`   ${path} ${args.join(' ')}`)
    if ((await run(process.execPath, [path, ...args])).code === 0) passed++
    else failed++
    console.log(`   ${duration(performance.now() - start)}`)
  }
  return { passed, failed }
}

/** Name and content of all files that git tracks or would add. */
async function checkout() {
  const { code, out } = await run('git', ['ls-files', '-co', '--exclude-standard'], { show: false })
  if (code !== 0) return null
  const files = out.split('\n').filter((file) => file && existsSync(inRoot(file)))
  return new Map(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(inRoot(file)))
        .digest('hex'),
    ]),
  )
}

/** Generated files must match their sources: generates them and names those that changed. */
async function drift() {
  const before = await checkout()
  if (!before) return { skipped: 'not a git checkout' }
  const failed = await generate()
  if (failed) return { ok: false, note: failed }
  const after = await checkout()
  const changed = [...after].filter(([file, hash]) => before.get(file) !== hash).map(([file]) => file)
  changed.forEach((file) => console.error(`   ${file} was out of date`))
  const api = existsSync(inRoot('src/index.ts')) ? await apiDrift() : null
  if (api) console.error(`   ${api}`)
  return {
    ok: !changed.length && !api,
    note: changed.length || api ? 'run `npm run gen` and `npm run api`, then commit' : undefined,
  }
}

/** The addon and dist/, built when they are out of date. The types of the addon are committed, so the build must not change them. */
async function build() {
  const binding = () =>
    existsSync(inRoot('src/native/binding.d.ts')) ? readFileSync(inRoot('src/native/binding.d.ts'), 'utf8') : ''
  const before = binding()
  if (stale('addon')) await buildAddon()
  if (stale('ts')) await buildTypeScript()
  return {
    ok: binding() === before,
    note: binding() === before ? undefined : 'src/native/binding.d.ts was out of date: commit it',
  }
}

/** Every example runs to its end on a model of a few thousand parameters: `--tiny`. */
function examples() {
  const files = filesBelow(['examples'], (file) => /^examples\/\d+[^/]*\.mjs$/.test(file))
  return files.length ? runScripts(files, ['--tiny']) : { skipped: 'no examples yet' }
}

/** The cases of the bench read /proc, so they run on Linux. */
const benchSmoke = () => (process.platform === 'linux' ? smoke() : { skipped: 'needs Linux' })

/** The proof of the conformance runner needs the reference fixtures, which are not part of the repository. */
function shortProofs() {
  const names = existsSync(inRoot(fixtures)) ? proofs : proofs.filter((name) => name !== 'runner')
  if (names !== proofs) console.log(`   skipped: scripts/proofs/runner.mjs, no ${fixtures}`)
  return runScripts(
    names.map((name) => `scripts/proofs/${name}.mjs`),
    ['--short'],
  )
}

const guard = () => {
  const problems = [...selfTest(), ...guardFindings()]
  problems.forEach((problem) => console.error(`   ${problem}`))
  return { ok: !problems.length }
}

/** Which file of src imports which. */
async function imports() {
  const problems = [...(await importSelfTest()), ...(await importFindings())]
  problems.forEach((problem) => console.error(`   ${problem}`))
  return { ok: !problems.length }
}

const clippy = ['clippy', '--release', '--workspace', '--all-targets', '--', '-D', 'warnings']

const groups = [
  { name: 'rustfmt', run: () => passes(run('cargo', ['fmt', '--all', '--check'])) },
  { name: 'prettier', run: () => passes(runTool('prettier', 'prettier', ['--check', '--log-level', 'warn', '.'])) },
  { name: 'oxlint', run: () => passes(runTool('oxlint', 'oxlint', ['--deny-warnings'])) },
  { name: 'guard', about: 'every export catches panics; no candle-nn', run: guard },
  { name: 'clippy', slow: true, run: () => passes(cargo(clippy, { env: CHECK_ONLY })) },
  { name: 'imports', about: 'the layers of src, no cycles', run: imports },
  { name: 'generated', about: 'tables, docs and public types are what their sources give', run: drift },
  { name: 'types-versions', about: 'the public types under TypeScript 5.4 to 7.0', slow: true, run: typesVersions },
  { name: 'rust', about: 'cargo test of crates/kernels and crates/core', run: rustTests },
  { name: 'build', about: 'addon and dist/', run: build },
  { name: 'ava', about: 'the public API, __test__/', run: avaTests },
  { name: 'conformance', about: 'reference numbers of PyTorch, loralib and PEFT', slow: true, run: conformance },
  {
    name: 'conformance-candle',
    about: 'the same with every op on candle',
    slow: true,
    run: () => conformance({ env: { LORALIB_ISA: 'candle' } }),
  },
  { name: 'bench', about: 'its cases in small shapes, against numbers of PyTorch', run: benchSmoke },
  { name: 'proofs', about: 'short forms', slow: true, run: shortProofs },
  { name: 'examples', slow: true, run: examples },
  { name: 'cuda-types', about: 'cargo check --features cuda', slow: true, run: cudaCheck },
  { name: 'size', run: sizeCheck },
]

const { values } = readArgs({ options: { only: text, without: text, fast: flag } })
const listed = (value) =>
  readNames(
    value,
    'group',
    groups.map(({ name }) => name),
  )
const only = listed(values.only)
const without = listed(values.without) ?? []
const { fast } = values
const chosen = groups
  .filter(({ name }) => (!only || only.includes(name)) && !without.includes(name))
  .map((group) =>
    fast && group.slow ? { ...group, run: () => ({ skipped: 'slow; `npm run check` runs it' }) } : group,
  )
process.exitCode = (await runGroups(chosen)) ? 0 : 1
