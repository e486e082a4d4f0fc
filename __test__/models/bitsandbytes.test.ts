// Weights as bitsandbytes stores them, against what it reads itself: bitsandbytes-weights.py wrote both.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'
import { caught } from '../support/errors.js'
import { folderWith } from '../support/files.js'
import { readRaw, writeRaw } from '../support/safetensors.js'
import type { RawTensor } from '../support/safetensors.js'

const FILE = '__test__/models/bitsandbytes-weights.safetensors'
const STORED = readRaw(FILE)
const CASES = [...new Set(Object.keys(STORED).map((name) => name.split('/')[0]!))]
const LAYER = 'model.layers.0.mlp.down_proj'
const { AutoModelForCausalLM } = lora.models

/** The type in the title of a case; in 8 bits that of the configuration. */
const floatOf = (name: string) => name.split('-')[1] ?? 'f16'

/** What a case has in the file, under the names of a layer. */
const partsOf = (name: string, layer = LAYER): Record<string, RawTensor> =>
  Object.fromEntries(
    Object.entries(STORED).flatMap(([key, tensor]) => {
      const [own, part] = key.split('/') as [string, string]
      return own === name && part !== 'floats' ? [[`${layer}.${part}`, tensor]] : []
    }),
  )

const without = (name: string) => (parts: Record<string, RawTensor>) =>
  Object.fromEntries(Object.entries(parts).filter(([key]) => key !== name))

/** A folder of a small Llama one of whose weights is that of a case. */
async function folderOf(
  t: ExecutionContext,
  name: string,
  change: (parts: Record<string, RawTensor>) => object = (parts) => parts,
  quantization_config: object | null = { quant_method: 'bitsandbytes' },
): Promise<string> {
  const dir = await folderWith(t)
  const [out, into] = STORED[`${name}/floats`]!.shape as [number, number]
  const sizes = { vocab_size: 7, hidden_size: out, intermediate_size: into, num_hidden_layers: 1 }
  const head_dim = out % 32 === 0 ? 32 : 4
  const config = { ...sizes, num_attention_heads: 1, head_dim, max_position_embeddings: 8 }
  await lora.models.LlamaForCausalLM.fromConfig(config).savePretrained(dir)
  const path = join(dir, 'model.safetensors')
  const others = without(`${LAYER}.weight`)(readRaw(path))
  writeRaw(path, { ...others, ...change(partsOf(name)) } as Record<string, RawTensor>)
  setConfig(dir, { quantization_config, torch_dtype: 'float16' })
  return dir
}

function setConfig(dir: string, fields: object): void {
  const path = join(dir, 'config.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...fields }))
}

const weightOf = (model: lora.nn.Module) => model.stateDict()[`${LAYER}.weight`]!

for (const name of CASES) {
  test(`bitsandbytes: ${name}: every number is that of bitsandbytes, in the type that it was made from`, async (t) => {
    const want = (await lora.load(FILE))[`${name}/floats`]!
    const dir = await folderOf(t, name)
    for (const mapped of [true, false]) {
      const weight = weightOf(await AutoModelForCausalLM.fromPretrained(dir, { mapped }))
      t.is(weight.dtype as string, floatOf(name))
      await same(
        t,
        weight,
        lora.noGrad(() => want.to(weight.dtype)),
      )
    }
  })
}

test('bitsandbytes: 8 bits in f32, to the bit', async (t) => {
  const dir = await folderOf(t, 'int8')
  const want = (await lora.load(FILE))['int8/floats']!
  await same(t, weightOf(await AutoModelForCausalLM.fromPretrained(dir, { dtype: 'f32' })), want)
})

test('bitsandbytes: the dtype that is asked for, floats or blocks', async (t) => {
  const dir = await folderOf(t, 'nf4-bf16-64-double')
  const own = weightOf(await AutoModelForCausalLM.fromPretrained(dir))
  const wide = weightOf(await AutoModelForCausalLM.fromPretrained(dir, { dtype: 'f32' }))
  t.is(wide.dtype, 'f32')
  // Rounded once, from the product in f32.
  await same(
    t,
    lora.noGrad(() => wide.to('bf16')),
    own,
  )
  t.false(await lora.noGrad(() => own.to('f32')).equal(wide))
  const blocks = weightOf(await AutoModelForCausalLM.fromPretrained(dir, { dtype: 'q4_k' }))
  t.is(blocks.dtype, 'q5_0') // a row is no multiple of 256
  await same(
    t,
    blocks,
    lora.noGrad(() => own.detach().to('q5_0')),
  )
})

test('bitsandbytes: what is written is a plain model', async (t) => {
  const dir = await folderOf(t, 'nf4-f16-32-double')
  const model = await AutoModelForCausalLM.fromPretrained(dir)
  for (const [out, write] of Object.entries({
    saved: (to: string) => model.savePretrained(to),
    converted: (to: string) => lora.convert(dir, to, { to: 'safetensors' }),
  })) {
    await write(join(dir, out))
    const config = JSON.parse(readFileSync(join(dir, out, 'config.json'), 'utf8')) as Record<string, unknown>
    t.false('quantization_config' in config)
    t.is(Object.keys(readRaw(join(dir, out, 'model.safetensors'))).filter((key) => key.startsWith(LAYER)).length, 1)
    await same(t, weightOf(await AutoModelForCausalLM.fromPretrained(join(dir, out))), weightOf(model))
  }
  await lora.convert(dir, join(dir, 'x.gguf'), { to: 'gguf' })
  await same(t, weightOf(await AutoModelForCausalLM.fromPretrained(join(dir, 'x.gguf'))), weightOf(model))
})

test('bitsandbytes: shards, and configurations that name no method', async (t) => {
  const dir = await folderOf(t, 'int8', undefined, { load_in_8bit: true })
  const want = weightOf(await AutoModelForCausalLM.fromPretrained(dir))
  const all = Object.entries(readRaw(join(dir, 'model.safetensors')))
  // The weight and its scales in different files.
  const [a, b] = [0, 1].map((i) => all.filter((_, at) => at % 2 === i))
  const files = { 'model-00001-of-00002.safetensors': a!, 'model-00002-of-00002.safetensors': b! }
  for (const [file, tensors] of Object.entries(files)) writeRaw(join(dir, file), Object.fromEntries(tensors))
  const map = Object.entries(files).flatMap(([file, tensors]) => tensors.map(([name]) => [name, file]))
  const index = { metadata: {}, weight_map: Object.fromEntries(map) as object }
  writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify(index))
  rmSync(join(dir, 'model.safetensors'))
  await same(t, weightOf(await AutoModelForCausalLM.fromPretrained(dir)), want)
})

test('bitsandbytes: matrices of GPT-2, which lie the other way round in its own files', async (t) => {
  const dir = await folderWith(t)
  const config = { vocab_size: 7, n_embd: 15, n_head: 3, n_layer: 1, n_inner: 9, n_positions: 8 }
  const model = lora.models.GPT2LMHeadModel.fromConfig(config)
  await model.savePretrained(dir)
  const path = join(dir, 'model.safetensors')
  const [key] = Object.keys(readRaw(path)).filter((name) => name.endsWith('mlp.c_proj.weight')) as [string]
  const layer = key.replace(/\.weight$/, '')
  writeRaw(path, { ...without(key)(readRaw(path)), ...partsOf('nf4-f32-64', layer) })
  setConfig(dir, { quantization_config: { quant_method: 'bitsandbytes' } })
  const read = await AutoModelForCausalLM.fromPretrained(dir)
  const want = (await lora.load(FILE))['nf4-f32-64/floats']!
  const weight = Object.entries(read.stateDict()).find(([name]) => name.endsWith('mlp.c_proj.weight'))![1]
  await same(
    t,
    weight,
    lora.noGrad(() => want.transpose(0, 1).contiguous()),
  )
})

const BESIDE = `${LAYER}.weight.`
const STATE = `${BESIDE}quant_state.bitsandbytes__nf4`
/** Damages of a weight in 4 bits with double quantisation; in 8 bits. */
const DAMAGES: Record<string, [name: string, change: (parts: Record<string, RawTensor>) => object, problem: RegExp]> = {
  ...Object.fromEntries(
    ['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map'].map((part) => [
      `without ${part}`,
      ['nf4-bf16-64-double', without(BESIDE + part), new RegExp(`${part} is missing`)],
    ]),
  ),
  'without a state': ['nf4-f32-64', without(STATE), /\(68, 1\) u8 without quant_state/],
  'two states': ['nf4-f32-64', (parts) => ({ ...parts, [`${BESIDE}quant_state.bitsandbytes__fp4`]: parts[STATE] }), /both quant_state.bitsandbytes__nf4 and/],
  'a state that is no JSON': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: text('{') }), /is not JSON/],
  'a state that is no object': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: text('null') }), /quant_type undefined, blocksize undefined, dtype undefined, shape undefined/],
  'a long state': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: text(' '.repeat(70_000)) }), /\(70000\) u8 for u8 \(at most 65536\)/],
  'a huge shape': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: state({ shape: [1e6, 1e6] }) }), /where 1000000000000 codes/],
  'shapes that are none': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: state({ shape: [-3, 1e300] }) }), /shape \[-3, 1e\+300\]/],
  'another size of blocks': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: state({ blocksize: 32 }) }), /absmax \(3\) f32 for f32 \(5\)/],
  'a size of blocks that is none': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: state({ blocksize: 0 }) }), /blocksize 0/],
  'another method': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: state({ quant_type: 'fp4' }) }), /quant_type 'fp4'/],
  'an inherited name': ['nf4-f32-64', (parts) => ({ ...parts, [STATE]: state({ dtype: 'constructor' }) }), /dtype 'constructor'/],
  'another map': ['nf4-f32-64', (parts) => ({ ...parts, [`${BESIDE}quant_map`]: partsOf('fp4-f16-64')[`${BESIDE}quant_map`] }), /quant_map is not that of nf4/],
  'codes in other bytes': ['nf4-f32-64', (parts) => ({ ...parts, [`${LAYER}.weight`]: { ...parts[`${LAYER}.weight`], dtype: 'BF16', shape: [34, 1] } }), /\(34, 1\) bf16, where 135 codes/],
  'no weight': ['nf4-f32-64', without(`${LAYER}.weight`), /down_proj\.weight: missing/],
  'no scales of rows': ['int8', without(`${LAYER}.SCB`), /SCB is missing/],
  'scales of other rows': ['int8', (parts) => ({ ...parts, [`${LAYER}.SCB`]: { dtype: 'F32', shape: [1], bytes: Buffer.alloc(4) } }), /SCB \(1\) f32 for f32 \(15\)/],
  'an order of one GPU': ['int8', (parts) => ({ ...parts, [`${LAYER}.weight_format`]: { dtype: 'U8', shape: [], bytes: Buffer.of(1) } }), /weight_format 1/],
} // prettier-ignore

for (const [title, [name, change, problem]] of Object.entries(DAMAGES)) {
  test(`bitsandbytes: ${title}: an error`, async (t) => {
    const dir = await folderOf(t, name, change)
    const { error } = await caught(() => AutoModelForCausalLM.fromPretrained(dir))
    t.true(error instanceof lora.FormatError, String(error))
    t.regex((error as lora.FormatError).received, problem)
  })
}

test('bitsandbytes: all problems come in one error', async (t) => {
  const dir = await folderOf(t, 'nf4-f32-64', (parts) => ({
    ...without(`${BESIDE}absmax`)(parts),
    [`${BESIDE}quant_map`]: { dtype: 'F32', shape: [1], bytes: Buffer.alloc(4) },
    ...partsOf('int8', 'model.layers.0.mlp.other'),
    'model.layers.0.mlp.other.SCB': { dtype: 'F32', shape: [0], bytes: Buffer.alloc(0) },
  }))
  const { received } = (await caught(() => AutoModelForCausalLM.fromPretrained(dir))).error as lora.FormatError
  t.is(received.split('; ').length, 3, received)
})

test('weights that are quantised in another way: the error names the method', async (t) => {
  for (const method of ['gptq', 'awq', 'fp8', undefined]) {
    const dir = await folderOf(t, 'int8', undefined, { quant_method: method, bits: 4 })
    const { error } = await caught(() => AutoModelForCausalLM.fromPretrained(dir))
    t.true(error instanceof lora.UnsupportedError)
    t.regex((error as Error).message, new RegExp(`quantised by ${method ?? 'an unknown method'}`))
    t.regex((error as lora.UnsupportedError).hint, /checkpoint that it was made from/)
  }
})

function text(content: string): RawTensor {
  const bytes = Buffer.from(content)
  return { dtype: 'U8', shape: [bytes.length], bytes }
}

/** The state of the case nf4-f32-64 with other fields. */
function state(fields: object): RawTensor {
  return text(JSON.stringify({ ...JSON.parse(STORED[`nf4-f32-64/${STATE.slice(LAYER.length + 1)}`]!.bytes.toString()), ...fields })) // prettier-ignore
}
