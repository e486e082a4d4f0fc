// The cases: their models, and what is done with them. `readBacks` is how often a step or a token may wait for what the
// device has found out: before the cache is written, before beams are moved, and before the scores are read; however many layers there are.
import { SMALL } from '../lib/models.mjs'

/** The shape of Qwen3-0.6B. */
const QWEN3 = {
  model_type: 'qwen3',
  ...{ vocab_size: 151936, hidden_size: 1024, intermediate_size: 3072, num_hidden_layers: 28, head_dim: 128 },
  ...{ num_attention_heads: 16, num_key_value_heads: 8, max_position_embeddings: 4096, rms_norm_eps: 1e-6 },
  ...{ rope_theta: 1000000, hidden_act: 'silu', attention_bias: false, tie_word_embeddings: true },
  ...{ bos_token_id: 151643, eos_token_id: 151645 },
}
const GPT2 = {
  model_type: 'gpt2',
  ...SMALL,
  resid_pdrop: 0,
  embd_pdrop: 0,
  attn_pdrop: 0,
  bos_token_id: 50256,
  eos_token_id: 50256,
}

/** What `--short` takes in place of a shape. */
const TINY = {
  gpt2: { vocab_size: 601, n_positions: 256, n_embd: 64, n_layer: 2, n_head: 4, bos_token_id: 600, eos_token_id: 600 },
  qwen3: {
    ...{ vocab_size: 601, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, head_dim: 16 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, bos_token_id: 600, eos_token_id: 600 },
  },
}

const train = { kind: 'train', rows: 2, length: 128, readBacks: 3 }
const sample = {
  kind: 'generate',
  tokens: 32,
  readBacks: 3,
  options: { doSample: true, topK: 50, topP: 0.95, seed: 7 },
}
const beam = { kind: 'generate', tokens: 32, readBacks: 3, options: { numBeams: 4, noRepeatNgramSize: 3 } }
const gpt2 = { config: GPT2, dtype: 'f32', lora: { targets: ['c_attn'], r: 4, loraAlpha: 32, loraDropout: 0.1 } }
// The base in bf16: what people train with LoRA, and what fits.
const qwen3 = { config: QWEN3, dtype: 'bf16', lora: { targets: /_proj$/, r: 8, loraAlpha: 16, loraDropout: 0.1 } }

export const CASES = {
  'gpt2-train': { title: 'GPT-2 small, LoRA, 2 steps of 2 × 128', ...gpt2, ...train },
  'gpt2-full': { title: 'GPT-2 small, all weights, 2 steps of 2 × 128', ...gpt2, ...train, lora: null },
  'gpt2-sample': { title: 'GPT-2 small, 32 sampled tokens', ...gpt2, ...sample },
  'gpt2-beam': { title: 'GPT-2 small, 32 tokens with 4 beams', ...gpt2, ...beam },
  'qwen3-train': { title: 'Qwen3-0.6B in bf16, LoRA, 2 steps of 2 × 128', ...qwen3, ...train },
  'qwen3-sample': { title: 'Qwen3-0.6B in bf16, 32 sampled tokens', ...qwen3, ...sample },
  'qwen3-beam': { title: 'Qwen3-0.6B in bf16, 32 tokens with 4 beams', ...qwen3, ...beam },
}

/** The configuration of a case, or its tiny one. */
export function configOf({ config }, short) {
  return short ? { ...config, ...TINY[config.model_type] } : config
}
