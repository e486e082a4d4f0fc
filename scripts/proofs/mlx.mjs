// npm run proof:mlx [-- --only TEXT]: folders of adapters both ways with mlx-lm itself, on the CPU. Models of four families, each with LoRA, DoRA, some blocks and
// patterns: what mlx-lm wrote gives its logits here, and what `convert` writes gives ours there, within 1e-4. Each adapter moves the logits by more than 0.1.
// mlx-lm is installed in .cache (once; 300 MB).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArgs, text } from '../lib/args.mjs'
import { pythonWithMlx } from '../lib/mlx.mjs'
import { fail } from '../lib/run.mjs'
import { needBuild } from '../lib/stamp.mjs'
import { reference } from './lib/reference.mjs'

const LIMIT = 1e-4
const MOVES = 0.1
const IDS = [
  [5, 17, 99, 3, 42, 7, 11, 60, 2],
  [80, 4, 4, 19, 118, 33, 21, 9, 50],
]

const { only } = readArgs({ options: { only: text } }).values
needBuild()
const lora = await import('loralib')
const python = await pythonWithMlx()
const folder = mkdtempSync(join(tmpdir(), 'loralib-mlx-'))

async function main() {
  const cases = (await planned()).filter(({ name }) => only === undefined || name.includes(only))
  if (cases.length === 0) fail(`no case has ${only} in its name`)
  const made = await ask('make', cases)
  const ours = new Map()
  for (const each of cases) ours.set(each.name, await compute(each).catch((error) => ({ problem: error.stack })))
  const checked = await ask('check', cases)
  let passed = 0
  console.log(`${'model, adapter'.padEnd(30)}  moves by  theirs here  ours there  loss`)
  for (const { name } of cases) {
    const { problem, moves, here, loss } = ours.get(name)
    const there = checked[name]
    const why = [made[name], problem, typeof there === 'number' ? null : there].find((each) => each != null)
    const isOk = why === undefined && moves > MOVES && here <= LIMIT && there <= LIMIT
    if (isOk) passed++
    const row =
      why ??
      `${moves.toFixed(2).padStart(8)}  ${here.toExponential(1).padStart(11)}  ${there.toExponential(1).padStart(10)}  ${loss}`
    console.log(`${isOk ? 'ok    ' : 'FAILED'}  ${name.padEnd(30)}${row}`)
  }
  console.log(`${passed} of ${cases.length} adapters agree both ways within ${LIMIT}`)
  return passed === cases.length
}

/** The logits of mlx-lm's folder here, and a folder of ours with its logits. */
async function compute(each) {
  const answers = await lora.load(each.answers)
  const load = () => lora.models.AutoModelForCausalLM.fromPretrained(each.base)
  const logits = (model) => lora.noGrad(() => model.forward(each.ids).logits)
  const theirs = await lora.peft.PeftModel.fromPretrained(await load(), each.theirs)
  const here = await farthest(logits(theirs.eval()), answers.theirs)
  const moves = await farthest(answers.theirs, answers.base)
  lora.manualSeed(each.seed)
  const own = lora.peft.getPeftModel(await load(), each.peft).eval()
  lora.noGrad(() => {
    for (const tensor of own.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(each.scale))
  })
  const result = logits(own)
  await own.savePretrained(`${each.ours}-peft`)
  const { losses } = await lora.convert(`${each.ours}-peft`, each.ours, { to: 'mlx' })
  await lora.save({ ours: result }, each.ours_answers)
  const loss = losses.map(({ maxRelativeError }) => maxRelativeError.toExponential(1)).join() || 'none'
  return { here, loss, moves: Math.min(moves, await farthest(result, answers.base)) }
}

const farthest = (a, b) => a.to('f64').sub(b.to('f64')).abs().max().item()

function ask(what, cases) {
  const path = join(folder, 'cases.json')
  writeFileSync(path, JSON.stringify(cases))
  return reference(python, 'mlx/reference.py', [what, path])
}

/** Bases with random weights, which this library writes, and the adapters of each. */
async function planned() {
  const shape = {
    ...{ hidden_size: 48, intermediate_size: 80, num_hidden_layers: 3, num_attention_heads: 4, vocab_size: 120 },
    ...{ max_position_embeddings: 64, initializer_range: 0.2, tie_word_embeddings: false, num_key_value_heads: 2 },
  }
  const gpt2 = {
    vocab_size: 120,
    n_embd: 48,
    n_layer: 3,
    n_head: 4,
    n_positions: 64,
    n_ctx: 64,
    initializer_range: 0.2,
  }
  const targets = ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.down_proj']
  const families = {
    llama: [{ model_type: 'llama', ...shape, head_dim: 12 }, targets],
    qwen3: [{ model_type: 'qwen3', ...shape, head_dim: 16 }, targets],
    phi3: [{ model_type: 'phi3', ...shape, pad_token_id: 0 }, ['self_attn.qkv_proj', 'mlp.down_proj']],
    gpt2: [{ model_type: 'gpt2', ...gpt2 }, ['attn.c_attn', 'mlp.c_proj']],
  }
  const all = []
  for (const [i, [family, [config, keys]]] of Object.entries(families).entries()) {
    const base = join(folder, family)
    lora.manualSeed(i)
    const model = lora.models.AutoModelForCausalLM.fromConfig(config)
    await model.savePretrained(base)
    // mlx-lm knows GPT-2 as its first files have it, without a prefix.
    if (family === 'gpt2') await lora.save(model.transformer.stateDict(), join(base, 'model.safetensors'))
    for (const [variant, { mlx, peft }] of Object.entries(variants(keys))) {
      const at = (file) => join(folder, `${family}-${variant.replaceAll(' ', '-')}-${file}`)
      const files = { theirs: at('theirs'), ours: at('ours'), answers: at('answers.safetensors'), ours_answers: at('ours.safetensors') } // prettier-ignore
      all.push({ name: `${family}, ${variant}`, base, mlx, peft, ids: IDS, seed: i, scale: 0.1, ...files })
    }
  }
  return all
}

function variants(keys) {
  const mlx = (more = {}, parameters = {}) => ({
    ...{ fine_tune_type: 'lora', num_layers: 3, ...more },
    lora_parameters: { rank: 4, scale: 2, dropout: 0, keys, ...parameters },
  })
  const peft = (more = {}) => ({ r: 4, loraAlpha: 8, targetModules: keys, ...more })
  return {
    lora: { mlx: mlx(), peft: peft() },
    dora: { mlx: mlx({ fine_tune_type: 'dora' }), peft: peft({ useDora: true }) },
    'last block': { mlx: mlx({ num_layers: 1 }, { scale: 5 }), peft: peft({ layersToTransform: [2] }) },
    patterns: {
      mlx: mlx({ num_layers: -1 }, { scale: 0.7 }),
      peft: peft({ rankPattern: { [keys[0]]: 7 }, alphaPattern: { [keys[1]]: 12 }, useRslora: true }),
    },
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
