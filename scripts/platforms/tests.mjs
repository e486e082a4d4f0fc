// The tests of __test__/ on a target, file by file, each kept when it has run: all of them take hours under an emulator.
import { readFileSync } from 'node:fs'
import { fail, inRoot, run, say, tool } from '../lib/run.mjs'
import { filesBelow, hashOf } from '../lib/stamp.mjs'
import { compileTests } from '../lib/suites.mjs'
import { addonOf } from './build.mjs'
import { machines } from './machines.mjs'
import { fileHash, keptStage, stage } from './stages.mjs'

/** Tests that cannot hold under an emulator: by target, then `FILE > TITLE` (or the beginning of the title) and the reason. */
const exceptions = JSON.parse(readFileSync(inRoot('scripts/platforms/exceptions.json'), 'utf8'))

const LIMIT_MINUTES = 5

const testFiles = () => filesBelow(['__test__'], (file) => file.endsWith('.test.ts'))

/**
 * Runs the test files whose path contains one of `only`, or all; `{ ok, passed, failed, excused, files, all }` counts those that have run so far, now
 * or earlier. What failed is named.
 */
export async function test(name, target, only) {
  const wrong = await compileTests(['ts'])
  if (wrong) fail(wrong)
  const machine = await machines[target.machine]()
  const all = testFiles()
  const shared = [
    fileHash(addonOf(name, target)),
    fileHash('dist/loralib.js'),
    hashOf(filesBelow(['__test__/support'])),
    JSON.stringify(exceptions[name] ?? {}),
  ]
  for (const file of all.filter((each) => !only.length || only.some((part) => each.includes(part)))) {
    const result = await stage(name, stageOf(file), [...shared, hashOf([file])], () =>
      runFile(name, target, machine, file),
    )
    for (const title of result.failures) say(`${name}: FAILED ${file}: ${title}`)
    if (result.note) say(`${name}: ${file}: ${result.note}`)
  }
  return sumOf(name)
}

const stageOf = (file) => `ava/${file.replace(/^__test__\//, '').replace(/\.test\.ts$/, '')}`

/** What has run of the tests of a target, whatever it was built from; null when nothing has. */
export function sumOf(name) {
  const all = testFiles()
  const kept = all.map((file) => keptStage(name, stageOf(file))?.result).filter(Boolean)
  if (!kept.length) return null
  const sum = (key) => kept.reduce((total, result) => total + result[key], 0)
  const counts = { passed: sum('passed'), failed: sum('failed'), excused: sum('excused'), skipped: sum('skipped') }
  return { ok: kept.every((result) => result.ok), files: kept.length, all: all.length, ...counts }
}

async function runFile(name, target, { node, env, slow, isForked }, file) {
  const built = file.replace('__test__', 'build').replace(/\.ts$/, '.js')
  const args = [tool('ava'), '--tap', `--timeout=${LIMIT_MINUTES * slow}m`, built]
  const all = { ...env, LORALIB_NATIVE_PATH: addonOf(name, target), LORALIB_TEST_TARGET: name }
  if (isForked) {
    // The main process of ava runs no test, and faster here; what it forks is the Node of the target.
    const preload = inRoot('scripts/platforms/exec-path.cjs')
    Object.assign(all, { LORALIB_TEST_NODE: node[0], NODE_OPTIONS: `--require=${preload}` })
  }
  const [program, ...more] = isForked ? [process.execPath] : node
  const { code, out, errors } = await run(program, [...more, ...args], { env: all, show: false })
  const result = read(out, exceptions[name] ?? {}, file)
  // Ava's status is 1 when a test failed; whatever else went wrong is in its messages.
  const hasCrashed = code !== 0 && result.failures.length + result.excused === 0
  const note = hasCrashed ? `ava ended with status ${code}\n${out.slice(-2000)}${errors.slice(-2000)}` : undefined
  const isRun = result.passed + result.excused + result.skipped > 0
  return { ok: isRun && !hasCrashed && result.failures.length === 0, note, failed: result.failures.length, ...result }
}

/** The counts in ava's TAP output. */
function read(out, excuses, file) {
  const result = { passed: 0, excused: 0, skipped: 0, failures: [], details: '' }
  for (const [, not, title] of out.matchAll(/^(not )?ok \d+ - (.*)$/gm)) {
    if (/ # (SKIP|TODO)/.test(title)) result.skipped++
    else if (!not) result.passed++
    else if (isExcused(excuses, file, title)) result.excused++
    else result.failures.push(title)
  }
  if (result.failures.length) result.details = out.slice(0, 20_000)
  return result
}

const isExcused = (excuses, file, title) =>
  Object.keys(excuses).some((key) => {
    const [where, what] = key.split(' > ')
    return `__test__/${where}` === file && title.includes(what)
  })
