// npm run bench -- k [--pairs 3] [--threads 2] [--json]: this package against llama.cpp (node-llama-cpp) on the same GGUF files of the real SmolLM2-135M, alternately, each in a
// fresh process: 512 tokens of a prompt are read and 128 written, greedily. Linux, an idle machine.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { inRoot, packageJson } from '../../scripts/lib/run.mjs'
import { LLAMA_CPP, llamaCpp } from '../../scripts/lib/llama-cpp.mjs'
import { smollm2File } from '../../scripts/lib/smollm2.mjs'
import { machine } from '../lib/machine.mjs'
import { median } from '../lib/median.mjs'
import { turn } from '../lib/pairs.mjs'

const [PROMPT, TOKENS] = [512, 128]

/** What is asked of the ratios, peer over ours in time and ours over peer in memory, by type of the weights. */
const AIMS = {
  q4_1: { medium: { text: 1.5, prompt: 1.5, memory: 1.1 }, highest: { text: 1 } },
  q8_0: { medium: { text: 1 } },
  q4_0: { medium: { text: 1 } },
}

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
      turns.push({ theirs, ours })
      note(
        `k ${kind}: pair ${i + 1}: llama.cpp ${tell(theirs)}; medium ${tell(ours.medium)}; highest ${tell(ours.highest)}`,
      )
    }
    for (const precision of ['medium', 'highest']) rows.push(rowOf(kind, precision, turns))
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

function rowOf(kind, precision, turns) {
  const ratios = (of) => turns.map(({ theirs, ours }) => of(theirs, ours[precision]))
  const summary = (values) => ({ median: median(values), least: Math.min(...values), largest: Math.max(...values) })
  const row = {
    kind,
    precision,
    isa: turns[0].ours[precision].isa,
    prompt: summary(ratios((theirs, ours) => theirs.promptMs / ours.promptMs)),
    text: summary(ratios((theirs, ours) => theirs.textMs / ours.textMs)),
    memory: summary(ratios((theirs, ours) => ours.peakMb / theirs.peakMb)),
    promptPerSecond: perSecond(PROMPT, median(turns.map(({ ours }) => ours[precision].promptMs))),
    textPerSecond: perSecond(TOKENS, median(turns.map(({ ours }) => ours[precision].textMs))),
  }
  const aim = AIMS[kind][precision] ?? {}
  const holds = ([key, least]) => (key === 'memory' ? row.memory.median <= least : row[key].median >= least)
  return { ...row, aim, ok: Object.entries(aim).every(holds) }
}

function print(rows) {
  const cell = ({ median: middle, least, largest }) =>
    `${middle.toFixed(2)} (${least.toFixed(2)} … ${largest.toFixed(2)})`
  const aims = ({ text, prompt, memory }) =>
    [text && `text ≥ ${text}`, prompt && `prompt ≥ ${prompt}`, memory && `memory ≤ ${memory}`]
      .filter(Boolean)
      .join(', ')
  const table = [
    [
      'weights',
      'precision',
      'text: llama.cpp / ours',
      'prompt: llama.cpp / ours',
      'memory: ours / llama.cpp',
      'tokens/s',
      'aim',
      '',
    ],
    ...rows.map((row) => [
      row.kind,
      row.precision,
      cell(row.text),
      cell(row.prompt),
      cell(row.memory),
      `${row.textPerSecond.toFixed(0)} written, ${row.promptPerSecond.toFixed(0)} read`,
      aims(row.aim),
      row.ok ? 'ok' : 'MISSED',
    ]),
  ]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  for (const row of table)
    console.log(
      row
        .map((text, i) => text.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
  console.log(`${cpus()[0].model}, ${rows[0].isa}`)
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
