// npm run bench -- k [--pairs 3] [--threads 2] [--json]: this package against llama.cpp (node-llama-cpp) on the same GGUF files of the real SmolLM2-135M, alternately, each in a
// fresh process: 512 tokens of a prompt are read and 128 written, greedily. In 'highest' also what share of the machine's product limit and of its memory's bandwidth that is, and
// what a training step on the blocks takes of one on their numbers in f32. Linux, an idle machine.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { inRoot, packageJson } from '../../scripts/lib/run.mjs'
import { LLAMA_CPP, llamaCpp } from '../../scripts/lib/llama-cpp.mjs'
import { smollm2File } from '../../scripts/lib/smollm2.mjs'
import { aligned } from '../../scripts/lib/table.mjs'
import { machine } from '../lib/machine.mjs'
import { median } from '../lib/median.mjs'
import { turn } from '../lib/pairs.mjs'
import { SMOL, generationGflop } from '../lib/work.mjs'

const [PROMPT, TOKENS] = [512, 128]

/** What is asked of the ratios, peer over ours in time and ours over peer in memory, and of the shares, by type of the weights. */
const AIMS = {
  q4_1: { medium: { text: 1.5, prompt: 1.5, memory: 1.1 }, highest: { text: 1 }, step: 1.1 },
  q8_0: { medium: { text: 1 }, highest: { promptShare: 0.7, textShare: 0.6 }, step: 1.1 },
  q4_0: { medium: { text: 1 }, highest: { promptShare: 0.7, textShare: 0.6 } },
}

/** What a token adds to a cache in f32, in bytes: keys and values of three heads of 64 in 30 layers. */
const CACHE_BYTES = 30 * 2 * 192 * 4
const PROMPT_GFLOP = generationGflop(SMOL, PROMPT, 1)

const LIMIT_SHAPES = JSON.stringify([[2048, 2048, 2048], ...SMOL.linears.map(([n, k]) => [PROMPT, k, n])])

export async function benchLlama({ pairs, threads, json, note }) {
  const folder = await llamaCpp()
  const { path: shipped } = await smollm2File('bench k compares on the real model')
  const files = { q4_1: shipped, q8_0: await inKind(shipped, 'q8_0'), q4_0: await inKind(shipped, 'q4_0') }
  const ids = await promptIds(shipped)
  const rows = []
  for (const [kind, file] of Object.entries(files)) {
    const turns = []
    for (let i = 0; i < pairs; i++) {
      const args = [file, ids, '--threads', String(threads), '--tokens', String(TOKENS)]
      const [theirs] = await turn(process.execPath, [inRoot('bench/llama/peer.mjs'), folder, ...args])
      const ours = {}
      for (const precision of ['medium', 'highest']) {
        const more = ['--precision', precision]
        ;[ours[precision]] = await turn(process.execPath, [inRoot('bench/llama/own.mjs'), ...args, ...more])
      }
      const steps = {}
      for (const form of AIMS[kind].step === undefined ? [] : ['file', 'f32']) {
        const more = [file, ids, '--threads', String(threads), '--form', form]
        ;[steps[form]] = await turn(process.execPath, [inRoot('bench/llama/step.mjs'), ...more])
      }
      const [limit] = await turn(process.execPath, [
        inRoot('bench/lib/limit.mjs'),
        LIMIT_SHAPES,
        '--threads',
        String(threads),
      ])
      turns.push({ theirs, ours, steps, limit })
      note(
        `k ${kind}: pair ${i + 1}: llama.cpp ${tell(theirs)}; medium ${tell(ours.medium)}; highest ${tell(ours.highest)}`,
      )
    }
    for (const precision of ['medium', 'highest']) rows.push(rowOf(kind, precision, turns))
    if (AIMS[kind].step !== undefined) rows.push(stepRow(kind, turns))
    await showTexts(shipped, kind, turns.at(-1), note)
  }
  const summary = { case: 'k', measured: new Date().toISOString(), threads, machine: machine(), rows }
  if (json) console.log(JSON.stringify(summary))
  else print(rows)
  const versions = { ours: packageJson().version, node: process.versions.node, ...LLAMA_CPP }
  await mkdir(inRoot('bench/results'), { recursive: true })
  await writeFile(inRoot('bench/results/k.json'), `${JSON.stringify({ ...summary, versions }, null, 1)}\n`)
  return rows.every(({ ok }) => ok)
}

const perSecond = (count, ms) => (1e3 * count) / ms
const tell = ({ promptMs, textMs, peakMb }) =>
  `${perSecond(PROMPT, promptMs).toFixed(0)} and ${perSecond(TOKENS, textMs).toFixed(1)} tokens/s, ${peakMb.toFixed(0)} MiB`

const summary = (values) => ({ median: median(values), least: Math.min(...values), largest: Math.max(...values) })

/** What writing reads: all weights and the cache, for each token. */
const bytesPerSecond = ({ textMs, weightBytes }) =>
  perSecond(TOKENS, textMs) * (weightBytes + (PROMPT + TOKENS / 2) * CACHE_BYTES)

function stepRow(kind, turns) {
  const step = summary(turns.map(({ steps }) => steps.file.stepMs / steps.f32.stepMs))
  const ms = (form) => median(turns.map(({ steps }) => steps[form].stepMs))
  return {
    kind,
    step,
    stepMs: { file: ms('file'), f32: ms('f32') },
    aim: { step: AIMS[kind].step },
    ok: step.median <= AIMS[kind].step,
  }
}

function rowOf(kind, precision, turns) {
  const ratios = (of) => turns.map(({ theirs, ours, limit }) => of(theirs, ours[precision], limit))
  const row = {
    kind,
    precision,
    isa: turns[0].ours[precision].isa,
    amx: turns[0].ours[precision].amx,
    prompt: summary(ratios((theirs, ours) => theirs.promptMs / ours.promptMs)),
    text: summary(ratios((theirs, ours) => theirs.textMs / ours.textMs)),
    memory: summary(ratios((theirs, ours) => ours.peakMb / theirs.peakMb)),
    promptShare: summary(ratios((_, ours, { gflops }) => (1e3 * PROMPT_GFLOP) / ours.promptMs / gflops)),
    textShare: summary(ratios((_, ours, { gbPerSecond }) => bytesPerSecond(ours) / 1e9 / gbPerSecond)),
    promptPerSecond: perSecond(PROMPT, median(turns.map(({ ours }) => ours[precision].promptMs))),
    textPerSecond: perSecond(TOKENS, median(turns.map(({ ours }) => ours[precision].textMs))),
  }
  const aim = AIMS[kind][precision] ?? {}
  const holds = ([key, bound]) => (key === 'memory' ? row.memory.median <= bound : row[key].median >= bound)
  return { ...row, aim, ok: Object.entries(aim).every(holds) }
}

function print(rows) {
  const cell = ({ median: middle, least, largest }) =>
    `${middle.toFixed(2)} (${least.toFixed(2)} … ${largest.toFixed(2)})`
  const percent = ({ median: middle }) => `${(100 * middle).toFixed(0)} %`
  const aims = ({ text, prompt, memory, promptShare, textShare }) =>
    [
      text && `text ≥ ${text}`,
      prompt && `prompt ≥ ${prompt}`,
      memory && `memory ≤ ${memory}`,
      promptShare && `limit ≥ ${100 * promptShare} %, bandwidth ≥ ${100 * textShare} %`,
    ]
      .filter(Boolean)
      .join(', ')
  const heads = [
    'weights',
    'precision',
    'text: llama.cpp / ours',
    'prompt: llama.cpp / ours',
    'memory: ours / llama.cpp',
  ]
  const table = [
    [...heads, 'tokens/s', 'of limit, bandwidth', 'aim', ''],
    ...rows
      .filter((row) => row.precision !== undefined)
      .map((row) => [
        row.kind,
        row.precision,
        cell(row.text),
        cell(row.prompt),
        cell(row.memory),
        `${row.textPerSecond.toFixed(0)} written, ${row.promptPerSecond.toFixed(0)} read`,
        `${percent(row.promptShare)}, ${percent(row.textShare)}`,
        aims(row.aim),
        row.ok ? 'ok' : 'MISSED',
      ]),
  ]
  console.log(aligned(table))
  for (const { kind, step, stepMs, aim, ok } of rows.filter((row) => row.step !== undefined))
    console.log(
      `a training step on ${kind} over one on its numbers in f32: ${cell(step)}, ${stepMs.file.toFixed(0)} and ${stepMs.f32.toFixed(0)} ms (at most ${aim.step})  ${ok ? 'ok' : 'MISSED'}`,
    )
  console.log(`${cpus()[0].model}, ${rows[0].isa}${rows[0].amx ? ', AMX' : ''}`)
}

/** The same model with all matrices in another type, made once. */
async function inKind(shipped, kind) {
  const path = inRoot(`.cache/bench/smollm2-135m.${kind}.gguf`)
  if (existsSync(path)) return path
  const lora = await import('loralib')
  await mkdir(inRoot('.cache/bench'), { recursive: true })
  const model = await lora.models.AutoModelForCausalLM.fromPretrained(shipped, { dtype: 'f32' })
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(shipped)
  await lora.models.saveGguf(model, path, { dtype: kind, tokenizer })
  return path
}

/** 512 tokens of real text, in a file. */
async function promptIds(model) {
  const lora = await import('loralib')
  const { PROMPT_TEXT } = await import('./prompt.mjs')
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(model)
  const ids = tokenizer.encode(PROMPT_TEXT).slice(0, PROMPT)
  if (ids.length < PROMPT) throw new Error(`the prompt has ${ids.length} tokens of ${PROMPT}`)
  const path = inRoot('.cache/bench/k-ids.json')
  await mkdir(inRoot('.cache/bench'), { recursive: true })
  await writeFile(path, JSON.stringify(Array.from(ids)))
  return path
}

async function showTexts(model, kind, { theirs, ours }, note) {
  const lora = await import('loralib')
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(model)
  const text = (ids) => JSON.stringify(tokenizer.decode(ids)).slice(0, 300)
  note(`k ${kind}: llama.cpp ${text(theirs.text)}`)
  for (const precision of ['medium', 'highest']) note(`k ${kind}: ${precision.padEnd(9)} ${text(ours[precision].text)}`)
}
