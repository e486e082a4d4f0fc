// Proves that wrong use of loralib gives the documented error and does no harm.
//
//   node scripts/proofs/errors.mjs [--only TEXT] [--verbose] [--short]
//
// Each wrong use must give its documented code and class, with what was expected, what was received and how to fix it, the operation and the
// module if there is one; at the call when it can be known there, else from the next await. After each one the parameters and moments of a model
// beside it must be unchanged, and a training step from a fixed seed must give the same bits as at the start.
// --verbose shows each error as a user sees it.
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { asData, caught, judge, judgeData } from './errors/judge.mjs'
import { checksum, knownStep, leftOn, makeWorld, train } from './errors/world.mjs'
import * as callbacks from './errors/callbacks.mjs'
import * as disk from './errors/disk.mjs'
import * as dtypes from './errors/dtypes.mjs'
import * as ends from './errors/ends.mjs'
import * as environment from './errors/environment.mjs'
import * as files from './errors/files.mjs'
import * as gradients from './errors/gradients.mjs'
import * as lifetimes from './errors/lifetimes.mjs'
import * as limits from './errors/limits.mjs'
import * as memory from './errors/memory.mjs'
import * as options from './errors/options.mjs'
import * as panic from './errors/panic.mjs'
import * as running from './errors/running.mjs'
import * as shapes from './errors/shapes.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  },
})

const GROUPS = [shapes, dtypes, options, gradients, lifetimes, callbacks, files, running, limits]
const started = performance.now()
let passed = 0
const failures = []

const twin = await makeWorld()
const world = await makeWorld()
const reference = { sum: await checksum(world), step: await knownStep() }

for (const { group, cases } of GROUPS) await prove(group, cases)
for (const each of [environment, memory, disk, ends, panic]) await proveApart(each)
check('afterwards', 'the model beside it all trains as its twin that saw no wrong use', await sameAsTwin())
rmSync(files.folder, { recursive: true })
for (const line of failures) console.log(line)
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`)
console.log(`${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1

/** Runs the wrong uses of a group in this process. */
async function prove(group, cases) {
  const chosen = cases.filter(({ name }) => `${group}: ${name}`.includes(values.only))
  if (chosen.length === 0) return
  const before = await settled()
  let good = 0
  for (const each of chosen) {
    const outcome = await caught(() => each.run(world))
    if (values.verbose) tell(group, each.name, outcome)
    const wrong = judge(each, outcome) ?? (await harm())
    check(group, each.name, wrong)
    if (wrong === null) good += 1
  }
  check(group, 'nothing is left in memory', await leftInMemory(before))
  console.log(`${group}: ${good} of ${chosen.length}`)
}

/** Runs a group whose wrong uses are in processes of their own. */
async function proveApart({ group, prove }) {
  if (!`${group}: `.includes(values.only)) return
  let [good, all] = [0, 0]
  const count = (name, wrong) => {
    all += 1
    if (wrong === null) good += 1
    check(group, name, wrong)
  }
  const report = {
    note: (text) => console.log(`  ${text}`),
    check: (name, fine, why) => count(name, fine === true ? null : `no: ${why}`),
    judge: (name, wanted, told) => {
      if (values.verbose && told?.error) tellText(group, name, told)
      const found = told?.error?.code !== undefined
      count(
        name,
        found ? judgeData(wanted, told.error, told.when) : `no error of loralib: ${told?.error?.message ?? 'nothing'}`,
      )
    },
  }
  await prove(report, { short: values.short })
  console.log(`${group}: ${good} of ${all}`)
}

function tellText(group, name, { error, when }) {
  console.log(
    `\n${group}: ${name} (${when})\n${`${error.name} [${error.code}]: ${error.message}`.replace(/^/gm, '    ')}`,
  )
}

function check(group, name, wrong) {
  if (wrong === null) passed += 1
  else failures.push(`FAILED ${group}: ${name}: ${wrong}`)
}

/** What a wrong use has changed or left behind, or null. */
async function harm() {
  try {
    world.optimizer.zeroGrad()
    const left = leftOn()
    if (left.length > 0) return left.join(', ')
    const sum = await checksum(world)
    if (sum !== reference.sum) {
      // Reset, so that the next ones are judged separately.
      reference.sum = sum
      return 'parameters or moments have changed'
    }
    return (await knownStep()) === reference.step ? null : 'the known step gives another result'
  } catch (error) {
    return `afterwards: ${error.stack}`
  }
}

async function leftInMemory(before) {
  const [a, b] = [before, await settled()]
  // Fewer is what the group before had left to the collector.
  if (b.total.tensors <= a.total.tensors && b.total.bytes <= a.total.bytes && b.tapeNodes <= a.tapeNodes) return null
  return `${b.total.tensors - a.total.tensors} tensors, ${b.total.bytes - a.total.bytes} bytes, ${b.tapeNodes - a.tapeNodes} nodes more than before`
}

/** Memory after collection, repeated: objects that one collection frees may let the next one free more. */
async function settled() {
  for (let [last, same] = [-1, 0]; same < 3;) {
    await lora.settle()
    const now = lora.memory().total.tensors
    same = now === last ? same + 1 : 0
    last = now
  }
  return lora.memory()
}

async function sameAsTwin() {
  const run = async (each) => {
    lora.manualSeed(3)
    const losses = [await train(each), await train(each)]
    return `${losses.join()} ${await checksum(each)}`
  }
  return (await run(twin)) === (await run(world)) ? null : 'the results differ'
}

function tell(group, name, { error, when }) {
  const text =
    error instanceof lora.LoraError ? `${error.name} [${error.code}]: ${asData(error).message}` : String(error)
  console.log(`\n${group}: ${name} (${when})\n${text.replace(/^/gm, '    ')}`)
}
