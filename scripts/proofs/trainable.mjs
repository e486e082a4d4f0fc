// Proves the claims of LoRA on GPT-2 small, medium and large: how much is trained, what is saved, what it costs, and that nothing else changes.
//
//   node scripts/proofs/trainable.mjs [--short]
//
// Rank 4 on q and v, one training step on fresh weights of each size (--short: small only). Checked: the number of trainable parameters; the
// adapter file as Python's safetensors reads it; optimizer and gradient bytes in memory(); that every trained tensor changed and no other did,
// by the sha256 of its data. Needs python3; safetensors and numpy are installed in .cache/venv-safetensors. Exit code 1 on failure.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { must } from '../lib/run.mjs'
import { pythonWith } from '../lib/venv.mjs'

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } })

// Sizes of Radford et al. 2019; large is in bf16, so that the proof fits a machine of 8 GB.
const SIZES = [
  { name: 'small', n_layer: 12, n_embd: 768, n_head: 12, dtype: 'f32', trainable: 147_456 },
  { name: 'medium', n_layer: 24, n_embd: 1024, n_head: 16, dtype: 'f32', trainable: 393_216 },
  { name: 'large', n_layer: 36, n_embd: 1280, n_head: 20, dtype: 'bf16', trainable: 737_280 },
]
const R = 4
const READER = `
import hashlib, json, sys
from safetensors import safe_open
found = {}
with safe_open(sys.argv[1], framework="np") as file:
    for name in file.keys():
        values = file.get_tensor(name)
        found[name] = {"shape": list(values.shape), "dtype": str(values.dtype), "sha256": hashlib.sha256(values.tobytes()).hexdigest()}
print(json.dumps(found))
`

const problems = []
const python = await pythonWith(
  'venv-safetensors',
  [['safetensors==0.8.0', 'numpy==2.4.6']],
  'this proof reads the adapter file back with Python',
)
const folder = mkdtempSync(join(tmpdir(), 'loralib-trainable-'))
const rows = []
try {
  for (const size of values.short ? SIZES.slice(0, 1) : SIZES) rows.push(await prove(size))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.table(Object.fromEntries(rows.map(({ name, ...row }) => [`GPT-2 ${name}`, row])))
for (const problem of problems) console.log(`FAILED  ${problem}`)
console.log(problems.length ? `${problems.length} failed` : 'all hold')
process.exitCode = problems.length ? 1 : 0

async function prove({ name, dtype, trainable: expected, ...sizes }) {
  const check = (holds, text) => holds || problems.push(`GPT-2 ${name}: ${text}`)
  const started = performance.now()
  lora.manualSeed(3)
  const model = lora.models.GPT2LMHeadModel.fromConfig(sizes, { dtype })
  const paths = lora.injectLora(model, {
    targets: ['attn.c_attn'],
    enableLora: [true, false, true],
    r: R,
    loraAlpha: 32,
  })
  lora.markOnlyLoraAsTrainable(model)
  check(paths.length === sizes.n_layer, `${paths.length} layers were adapted`)
  check(
    paths.every((path) => model.getSubmodule(path) instanceof lora.MergedLinear),
    'not every adapted layer is a MergedLinear',
  )
  // B starts at 0, so A has no gradient in the first step: with nonzero values in B every factor must change.
  for (const [key, p] of model.namedParameters()) if (key.endsWith('lora_B')) lora.nn.init.normal_(p, 0, 0.02)

  const trainable = new Map([...model.namedParameters()].filter(([, p]) => p.requiresGrad))
  const frozen = new Map([...model.namedParameters()].filter(([key]) => !trainable.has(key)))
  const numbers = sum(trainable.values(), (p) => p.numel)
  check(numbers === expected, `${numbers} trainable parameters, not ${expected}`)
  const before = await hashes(model)

  const parameters = [...trainable.values()]
  const optimizer = new lora.optim.AdamW(parameters, { lr: 1e-3 })
  const ids = [Array.from({ length: 32 }, (_, t) => (977 * t + 5) % model.config.vocab_size)]
  model.train()
  const { loss } = model.forward(ids, { labels: ids })
  await loss.backward()
  await lora.settle()
  const gradient = lora.memory().gradient
  check(gradient.bytes === 4 * numbers, `gradients take ${gradient.bytes} bytes, not ${4 * numbers}`)
  check(
    [...frozen.values()].every((p) => p.grad === null && !p.hasGrad),
    'a frozen weight has a gradient',
  )
  check(
    parameters.every((p) => p.grad?.dtype === 'f32' && same(p.grad.shape, p.shape)),
    'a factor has no f32 gradient of its shape',
  )

  await optimizer.step()
  optimizer.zeroGrad()
  await lora.settle()
  const memory = lora.memory()
  check(
    memory.optimizer.bytes === 8 * numbers,
    `the optimizer takes ${memory.optimizer.bytes} bytes, not ${8 * numbers}`,
  )
  check(
    memory.optimizer.tensors === 2 * trainable.size,
    `the optimizer holds ${memory.optimizer.tensors} tensors, not ${2 * trainable.size}`,
  )
  check(memory.gradient.bytes === 0, `${memory.gradient.bytes} bytes of gradients are left after zeroGrad()`)

  const after = await hashes(model)
  const changed = Object.keys(before).filter((key) => before[key] !== after[key])
  check(
    same(changed, [...trainable.keys()]),
    `${changed.length} tensors changed, not the ${trainable.size} of the adapter`,
  )

  const file = join(folder, `${name}.safetensors`)
  await lora.save(lora.loraStateDict(model), file)
  const read = await readInPython(file)
  const wanted = new Map(
    paths.flatMap((path) => [
      [`${path}.lora_A`, [2 * R, sizes.n_embd]],
      [`${path}.lora_B`, [2 * sizes.n_embd, R]],
    ]),
  )
  check(
    same(Object.keys(read).sort(), [...wanted.keys()].sort()),
    `Python reads ${Object.keys(read).length} names, not the ${wanted.size} of the adapter`,
  )
  for (const [key, shape] of wanted) {
    const got = read[key]
    check(
      got && same(got.shape, shape) && got.dtype === 'float32',
      `Python reads ${key} as ${JSON.stringify(got)}, not (${shape.join(', ')}) float32`,
    )
    check(got?.sha256 === after[key], `Python reads other numbers in ${key}`)
  }

  const row = {
    name,
    base: `${(sum(frozen.values(), (p) => p.numel) / 1e6).toFixed(1)} M ${dtype}`,
    trainable: numbers,
    'frozen unchanged': `${frozen.size - changed.filter((key) => frozen.has(key)).length} of ${frozen.size}`,
    'trained changed': `${changed.filter((key) => trainable.has(key)).length} of ${trainable.size}`,
    'gradient bytes': gradient.bytes,
    'optimizer bytes': memory.optimizer.bytes,
    'base bytes': memory.base.bytes,
    'adapter file': statSync(file).size,
    'names in Python': Object.keys(read).length,
    loss: Number((await loss.item()).toFixed(3)),
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
  }
  await disposeAll(model, optimizer, loss)
  return row
}

/** sha256 of every parameter's data, one tensor at a time. */
async function hashes(model) {
  const found = {}
  for (const [key, tensor] of model.namedParameters()) {
    const data = await tensor.data()
    found[key] = createHash('sha256')
      .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      .digest('hex')
  }
  return found
}

/** Frees the model: the next size needs the memory, and the counts of memory() must be those of one model. */
async function disposeAll(model, optimizer, loss) {
  loss.dispose()
  for (const state of Object.values(optimizer.stateDict().state)) {
    for (const moment of Object.values(state)) if (moment instanceof lora.Tensor) moment.dispose()
  }
  for (const p of model.parameters()) p.dispose()
  await lora.settle()
  const { total } = lora.memory()
  if (total.bytes > 1 << 20) problems.push(`${total.bytes} bytes stay after everything was disposed of`)
}

async function readInPython(file) {
  const { out } = await must(python, ['-c', READER, file], { show: false })
  return JSON.parse(out)
}

function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b)
}

function sum(items, of) {
  return Array.from(items, of).reduce((a, b) => a + b, 0)
}
