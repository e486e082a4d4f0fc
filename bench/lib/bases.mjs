// Model folders in the Hugging Face layout with weights from a hash, below .cache/bench. bench/prepare.mjs writes them; cases map them.
import { existsSync } from 'node:fs'
import { rename, rm, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeWeights } from './safetensors.mjs'

const HOME = fileURLToPath(new URL('../../.cache/bench/', import.meta.url))

const GPT2 = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  ...{ vocab_size: 50257, n_positions: 1024, n_embd: 768, n_layer: 12, n_head: 12, layer_norm_epsilon: 1e-5 },
  ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0, bos_token_id: 50256, eos_token_id: 50256 },
}
const SMOL = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  ...{ vocab_size: 49152, hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, num_attention_heads: 9 },
  ...{ num_key_value_heads: 3, max_position_embeddings: 8192, rms_norm_eps: 1e-5, tie_word_embeddings: true },
  ...{ rope_theta: 100000, rope_scaling: null, hidden_act: 'silu', attention_bias: false, mlp_bias: false },
  ...{ bos_token_id: 1, eos_token_id: 2 },
}
const ROBERTA = {
  model_type: 'roberta',
  architectures: ['RobertaForSequenceClassification'],
  ...{ vocab_size: 50265, max_position_embeddings: 514, type_vocab_size: 1, layer_norm_eps: 1e-5, hidden_size: 768 },
  ...{ num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072, hidden_act: 'gelu' },
  ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 },
  ...{ id2label: { 0: 'LABEL_0', 1: 'LABEL_1', 2: 'LABEL_2' } },
}

// As in smoke/expected.py.
const SMALL_GPT2 = {
  vocab_size: 523,
  n_positions: 256,
  n_embd: 96,
  n_layer: 2,
  n_head: 3,
  bos_token_id: 522,
  eos_token_id: 522,
}
const SMALL_SMOL = {
  ...{ vocab_size: 523, hidden_size: 96, intermediate_size: 160, num_hidden_layers: 2, num_attention_heads: 6 },
  ...{ num_key_value_heads: 2, max_position_embeddings: 256 },
}
const SMALL_ROBERTA = {
  ...{ vocab_size: 523, hidden_size: 96, intermediate_size: 160, num_hidden_layers: 2, num_attention_heads: 3 },
}

/** Each family: its `config.json`, what differs in the small one, and its parameters as `[name, shape]`. */
const FAMILIES = {
  gpt2: { config: GPT2, small: SMALL_GPT2, parameters: gpt2Parameters },
  llama: { config: SMOL, small: SMALL_SMOL, parameters: llamaParameters },
  roberta: { config: ROBERTA, small: SMALL_ROBERTA, parameters: robertaParameters },
}

/**
 * A base by family and element type, F32 or BF16: its folder and content.
 * @returns {{ folder: string, family: string, dtype: string, config: object }}
 */
export function base(family, dtype = 'F32') {
  return { folder: join(HOME, `${family}-${dtype.toLowerCase()}`), family, dtype, config: FAMILIES[family].config }
}

/** The same in small shapes, for checks without times. */
export function smallBase({ family, dtype }) {
  const { config, small } = FAMILIES[family]
  return {
    folder: join(HOME, `${family}-small-${dtype.toLowerCase()}`),
    family,
    dtype,
    config: { ...config, ...small },
  }
}

/** Writes a base, unless it exists. Not in the process that reads it, since the pages it writes count as memory of the process. */
export async function writeBase({ folder, family, dtype, config }, { overwrite = false } = {}) {
  if (existsSync(folder) && !overwrite) return
  const draft = `${folder}.${process.pid}.partial`
  await mkdir(draft, { recursive: true })
  await writeFile(join(draft, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  await writeWeights(join(draft, 'model.safetensors'), FAMILIES[family].parameters(config), { dtype })
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
}

function gpt2Parameters({ vocab_size: V, n_positions: P, n_embd: C, n_layer }) {
  const dense = (name, from, to) => [
    [`${name}.weight`, [from, to]],
    [`${name}.bias`, [to]],
  ]
  const blocks = Array.from({ length: n_layer }, (_, i) => `transformer.h.${i}`).flatMap((at) => [
    ...norm(`${at}.ln_1`, C),
    ...dense(`${at}.attn.c_attn`, C, 3 * C),
    ...dense(`${at}.attn.c_proj`, C, C),
    ...norm(`${at}.ln_2`, C),
    ...dense(`${at}.mlp.c_fc`, C, 4 * C),
    ...dense(`${at}.mlp.c_proj`, 4 * C, C),
  ])
  const tables = [
    ['transformer.wte.weight', [V, C]],
    ['transformer.wpe.weight', [P, C]],
  ]
  return [...tables, ...blocks, ...norm('transformer.ln_f', C)]
}

function llamaParameters(config) {
  const { vocab_size: V, hidden_size: C, intermediate_size: F, num_hidden_layers } = config
  const kv = (C / config.num_attention_heads) * config.num_key_value_heads
  const blocks = Array.from({ length: num_hidden_layers }, (_, i) => `model.layers.${i}`).flatMap((at) => [
    [`${at}.self_attn.q_proj.weight`, [C, C]],
    [`${at}.self_attn.k_proj.weight`, [kv, C]],
    [`${at}.self_attn.v_proj.weight`, [kv, C]],
    [`${at}.self_attn.o_proj.weight`, [C, C]],
    [`${at}.mlp.gate_proj.weight`, [F, C]],
    [`${at}.mlp.up_proj.weight`, [F, C]],
    [`${at}.mlp.down_proj.weight`, [C, F]],
    [`${at}.input_layernorm.weight`, [C]],
    [`${at}.post_attention_layernorm.weight`, [C]],
  ])
  return [['model.embed_tokens.weight', [V, C]], ...blocks, ['model.norm.weight', [C]]]
}

function robertaParameters(config) {
  const { vocab_size: V, hidden_size: C, intermediate_size: F, num_hidden_layers, max_position_embeddings: P } = config
  const dense = (name, from, to) => [
    [`${name}.weight`, [to, from]],
    [`${name}.bias`, [to]],
  ]
  const blocks = Array.from({ length: num_hidden_layers }, (_, i) => `roberta.encoder.layer.${i}`).flatMap((at) => [
    ...['query', 'key', 'value'].flatMap((name) => dense(`${at}.attention.self.${name}`, C, C)),
    ...dense(`${at}.attention.output.dense`, C, C),
    ...norm(`${at}.attention.output.LayerNorm`, C),
    ...dense(`${at}.intermediate.dense`, C, F),
    ...dense(`${at}.output.dense`, F, C),
    ...norm(`${at}.output.LayerNorm`, C),
  ])
  const tables = [
    ['roberta.embeddings.word_embeddings.weight', [V, C]],
    ['roberta.embeddings.position_embeddings.weight', [P, C]],
    ['roberta.embeddings.token_type_embeddings.weight', [config.type_vocab_size, C]],
  ]
  const head = [...dense('classifier.dense', C, C), ...dense('classifier.out_proj', C, 3)]
  return [...tables, ...norm('roberta.embeddings.LayerNorm', C), ...blocks, ...head]
}

const norm = (name, C) => [
  [`${name}.weight`, [C]],
  [`${name}.bias`, [C]],
]
