// The model of the proof, and its adapters.
import * as lora from 'loralib'

const SHAPES = {
  // SmolLM2-135M
  long: {
    ...{ vocab_size: 49_152, hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30 },
    ...{ num_attention_heads: 9, num_key_value_heads: 3, max_position_embeddings: 2048 },
    ...{ rope_theta: 100_000, rms_norm_eps: 1e-5, tie_word_embeddings: true },
  },
  short: {
    ...{ vocab_size: 512, hidden_size: 96, intermediate_size: 160, num_hidden_layers: 4 },
    ...{ num_attention_heads: 6, num_key_value_heads: 3, max_position_embeddings: 256, tie_word_embeddings: true },
  },
}

export const RANK = 8

/** A model with adapters of these names, all of which move the logits and train. */
export function makeModel(names, { short }) {
  lora.manualSeed(7)
  const base = lora.models.LlamaForCausalLM.fromConfig(short ? SHAPES.short : SHAPES.long)
  const config = { r: RANK, loraAlpha: 16, targetModules: 'all-linear' }
  const [first, ...rest] = names
  const model = lora.peft.getPeftModel(base, config, first)
  for (const name of rest) model.addAdapter(name, config)
  model.setAdapter(names)
  lora.noGrad(() => {
    for (const [key, tensor] of model.namedParameters())
      if (key.endsWith('lora_B')) lora.nn.init.normal_(tensor, 0, 0.02)
  })
  return model.eval()
}

/** Token ids, the same for the same seed. */
export function prompt(rows, tokens, vocabulary, seed = 1) {
  let state = seed
  const next = () => (state = (state * 48_271) % 2_147_483_647) % vocabulary
  return Array.from({ length: rows }, () => Array.from({ length: tokens }, next))
}

/** The bytes of a tensor, as a string that only equal bits share. */
export async function bits(tensor) {
  const data = await tensor.data()
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
}
