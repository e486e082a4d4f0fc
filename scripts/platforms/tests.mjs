// The tests of __test__/ on a target, a dozen files at a time, each kept when it has run: all of them may take hours under an emulator.
import { readFileSync } from 'node:fs'
import { fail, inRoot, run, say, tool } from '../lib/run.mjs'
import { filesBelow, hashOf } from '../lib/stamp.mjs'
import { compileTests } from '../lib/suites.mjs'
import { addonOf, builtFrom } from './build.mjs'
import { machines } from './machines.mjs'
import { fileHash, isCurrent, keepStage, keptStage, stage } from './stages.mjs'

/** Tests that cannot hold under an emulator: by target, then `FILE > TITLE` (or the beginning of the title), or `FILE` for all of its tests, and the reason. */
const exceptions = JSON.parse(readFileSync(inRoot('scripts/platforms/exceptions.json'), 'utf8'))

const LIMIT_MINUTES = 5

/** Files that one ava runs, two at a time: starting one for each file takes longer than most files do. */
const TOGETHER = 12

const testFiles = () => filesBelow(['__test__'], (file) => file.endsWith('.test.ts'))

/**
 * Runs the test files whose path contains one of `only`, or all; `{ ok, passed, failed, excused, files, all }` counts those that have run so far, now
 * or earlier. What failed is named.
 */
export async function test(name, target, only) {
  const wrong = await compileTests(['ts'])
  if (wrong) fail(wrong)
  const machine = await machines[target.machine]()
  const shared = [builtFrom(), fileHash('dist/loralib.js'), hashOf(filesBelow(['__test__/support']))]
  const inputs = (file) => [...shared, JSON.stringify(excusesOf(name, file)), hashOf([file])]
  const chosen = testFiles().filter((each) => !only.length || only.some((part) => each.includes(part)))
  const left = chosen.filter(
    (file) => !isCurrent(name, stageOf(file), inputs(file)) && !leftOut(name, file, inputs(file)),
  )
  for (let i = 0; i < left.length; i += TOGETHER) {
    const files = left.slice(i, i + TOGETHER)
    say(`${name}: ${chosen.length - left.length + i} of ${chosen.length} files are done`)
    for (const [file, result] of await runTogether(name, target, machine, files))
      keepStage(name, stageOf(file), inputs(file), result)
  }
  // What did not come through among others, alone.
  for (const file of left) {
    const result = await stage(name, stageOf(file), inputs(file), () => runFile(name, target, machine, file))
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

/** The results of those of the files in which all is well. When ava itself ended in another way, there are none. */
async function runTogether(name, target, machine, files) {
  if (files.length === 1) return new Map()
  const { code, out } = await ava(name, target, machine, files)
  const lines = linesByFile(out, files)
  const results = files.map((file) => [file, read(lines.get(file).join('\n'), excusesOf(name, file))])
  const failed = results.reduce((sum, [, { failures, excused }]) => sum + failures.length + excused, 0)
  if (lines.get(null).length > 0 || (code !== 0 && failed === 0)) return new Map()
  const isGood = ({ failures, passed, skipped, excused }) => failures.length === 0 && passed + skipped + excused > 0
  return new Map(
    results.filter(([, result]) => isGood(result)).map(([file, result]) => [file, { ok: true, failed: 0, ...result }]),
  )
}

/** The lines of results in TAP output, without the name of the file, by file; under null those of no file, such as crashes. */
function linesByFile(out, files) {
  const parts = files.map((file) =>
    file
      .replace(/\.test\.ts$/, '')
      .split('/')
      .slice(1),
  )
  let common = 0
  while (parts.every((each) => each.length > common + 1 && each[common] === parts[0][common])) common++
  const found = new Map([null, ...files].map((file) => [file, []]))
  for (const [, status, title] of out.matchAll(/^((?:not )?ok \d+ - )(.*)$/gm)) {
    const words = title.split(/ [›»] /)
    const isOf = (each) => each.slice(common).every((part, i) => part === words[i])
    const at = parts.findIndex(isOf)
    const rest = at < 0 ? title : words.slice(parts[at].length - common).join(' › ')
    found.get(at < 0 ? null : files[at]).push(`${status}${rest}`)
  }
  return found
}

async function runFile(name, target, machine, file) {
  const { code, out, errors } = await ava(name, target, machine, [file])
  const result = read(out, excusesOf(name, file))
  // Ava's status is 1 when a test failed; whatever else went wrong is in its messages.
  const hasCrashed = code !== 0 && result.failures.length + result.excused === 0
  const note = hasCrashed ? `ava ended with status ${code}\n${out.slice(-2000)}${errors.slice(-2000)}` : undefined
  const isRun = result.passed + result.excused + result.skipped > 0
  return { ok: isRun && !hasCrashed && result.failures.length === 0, note, failed: result.failures.length, ...result }
}

function ava(name, target, { node, env, slow, isForked, pathOf = (path) => path }, files) {
  const built = files.map((file) => file.replace('__test__', 'build').replace(/\.ts$/, '.js'))
  const args = [tool('ava'), '--tap', `--timeout=${LIMIT_MINUTES * slow}m`, ...built]
  const all = {
    ...env,
    LORALIB_NATIVE_PATH: pathOf(addonOf(name, target)),
    LORALIB_TEST_TARGET: name,
    LORALIB_TEST_SLOW: String(slow),
  }
  if (isForked) {
    // The main process of ava runs no test, and faster here; what it forks is the Node of the target.
    const preload = inRoot('scripts/platforms/exec-path.cjs')
    Object.assign(all, { LORALIB_TEST_NODE: node[0], NODE_OPTIONS: `--require=${preload}` })
  }
  const [program, ...more] = isForked ? [process.execPath] : node
  return run(program, [...more, ...args], { env: all, show: false })
}

/** The counts in ava's TAP output. */
function read(out, excuses) {
  const result = { passed: 0, excused: 0, skipped: 0, failures: [], details: '' }
  for (const [, not, title] of out.matchAll(/^(not )?ok \d+ - (.*)$/gm)) {
    if (/ # (SKIP|TODO)/.test(title)) result.skipped++
    else if (!not) result.passed++
    else if (isExcused(excuses, title)) result.excused++
    else result.failures.push(title)
  }
  if (result.failures.length) result.details = out.slice(0, 20_000)
  return result
}

/** Keeps that none of a file's tests can hold, where the exceptions name the whole file; whether they do. */
function leftOut(name, file, inputs) {
  if (!exceptions[name]?.[file.replace(/^__test__\//, '')]) return false
  const excused = readFileSync(inRoot(file), 'utf8').match(/^test\b.*\(/gm).length
  keepStage(name, stageOf(file), inputs, { ok: true, passed: 0, failed: 0, excused, skipped: 0, failures: [] })
  return true
}

/** The exceptions of a file: the beginnings of titles, and the reasons. */
const excusesOf = (name, file) =>
  Object.fromEntries(
    Object.entries(exceptions[name] ?? {}).flatMap(([key, reason]) => {
      const [where, what] = key.split(' > ')
      return what !== undefined && `__test__/${where}` === file ? [[what, reason]] : []
    }),
  )

const isExcused = (excuses, title) => Object.keys(excuses).some((what) => title.startsWith(what))
