// Case j: saving and loading 124 million numbers (GPT-2 small, f32, 498 MB) from the page cache, and an adapter of 590 KB.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { base } from '../lib/bases.mjs'

const from = base('gpt2')

export const fileCases = { j: { bases: [from], run: runFiles } }

async function runFiles({ measure, folder }) {
  const home = await mkdtemp(join(tmpdir(), 'loralib-bench-'))
  try {
    await measureWeights(measure, folder(from), home)
    await measureAdapter(measure, join(home, 'adapter.safetensors'))
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function measureWeights(measure, folder, home) {
  const file = join(home, 'model.safetensors')
  const state = await lora.load(join(folder, 'model.safetensors'))
  // torch.save and safetensors do not wait for the disk, so neither does the row that is compared with them.
  const save = () => lora.save(state, file, { sync: false })
  await measure(save, { row: 'save', check: async () => ({ sum: Number((await total(state)).toFixed(3)) }) })
  await measure(() => lora.save(state, file), { row: 'save, waiting for the disk' })
  free(state)
  for (const mapped of [false, true]) {
    const name = mapped ? 'load mapped' : 'load'
    await measure(async () => free(await lora.load(file, { mapped })), { row: name })
    const readAll = async () => {
      const loaded = await lora.load(file, { mapped })
      await total(loaded)
      free(loaded)
    }
    await measure(readAll, { row: `${name}, then read every element` })
  }
  const build = async () => {
    const model = await lora.models.GPT2LMHeadModel.fromPretrained(folder)
    for (const parameter of model.parameters()) parameter.dispose()
  }
  await measure(build, { row: 'GPT2LMHeadModel.fromPretrained' })
}

async function measureAdapter(measure, file) {
  const shapes = { lora_A: [8, 768], lora_B: [1536, 4] }
  const names = Array.from({ length: 12 }, (_, i) => `h.${i}.attn.c_attn`)
  const entries = names.flatMap((at) => Object.entries(shapes).map(([k, shape]) => [`${at}.${k}`, lora.ones(shape)]))
  const adapter = Object.fromEntries(entries)
  const save = () => lora.save(adapter, file, { sync: false })
  await measure(save, { row: 'save of a GPT-2 r=4 adapter', calls: ADAPTER_CALLS })
  const load = async () => free(await lora.load(file))
  await measure(load, { row: 'load of a GPT-2 r=4 adapter', calls: ADAPTER_CALLS })
}

/** As many repetitions as make a sample long enough to time. */
const ADAPTER_CALLS = 20

/** The sum of all elements of all tensors. */
async function total(state) {
  const sums = lora.noGrad(() => Object.values(state).map((tensor) => tensor.sum()))
  const all = await lora.stack(sums).data()
  return all.reduce((a, b) => a + b, 0)
}

function free(state) {
  for (const tensor of Object.values(state)) tensor.dispose()
}
