// Proves that no public function ignores what it is given: wrong arguments and options are errors with a code, or do what PyTorch does.
//
//   node scripts/proofs/silence.mjs [--short] [--only TEXT] [--verbose] [--dist FOLDER] [--no-self-check]
//
// The functions are those of index.d.ts, read with TypeScript's compiler. For each one a right call is found by trying sample values of the types of its
// parameters; one for which there is none is a failure. Then each call is made wrong in one place: an argument too many; for each parameter a value of another
// kind, null, NaN, a number out of range; for each option the same, its name in Python's spelling, and a name that nobody knows. In the end checks are taken
// out of a copy of the package one by one, with --short one of them: the proof must then fail.
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { inRoot } from '../lib/run.mjs'
import { NOT_CALLED } from './silence/bases.mjs'
import { isMeant } from './silence/meant.mjs'
import { badOptions, badValues, optionsType } from './silence/mutants.mjs'
import { Calls } from './silence/search.mjs'
import { selfCheck } from './silence/self-check.mjs'
import { readSurface } from './silence/surface.mjs'
import { fill, makeWorld } from './silence/world.mjs'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    dist: { type: 'string', default: inRoot('dist') },
    'no-self-check': { type: 'boolean', default: false },
  },
})

const started = performance.now()
// A wrong call may leave a promise behind that nobody waits for.
process.on('unhandledRejection', () => {})
const world = await makeWorld()
const counts = { functions: 0, refused: 0, meant: 0 }
const failures = []
let hasStalled = false
const fail = (line) => {
  failures.push(line)
  console.log(line)
}
try {
  const lora = await import(pathToFileURL(`${values.dist}/index.js`).href)
  const surface = readSurface()
  const calls = new Calls(lora, { ...world, ...(await fill(world, lora)) }, surface)
  const chosen = surface.callables.filter(
    ({ name }) => values.only === '' || values.only.split(',').some((each) => name.startsWith(each)),
  )
  for (const callable of chosen) await prove(lora, surface, calls, callable)
} finally {
  world.end()
}
const count = (word) => failures.filter((line) => line.startsWith(word)).length
console.log(`${counts.functions} functions, constructors and methods`)
console.log(`${counts.refused} wrong calls refused with a code, ${counts.meant} that do what PyTorch does`)
console.log(
  `${count('SILENT')} silent, ${count('RAW')} errors without a code, ${count('NO CALL')} without a right call`,
)
const caught = values['no-self-check'] || values.only !== '' ? true : await selfCheck(values.short ? 1 : undefined)
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`)
process.exitCode = failures.length === 0 && counts.refused > 0 && caught ? 0 : 1
// Streams and timers of the calls must not keep the process.
process.exit()

async function prove(lora, surface, calls, callable) {
  counts.functions += 1
  const begun = performance.now()
  if (values.verbose) console.log(callable.name)
  try {
    await proveCalls(lora, surface, calls, callable)
  } finally {
    if (!hasStalled) await checkQueue(lora, callable)
    const seconds = (performance.now() - begun) / 1000
    if (values.verbose && seconds > 1) console.log(`${callable.name}: ${seconds.toFixed(1)} s`)
  }
}

/** A wrong call must not hold up the queue of those after it. */
async function checkQueue(lora, { name }) {
  const late = new Promise((done) => setTimeout(done, 10_000, 'late').unref())
  hasStalled = (await Promise.race([lora.ones([1]).item(), late])) === 'late'
  if (hasStalled) fail(`STALLED after ${name}: nothing computes any more`)
}

async function proveCalls(lora, surface, calls, callable) {
  if (NOT_CALLED.has(callable.name)) return
  const base = await calls.base(callable)
  if (base.error) return fail(`NO CALL ${callable.name}: ${String(base.error.message).split('\n')[0]}`)
  for (const { label, args, where } of mutants(surface.checker, calls, callable, base)) {
    const { error } = await calls.run(callable, base.receiver, args)
    const line = `${callable.name}(${where}): ${label}`
    // Where the right call fails, a wrong one must fail for another reason.
    if (error instanceof lora.LoraError && error.message !== base.refusal) counts.refused += 1
    else if (error !== undefined && !(error instanceof lora.LoraError))
      fail(`RAW ${line}: ${String(error?.message ?? error).split('\n')[0]}`)
    else if (isMeant(callable.name, where, label)) counts.meant += 1
    else fail(`SILENT ${line}`)
  }
}

/** The wrong calls that are made of a right one: `{ where, label, args }`. */
function* mutants(checker, calls, callable, { call, args }) {
  const parameters = call.getParameters()
  const all = callable.calls.flatMap((each) =>
    each.getParameters().map((parameter, i) => ({ parameter, call: each, i })),
  )
  const hasRest = all.some(({ parameter }) => parameter.valueDeclaration?.dotDotDotToken)
  const most = Math.max(0, ...all.map(({ i }) => i + 1))
  const padded = (length) => [
    ...args,
    ...Array.from({ length: Math.max(0, length - args.length) }, () => () => undefined),
  ]
  if (!hasRest) {
    for (const [label, value] of [
      ['a number', 4],
      ['a truth value', true],
      ['an object', {}],
    ]) {
      // prettier-ignore
      yield { where: 'one more', label, args: [...padded(most), () => value] }
    }
  }
  for (let i = 0; i < most; i++) {
    const places = all.filter((each) => each.i === i)
    const types = places.map(({ parameter, call }) => calls.typeOf(parameter, call))
    const name = (parameters[i] ?? places[0].parameter).name.replace(/^__.*/, 'options')
    const isRest = places.some(({ parameter }) => parameter.valueDeclaration?.dotDotDotToken)
    const tags = places.flatMap(({ call }) => call.getJsDocTags()).filter((tag) => tag.name === 'nan')
    const isNan = tags.some(({ text }) =>
      (text ?? [])
        .map((part) => part.text)
        .join('')
        .split(/[\s,]+/)
        .includes(name),
    )
    const type = types.length === 1 ? types[0] : undefined
    const excluded = types
      .map((each) => (isRest ? restItem(checker, each) : each))
      .map((each) => badValues(checker, each, isNan ? { nan: '' } : {}))
    // A value is wrong when no overload takes it.
    const shared = excluded[0].filter(([label]) => excluded.every((list) => list.some(([other]) => other === label)))
    for (const [label, value] of shared)
      yield {
        where: name,
        label,
        args: padded(i)
          .slice(0, i)
          .concat(() => value, args.slice(i + 1)),
      }
    const options = type && !isRest ? optionsType(type) : undefined
    if (!options) continue
    const given = args[i] ?? (() => ({}))
    for (const [label, key, value] of badOptions(checker, options, call.getDeclaration())) {
      const changed = async () => ({ ...(await given()), [key]: value })
      yield {
        where: name,
        label,
        args: padded(i)
          .slice(0, i)
          .concat(changed, args.slice(i + 1)),
      }
    }
  }
}

function restItem(checker, type) {
  const [list] = type.isUnion() ? type.types : [type]
  return checker.isArrayType(list) || checker.isTupleType(list) ? checker.getTypeArguments(list)[0] : list
}
