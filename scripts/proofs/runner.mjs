// Proves that the conformance runner detects errors: every expected tensor of every supported case is changed by 10 times its
// tolerance, every stated fact and every setting is falsified, one at a time and in memory, and a setting that nobody knows is
// added. Each such mutant must make its case fail; where an expectation was changed, the failure must be about it. Another value
// of a setting must make a case of the kind fail: in a single one it may change nothing, as a penalty that decides no beam.
//
//   node scripts/proofs/runner.mjs [DIR] [--group G] [--kind K] [--case ID] [--short] [--verbose]
//
// DIR is a fixture folder, by default ../shared/fixtures beside the repository. --short, for CI, takes every case and one in ten
// of its mutants, without other values of settings. Exit code 1 when a mutant survives, when a case does not pass unchanged, or when an entry states something that
// is not checked.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArgs } from '../lib/args.mjs'
import { COMMON_WORDS, KINDS, isKnownKind, unsupportedReason } from '../conformance/kinds.mjs'
import { openFixture, readManifest, statedFiles } from '../conformance/manifest.mjs'
import { mutantsOf, throws } from '../conformance/mutants.mjs'
import { runCase, runFixture } from '../conformance/run.mjs'
import { selectCases } from '../conformance/select.mjs'

const DEFAULT_DIR = fileURLToPath(new URL('../../../shared/fixtures', import.meta.url))

const { values, positionals } = readArgs({
  positionals: 1,
  options: {
    group: { type: 'string', multiple: true },
    kind: { type: 'string', multiple: true },
    case: { type: 'string', multiple: true },
    verbose: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  },
})

/** One in so many mutants of each case is tried. */
const ONE_IN = values.short ? 10 : 1
const fixtures = positionals[0] ?? DEFAULT_DIR
if (!existsSync(fixtures)) {
  console.error(`there is no fixture folder ${fixtures}: name one, node scripts/proofs/runner.mjs DIR`)
  process.exit(1)
}
const manifest = readManifest(fixtures)
const cases = selectCases(manifest, values, isKnownKind).filter((entry) => unsupportedReason(entry) === null)
const totals = new Map()
const survivors = []
/** Settings by name: whether another value of it made a case fail. */
const shown = new Map()
const started = performance.now()

for (const entry of cases) await proveCase(entry)
proveSettings()
await proveFolder()
process.exitCode = report()

/** Runs the unchanged case, then all its mutants. */
async function proveCase(entry) {
  const total = totalOf(entry.kind)
  total.cases += 1
  const fixture = await openFixture(manifest, entry)
  const clean = await runFixture(fixture.with({}))
  if (clean.failures.length > 0) return survive(`${entry.id} does not pass unchanged: ${clean.failures[0].text}`)
  let i = 0
  for (const mutant of mutantsOf(manifest, fixture, clean.record)) {
    // A setting may show in few cases only: that is for the whole proof.
    if (values.short && mutant.shows !== undefined) continue
    if (i++ % ONE_IN === 0) await proveMutant(total, `${entry.id} ${mutant.label}`, mutant)
  }
}

async function proveMutant(total, label, { type, isCaught, shows }) {
  total[type] += 1
  if (values.verbose) console.error(label)
  const caught = await isCaught()
  if (caught) total.caught += 1
  if (shows !== undefined) shown.set(shows, { caught: caught || (shown.get(shows)?.caught ?? false), label })
  else if (!caught) survive(label)
}

/** A setting of which no case shows another value is not used. */
function proveSettings() {
  for (const [name, { caught, label }] of shown)
    if (!caught) survive(`${name}: no case fails with another value, ${label}`)
}

/** Errors that are not about one case: a file changed on disk, a missing file, an unknown kind, group or case id. */
async function proveFolder() {
  const total = totalOf('(folder)')
  const prove = (label, isCaught) => proveMutant(total, `folder: ${label}`, { type: 'files', isCaught })
  for (const option of ['group', 'kind', 'case']) {
    await prove(`--${option} nonsense`, () =>
      throws(() => selectCases(manifest, { [option]: ['nonsense'] }, isKnownKind)),
    )
  }
  if (cases.length > 0) {
    const failed = async (entry) => (await runCase(manifest, entry)).state === 'failed'
    await prove('an entry of an unknown kind', () => failed({ ...cases[0], kind: 'nonsense' }))
  }
  const entry = cases.find(({ file, model_dir: modelDir }) => file !== undefined && modelDir === undefined)
  if (entry === undefined) return
  await prove(`${entry.file} alone, unchanged, passes`, async () => (await stateOnDisk(entry, () => {})) === 'passed')
  await prove(`one bit of ${entry.file} flipped on disk`, () => failsOnDisk(entry, flipLastBit))
  await prove(`${entry.file} removed from disk`, () => failsOnDisk(entry, (path) => rmSync(path)))
}

async function failsOnDisk(entry, spoil) {
  return (await stateOnDisk(entry, spoil)) === 'failed'
}

/** Runs one case from a folder of its own, after `spoil` has changed its tensor file. */
async function stateOnDisk(entry, spoil) {
  const dir = mkdtempSync(join(tmpdir(), 'loralib-proof-'))
  try {
    for (const file of statedFiles(entry)) {
      mkdirSync(dirname(join(dir, file.path)), { recursive: true })
      cpSync(join(manifest.dir, file.path), join(dir, file.path))
    }
    spoil(join(dir, entry.file))
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ format: 1, groups: {}, cases: [entry] }))
    return (await runCase(readManifest(dir), entry)).state
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function flipLastBit(path) {
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] ^= 1
  rmSync(path)
  writeFileSync(path, bytes)
}

function totalOf(kind) {
  if (!totals.has(kind)) totals.set(kind, { cases: 0, tensors: 0, facts: 0, settings: 0, files: 0, caught: 0 })
  return totals.get(kind)
}

function survive(label) {
  survivors.push(label)
  console.error(`SURVIVED ${label}`)
}

function report() {
  const rows = [['kind', 'cases', 'tensors', 'facts', 'settings', 'files', 'mutants', 'caught']]
  const sums = { cases: 0, tensors: 0, facts: 0, settings: 0, files: 0, caught: 0 }
  for (const [kind, total] of totals) {
    for (const key of Object.keys(sums)) sums[key] += total[key]
    rows.push(rowOf(kind, total))
  }
  rows.push(rowOf('total', sums))
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  for (const row of rows)
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
  console.log('\nNot falsified, because they state nothing about the package:')
  for (const [key, reason] of Object.entries(COMMON_WORDS)) console.log(`  any kind ${key}: ${reason}`)
  for (const kind of totals.keys()) {
    for (const [key, reason] of Object.entries(KINDS[kind]?.words ?? {})) console.log(`  ${kind} ${key}: ${reason}`)
  }
  console.log('\nSettings of which no other value can show:')
  for (const kind of totals.keys()) {
    for (const [key, reason] of Object.entries(KINDS[kind]?.fixed ?? {})) console.log(`  ${kind} ${key}: ${reason}`)
  }
  const elsewhere = sums.tensors + sums.facts + sums.settings + sums.files - sums.caught - survivors.length
  if (elsewhere > 0)
    console.log(`\n${elsewhere} settings change nothing in their own case and show in others of its kind`)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`\n${sums.caught} mutants caught, ${survivors.length} survivors, ${seconds} s`)
  return survivors.length > 0 || cases.length === 0 ? 1 : 0
}

function rowOf(name, { cases: count, tensors, facts, settings, files, caught }) {
  return [name, count, tensors, facts, settings, files, tensors + facts + settings + files, caught].map(String)
}
