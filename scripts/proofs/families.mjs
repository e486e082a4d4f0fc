// Holds every class of models of the library against transformers and PEFT, on random tiny models: odd sizes, every option of a family that changes a number,
// rotary positions of all kinds, windows, half precision, shards, perturbed norms and biases, padding. Compared are outputs, loss, the gradients of all
// parameters, those of an adapter, 20 steps of AdamW, greedy and beam search, and what transformers reads of a folder that the library saved.
//
//   node scripts/proofs/families.mjs [--seed 7] [--models 300] [--only llama] [--repeat CLASS:SEED] [--break] [--keep]
//
// PyTorch, transformers and PEFT are installed in .cache/venv-families (once; 4 GB on Linux). --only takes classes whose name contains the text, in any case.
// A difference is printed with the model's own seed: --repeat makes it again, alone, and --keep leaves its folder. --break changes one weight of each model,
// which must be noticed every time; a run without it begins with one such model of each task. Exit code 1 for a difference, for a class that transformers does
// not have, and for an option of a configuration that no random model changes.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { duration, fail } from '../lib/run.mjs'
import { needBuild } from '../lib/stamp.mjs'
import { pythonWithPeft } from '../lib/transformers.mjs'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '7' },
    models: { type: 'string', default: '300' },
    only: { type: 'string', multiple: true, default: [] },
    repeat: { type: 'string' },
    break: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const [seed, models] = [wholeNumber('seed', 0), wholeNumber('models', 1)]

needBuild()
const python = await pythonWithPeft()
const { examine } = await import('./families/examine.mjs')
const { autoClasses, modelClasses } = await import('./families/kinds.mjs')
const { planned, repeated } = await import('./families/plan.mjs')
const { Reference } = await import('./families/reference.mjs')
const { Report } = await import('./families/report.mjs')

/** Requests of the reference that are under way while a model is examined. */
const AHEAD = 2

const started = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'families-'))
const reference = new Reference(python)
try {
  process.exitCode = (await prove()) ? 0 : 1
} finally {
  await reference.end()
  if (!values.keep) rmSync(folder, { recursive: true, force: true })
}

async function prove() {
  const { kinds, problems, versions } = await reference.ask({
    do: 'kinds',
    autos: autoClasses(),
    classes: modelClasses(),
  })
  console.log(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')) // prettier-ignore
  const chosen = kinds.filter(({ name }) => isChosen(name))
  if (chosen.length === 0)
    fail(`no class has ${values.only.join(' or ')} in its name: ${kinds.map(({ name }) => name).join(', ')}`)
  for (const problem of problems) console.log(`FAILED  ${problem}`)
  const plan = values.repeat ? repeated(kinds, values.repeat) : planned(chosen, { seed, models })
  const noticed = values.repeat || values.break ? true : await provesItself(chosen)
  const report = new Report({ isQuiet: values.break })
  await runAll(plan, values.break, report)
  report.print()
  console.log(`${plan.length} models in ${duration(performance.now() - started)}, seed ${values.repeat ?? seed}`)
  if (values.break) return tellNoticed(report, plan.length)
  return noticed && problems.length === 0 && report.differing === 0
}

function isChosen(name) {
  const { only } = values
  return only.length === 0 || only.some((text) => name.toLowerCase().includes(text.toLowerCase()))
}

/** One model of each task with a changed weight: the comparison must notice each. */
async function provesItself(kinds) {
  const tasks = [...new Map(kinds.map((kind) => [kind.task, kind])).values()]
  const report = new Report({ isQuiet: true })
  await runAll(planned(tasks, { seed: seed + 1, models: tasks.length }), true, report)
  return tellNoticed(report, tasks.length)
}

function tellNoticed({ differing }, models) {
  console.log(`${differing === models ? 'ok    ' : 'FAILED'}  ${differing} of ${models} changed weights were noticed`)
  return differing === models
}

/** Examines the models while the reference makes the next ones. */
async function runAll(plan, breaks, report) {
  const made = []
  const makeNext = () => {
    const next = plan[made.length]
    if (next === undefined) return
    const home = join(folder, `${next.kind.name}-${next.seed}${breaks ? '-changed' : ''}`)
    const answer = reference.ask({ do: 'make', name: next.kind.name, seed: next.seed, folder: home, breaks })
    answer.catch(() => {}) // awaited in its turn
    made.push({ ...next, home, answer })
  }
  while (made.length < AHEAD && made.length < plan.length) makeNext()
  for (let i = 0; i < plan.length; i++) {
    const { kind, seed: own, home, answer } = made[i]
    const about = await answer.catch((error) => ({ failed: error.message }))
    makeNext()
    if (about.failed) {
      report.fail(kind, own, about.failed)
      continue
    }
    const { compare, rows } = await examine(kind, about, home, own)
    if (!breaks && existsSync(join(home, 'saved'))) await readBack(kind, home, compare)
    report.add(kind, own, about, compare, rows)
    if (!values.keep) rmSync(home, { recursive: true, force: true })
    if ((i + 1) % 50 === 0 && i + 1 < plan.length) {
      console.log(
        `${i + 1} of ${plan.length} models in ${duration(performance.now() - started)}, ${report.differing} differ`,
      )
    }
  }
}

/** What transformers makes of the folder that the library saved. */
async function readBack(kind, home, compare) {
  try {
    const { differences } = await reference.ask({ do: 'reread', name: kind.name, folder: home })
    for (const text of differences) compare.differ('saved', text)
  } catch (error) {
    compare.differ('saved', error.message)
  }
}

function wholeNumber(name, least) {
  const number = Number(values[name])
  if (!Number.isSafeInteger(number) || number < least)
    fail(`--${name}: a whole number from ${least} on, not ${values[name]}`)
  return number
}
