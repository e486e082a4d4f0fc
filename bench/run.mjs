// npm run bench -- CASE… | all | k | scale [--pairs 3] [--threads 2] [--reps N] [--warmup N] [--scaling] [--keep-disturbed] [--json]
//
// Torch and ours alternately, torch, node, torch, node, …, each in a fresh process, on an otherwise idle machine. A pair during which other processes used
// more than 5 % of the machine is repeated, up to three times as many pairs as requested; --keep-disturbed counts it, and writes no result. Torch is in
// .cache/venv-bench (made once, 6 GB). --scaling adds the speed-up of all threads over one, for ours only. Results are written to bench/results. Exit code 1
// when a check differs or no quiet pair was found.
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fail, inRoot, must, packageJson } from '../scripts/lib/run.mjs'
import { needBuild } from '../scripts/lib/stamp.mjs'
import { pythonWith } from '../scripts/lib/venv.mjs'
import { machine } from './lib/machine.mjs'
import { ownRatios, summaryOf } from './lib/own.mjs'
import { repetitions, torchCase } from './lib/pairing.mjs'
import { MOST_DISTURBED, isDisturbed, nodeTurn, summarise, torchTurn, turn } from './lib/pairs.mjs'
import { aligned } from './lib/table.mjs'
import { VERSIONS, installs } from './lib/versions.mjs'

/** Cases of `all`, in order. */
const ALL = [
  ...['a128', 'a128-drop', 'a128-hf', 'a512', 'a103', 'b128', 'b128-ckpt', 'b128-bf16', 'c128'],
  ...['d', 'd-ckpt', 'd-bf16', 'e', 'e-peft', 'f-linear768', 'f-linear4096', 'f-embedding', 'f-merge', 'f-adamw'],
  ...['g-greedy', 'g-greedy-bf16', 'g-beam10', 'g-smol', 'h', 'i', 'j', 'roofline'],
]

const text = { type: 'string' }
const flag = { type: 'boolean', default: false }
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ pairs: { ...text, default: '3' }, threads: { ...text, default: '2' }, reps: text, warmup: text },
    ...{ json: flag, 'keep-disturbed': flag, scaling: flag },
  },
})
const note = (line) => console.error(line)
const here = machine()
const pairs = Number(values.pairs)

await chosen().catch((error) => fail(error.message))

/** Cases k and scale have programs of their own. */
function chosen() {
  if (positionals.includes('k')) return againstLlama()
  return positionals[0] === 'scale' ? atScale() : main()
}

async function atScale() {
  if (process.platform !== 'linux') fail('the bench reads /proc: it needs Linux')
  needBuild()
  const { benchScale } = await import('./scale/measure.mjs')
  const settings = { shapes: positionals.slice(1), pairs, threads: Number(values.threads), json: values.json, note }
  if (!(await benchScale(settings))) process.exitCode = 1
}

/** Case k has another peer, and so a program of its own. */
async function againstLlama() {
  if (positionals.length !== 1) fail('k runs alone: npm run bench -- k')
  if (process.platform !== 'linux') fail('the bench reads /proc: it needs Linux')
  needBuild()
  const { benchLlama } = await import('./llama/compare.mjs')
  if (!(await benchLlama({ pairs, threads: Number(values.threads), json: values.json, note }))) process.exitCode = 1
}

async function main() {
  const names = await chosenCases()
  needBuild()
  const python = await pythonWith('venv-bench', [installs], 'the bench compares with PyTorch')
  await must(process.execPath, [inRoot('bench', 'prepare.mjs'), ...names], { show: false })
  const roofline = await measureRoofline(python, names)
  const summaries = []
  for (const name of names) summaries.push(await runCase(python, name, roofline))
  if (values.json) for (const summary of summaries) console.log(JSON.stringify(summary))
  else console.log([aligned(summaries), ...ownLines(summaries), footer(roofline)].join('\n'))
  if (summaries.some(({ check, pairs: counted }) => check !== 'ok' || counted === 0)) process.exitCode = 1
}

async function chosenCases() {
  if (process.platform !== 'linux') fail('the bench reads /proc: it needs Linux')
  const { cases } = await import('./cases/index.mjs')
  const names = positionals.flatMap((name) => (name === 'all' ? ALL : [name]))
  const unknown = names.filter((name) => !cases[name])
  if (names.length === 0 || unknown.length > 0) {
    fail(
      `${unknown.length > 0 ? `no case ${unknown.join(', ')}; ` : ''}cases: all, k, scale, ${Object.keys(cases).join(', ')}`,
    )
  }
  return names
}

function settingsOf(name) {
  const usual = repetitions(name)
  const given = (key) => Number(values[key] ?? usual[key])
  return { threads: Number(values.threads), reps: given('reps'), warmup: given('warmup') }
}

/** The best product rates of this run, torch's or ours: `{ float32, bfloat16 }` in GFLOP/s. */
async function measureRoofline(python, names) {
  if (!names.some((name) => /^[a-g]/.test(name))) return null
  note('roofline …')
  const settings = { ...settingsOf('roofline'), reps: 3, warmup: 1 }
  let sides = []
  for (let i = 0; i < 3 && (i === 0 || isDisturbed(sides)); i++) {
    sides = [await torchTurn(python, 'roofline', settings), await nodeTurn('roofline', settings)].flat()
  }
  const best = (dtype) => Math.max(...sides.filter(({ row }) => row.endsWith(dtype)).map((line) => line.gflop_per_s))
  return { float32: best('float32'), bfloat16: best('bfloat16') }
}

async function runCase(python, name, roofline) {
  const settings = settingsOf(name)
  const theirs = torchCase(name, here.flags)
  const exact =
    name === 'g-greedy-bf16' ? await turn(python, [inRoot('bench', 'greedy_bf16.py')]).then(([line]) => line) : null
  const all = []
  const quiet = []
  for (let i = 0; i < 3 * pairs && quiet.length < pairs; i++) {
    const torch = await torchTurn(python, theirs, settings)
    const pair = { torch, node: await nodeTurn(name, settings) }
    if (exact) torch[0].check = exact
    all.push(pair)
    const counts = values['keep-disturbed'] || !(isDisturbed(pair.torch) || isDisturbed(pair.node))
    if (counts) quiet.push(pair)
    note(
      `${name}: pair ${i + 1}: ${tell(pair)}${counts ? '' : `: others took more than ${100 * MOST_DISTURBED} %, dropped`}`,
    )
  }
  const peak = roofline && (name.endsWith('-bf16') ? Math.max(roofline.float32, roofline.bfloat16) : roofline.float32)
  const summary = { ...summarise(name, all, quiet, peak), own: ownRatios(quiet) }
  if (values.scaling) summary.own.push(...(await measureScaling(name, settings)))
  if (quiet.length > 0 && !values['keep-disturbed'])
    await writeResult(summary, { theirs, settings, roofline, pairs: quiet })
  return summary
}

/** Ours with one thread and with all, alternately: `1 thread / N threads`. */
async function measureScaling(name, settings) {
  const turns = []
  for (let i = 0; i < 3 * pairs && turns.length < pairs; i++) {
    const [one, all] = [await nodeTurn(name, { ...settings, threads: 1 }), await nodeTurn(name, settings)]
    if (values['keep-disturbed'] || !(isDisturbed(one) || isDisturbed(all))) turns.push({ one, all })
  }
  if (turns.length === 0) return []
  return turns[0].all.map(({ row }) => {
    const timeOf = (lines) => lines.find((line) => line.row === row).step_ms
    const ratios = turns.map(({ one, all }) => timeOf(one) / timeOf(all))
    return summaryOf(`1 thread / ${settings.threads} threads`, row ?? name, ratios)
  })
}

function ownLines(summaries) {
  return summaries.flatMap(({ case: name, own }) =>
    own.map(({ what, of, ratio, least, largest }) => `${name}: ${what}: ${ratio} (${least} … ${largest})  ${of}`),
  )
}

function tell({ torch, node }) {
  const worst = (lines) => Math.max(...lines.map(({ others_share: share = 0 }) => share)).toFixed(2)
  const time = (lines) =>
    lines.length === 1 ? `${Math.round(lines[0].step_ms)} ms, ${lines[0].peak_rss_mb} MiB` : `${lines.length} rows`
  return `torch ${time(torch)}, others ${worst(torch)}; node ${time(node)}, others ${worst(node)}`
}

async function writeResult(summary, { theirs, settings, roofline, pairs: counted }) {
  const lora = await import('loralib')
  const { isa } = lora.backend()
  const result = {
    ...{
      summary,
      torch_case: theirs,
      measured: new Date().toISOString(),
      settings,
      kernel_path: isa,
      machine: here,
      roofline,
    },
    versions: { ours: packageJson().version, node: process.versions.node, ...VERSIONS },
    pairs: counted,
  }
  await mkdir(inRoot('bench', 'results'), { recursive: true })
  await writeFile(inRoot('bench', 'results', `${summary.case}.json`), `${JSON.stringify(result, null, 1)}\n`)
}

function footer(roofline) {
  const rates = roofline ? `; best product ${roofline.float32} GFLOP/s in f32, ${roofline.bfloat16} in bf16` : ''
  return `${here.cpu}, ${here.flags.filter((flag) => /512f|bf16|avx2|amx_tile/.test(flag)).join(' ')}, ${values.threads} threads${rates}`
}
