// The shapes of released models, and their files with random weights in Q4_K blocks, written tensor by tensor.
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { inRoot } from '../../scripts/lib/run.mjs'

/** Fields of `config.json` as released. */
export const SHAPES = {
  'qwen2.5-0.5b': {
    ...{ model_type: 'qwen2', hidden_size: 896, intermediate_size: 4864, num_hidden_layers: 24 },
    ...{ num_attention_heads: 14, num_key_value_heads: 2, vocab_size: 151_936, tie_word_embeddings: true },
    ...{ max_position_embeddings: 32_768, rope_theta: 1e6, rms_norm_eps: 1e-6 },
  },
  'qwen2.5-1.5b': {
    ...{ model_type: 'qwen2', hidden_size: 1536, intermediate_size: 8960, num_hidden_layers: 28 },
    ...{ num_attention_heads: 12, num_key_value_heads: 2, vocab_size: 151_936, tie_word_embeddings: true },
    ...{ max_position_embeddings: 131_072, rope_theta: 1e6, rms_norm_eps: 1e-6 },
  },
  'llama-3-8b': {
    ...{ model_type: 'llama', hidden_size: 4096, intermediate_size: 14_336, num_hidden_layers: 32 },
    ...{ num_attention_heads: 32, num_key_value_heads: 8, vocab_size: 128_256, tie_word_embeddings: false },
    ...{ max_position_embeddings: 8192, rope_theta: 5e5, rms_norm_eps: 1e-5 },
  },
}

/** (out, in) of the dense layers of a block. */
export function linearsOf(shape) {
  const { hidden_size: d, intermediate_size: m, num_attention_heads: heads, num_key_value_heads: kv } = shape
  const narrow = (d / heads) * kv
  return [[d, d], [narrow, d], [narrow, d], [d, d], [m, d], [m, d], [d, m]] // prettier-ignore
}

/** Elements of one write. */
const PART = 1 << 22

/**
 * The GGUF file of a shape, made once. Blocks of the network have equal weights: each random tensor is quantised once, and written for all blocks. Q4_K throughout; rows
 * that are no multiple of 256 get llama.cpp's fallback, Q5_0.
 */
export async function fileOf(name, note) {
  const path = inRoot(`.cache/bench/${name}.q4_k.gguf`)
  if (existsSync(path)) return path
  note(`${name}: writing ${path} …`)
  const lora = await import('loralib')
  await mkdir(inRoot('.cache/bench'), { recursive: true })
  const { metadata, tensors } = await layoutOf(lora, name)
  const partial = `${path}.partial`
  const writer = new lora.GgufWriter(partial, { metadata, tensors })
  const generator = new lora.Generator(1)
  const made = new Map()
  for (const { name: tensor, dtype, shape } of tensors) {
    const key = tensor.replace(/^blk\.\d+\./, '')
    const isOfBlock = key !== tensor
    const cached = made.get(key)
    const parts = cached ?? partsOf(lora, generator, key, dtype, shape)
    const kept = []
    for (const part of parts) {
      await writer.write(tensor, part)
      if (isOfBlock) kept.push(part)
      else part.dispose()
    }
    if (isOfBlock && cached === undefined) made.set(key, kept)
  }
  await writer.finish()
  for (const part of [...made.values()].flat()) part.dispose()
  await rename(partial, path)
  return path
}

/** Metadata and tensors of the file: those of a model of one block, with the block repeated. */
async function layoutOf(lora, name) {
  const shape = SHAPES[name]
  const path = inRoot(`.cache/bench/${name}.one.gguf`)
  const small = { ...shape, num_hidden_layers: 1, vocab_size: 32 }
  const model = lora.models.AutoModelForCausalLM.fromConfig(small, { dtype: 'bf16' })
  await lora.models.saveGguf(model, path, { dtype: 'q4_k' })
  for (const tensor of new Set(model.parameters())) tensor.dispose()
  const header = await lora.loadGgufHeader(path)
  await rm(path)
  const metadata = { ...header.metadata }
  const set = (key, value) => (metadata[key] = { type: 'u32', value })
  const architecture = metadata['general.architecture'].value
  set(`${architecture}.block_count`, shape.num_hidden_layers)
  set(`${architecture}.vocab_size`, shape.vocab_size)
  const tensors = header.tensors.flatMap(({ name: tensor, dtype, shape: size }) => {
    const [rows, ...rest] = size
    const whole = /^(token_embd|output)\.weight$/.test(tensor) ? [shape.vocab_size, ...rest] : [rows, ...rest]
    const blocks = tensor.startsWith('blk.0.') ? shape.num_hidden_layers : 1
    return Array.from({ length: blocks }, (_, i) => ({
      name: tensor.replace('blk.0.', `blk.${i}.`),
      dtype,
      shape: whole,
    }))
  })
  return { metadata, tensors }
}

function* partsOf(lora, generator, key, dtype, [rows, ...rest]) {
  const width = rest.reduce((product, size) => product * size, 1)
  const step = Math.max(1, Math.floor(PART / width))
  for (let from = 0; from < rows; from += step) {
    const shape = [Math.min(step, rows - from), ...rest]
    if (key.endsWith('norm.weight')) yield lora.ones(shape)
    else if (key.endsWith('bias')) yield lora.zeros(shape)
    else {
      const wide = lora.randn(shape, { generator }).mul(0.02)
      const part = wide.to(dtype)
      wide.dispose()
      yield part
    }
  }
}
