// npm run bench:cuda [-- --cases b128,d-bf16] [--pairs 3] [--plan] [--json]
//
// Torch with PEFT and ours alternately on the same GPU, torch, node, torch, node, …, each in a fresh process: the cases of the bench that train and that generate.
// Ratios are of the times of a step (above 1 we are faster) and of the most bytes live on the device (below 1 we need less); checks are those of the bench. The addon
// is built with CUDA first. --plan prints what would be measured. Exit code 0 when every check agrees, 1 when one differs or a turn fails, 2 without a GPU.
import { buildCuda, loadEnv } from '../scripts/cuda-build.mjs'
import { flag, readArgs, readNames, text } from '../scripts/lib/args.mjs'
import { gpus, reportNoGpu } from '../scripts/lib/gpu.mjs'
import { fail, inRoot, must, say } from '../scripts/lib/run.mjs'
import { pythonWith } from '../scripts/lib/venv.mjs'
import { median } from './lib/median.mjs'
import { compareChecks, repetitions } from './lib/pairing.mjs'
import { nodeTurn, torchTurn } from './lib/pairs.mjs'
import { installs } from './lib/versions.mjs'

/** Each case with what it is, in torch's words. */
const CASES = {
  b128: 'training: GPT-2 small + LoRA r 4 on c_attn, 8 x 128 tokens, f32',
  'b128-drop': 'the same with LoRA dropout 0.1',
  'b128-bf16': 'the same with bf16 base weights',
  'b128-ckpt': 'the same with gradient checkpointing',
  d: 'training: the shape of SmolLM2-135M + LoRA r 8 on all linear layers, 4 x 256 tokens, f32',
  'd-bf16': 'the same with bf16 base weights',
  'g-greedy': 'generation: GPT-2 small, 64 + 128 tokens, greedy, f32',
  'g-greedy-bf16': 'the same with bf16 weights',
  'g-beam10': 'generation: GPT-2 small, 64 + 64 tokens, 10 beams',
  'g-smol': 'generation: the shape of SmolLM2-135M, 64 + 128 tokens, greedy',
}

const { values } = readArgs({ options: { cases: text, pairs: text, plan: flag, json: flag } })
const names = readNames(values.cases, 'case', Object.keys(CASES)) ?? Object.keys(CASES)
const pairs = Number(values.pairs ?? 3)
if (!Number.isInteger(pairs) || pairs < 1) fail(`--pairs: expected a whole number from 1, received ${values.pairs}`)
const gpu = gpus()

if (values.plan) plan()
else if (!gpu) reportNoGpu('bench:cuda')
else await main()

function plan() {
  say('1. builds the addon with CUDA, as `npm run check:cuda`')
  say(`2. installs into .cache/venv-bench: ${installs.join(' ')}`)
  say('3. writes the models of the cases to .cache/bench (up to 2.5 GB)')
  say(`4. measures ${pairs} pairs of each case, torch and ours in turn:`)
  for (const name of names) {
    const { reps, warmup } = repetitions(name)
    console.log(`   ${name.padEnd(14)} ${CASES[name]}; ${reps} steps after ${warmup}`)
  }
  say('prints for each case: check, torch ms, our ms, time torch / node, memory node / torch on the device')
  say(
    gpu ? `on ${gpu}` : 'there is no NVIDIA GPU here: without --plan it would measure nothing and end with exit code 2',
  )
}

async function main() {
  say(gpu)
  const addon = await buildCuda({ driver: true })
  const env = { ...loadEnv({ driver: true }), LORALIB_NATIVE_PATH: addon, LORALIB_DEVICE: 'cuda' }
  const python = await pythonWith('venv-bench', [installs], 'the bench compares with PyTorch')
  await must(process.execPath, [inRoot('bench', 'prepare.mjs'), ...names], { show: false })
  const results = []
  for (const name of names) {
    results.push(await runCase(python, name, env).catch((error) => ({ case: name, check: error.message })))
    console.log(values.json ? JSON.stringify(results.at(-1)) : tell(results.at(-1)))
  }
  if (results.some(({ check }) => check !== 'ok')) process.exitCode = 1
}

async function runCase(python, name, env) {
  const settings = { threads: 2, ...repetitions(name), device: 'cuda' }
  const sides = { torch: [], node: [] }
  for (let i = 0; i < pairs; i++) {
    sides.torch.push((await torchTurn(python, name, settings))[0])
    sides.node.push((await nodeTurn(name, settings, undefined, env))[0])
  }
  const checks = sides.node.map(({ check }, i) => compareChecks(name, check, sides.torch[i].check))
  const ratio = (a, b, key) => Number(median(a.map((line, i) => line[key] / b[i][key])).toFixed(3))
  const ms = (lines) => Number(median(lines.map(({ step_ms: time }) => time)).toFixed(2))
  return {
    ...{ case: name, check: checks.find((check) => check !== 'ok') ?? 'ok', device: sides.torch[0].device, pairs },
    ...{ torch_ms: ms(sides.torch), node_ms: ms(sides.node) },
    time_ratio: ratio(sides.torch, sides.node, 'step_ms'),
    memory_ratio: ratio(sides.node, sides.torch, 'peak_device_mb'),
  }
}

function tell({ case: name, check, torch_ms: torch, node_ms: node, time_ratio: time, memory_ratio: memory }) {
  const numbers =
    torch === undefined
      ? ''
      : `  torch ${torch} ms, ours ${node} ms, time torch / node ${time}, memory node / torch ${memory}`
  return `${name.padEnd(14)} ${check}${numbers}`
}
