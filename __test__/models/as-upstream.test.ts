// Where transformers does what one would not expect, and files made for it rely on that. Found by `npm run proof:families`.
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { models } = lora

const SIZES = {
  ...{ vocab_size: 17, hidden_size: 16, intermediate_size: 20, num_hidden_layers: 2, num_attention_heads: 2 },
  ...{ max_position_embeddings: 64, initializer_range: 0.4, pad_token_id: null },
}
const ids = [[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]]

test('Gemma3Model: a saved folder names the class of transformers, whose Gemma3Model sees images, too', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'gemma3-'))
  t.teardown(() => removeFolder(dir))
  const model = models.Gemma3Model.fromConfig({ ...SIZES, num_key_value_heads: 1, head_dim: 8 })
  await model.savePretrained(dir)
  const { architectures } = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')) as { architectures: string[] }
  t.deepEqual(architectures, ['Gemma3TextModel'])
})

const yarn = { rope_type: 'yarn', rope_theta: 100, factor: 8, original_max_position_embeddings: 16, beta_slow: 0.3 }
const layers = { layer_types: ['full_attention', 'full_attention'] }
const LOGITS: Record<string, (rope: object) => lora.Tensor> = {
  'Gemma 3': (rope_parameters) => {
    const config = { ...SIZES, ...layers, num_key_value_heads: 1, head_dim: 8, rope_parameters }
    return logitsOf(models.Gemma3ForCausalLM.fromConfig(config as object, { generator: new lora.Generator(3) }))
  },
  ModernBERT: (rope_parameters) => {
    const config = { ...SIZES, ...layers, rope_parameters }
    return logitsOf(models.ModernBertForMaskedLM.fromConfig(config as object, { generator: new lora.Generator(3) }))
  },
}

for (const [name, logits] of Object.entries(LOGITS)) {
  test(`${name}: truncate of yarn stands beside the two kinds of blocks, not in one of them`, async (t) => {
    const both = (full: object, beside: object) => ({
      full_attention: { ...yarn, ...full },
      sliding_attention: { rope_type: 'default', rope_theta: 100 },
      ...beside,
    })
    const plain = logits(both({}, {}))
    await same(t, logits(both({ truncate: false }, {})), plain)
    t.false(await lora.allclose(logits(both({}, { truncate: false })), plain))
  })
}

function logitsOf(model: { eval(): unknown; forward(inputIds: number[][]): { logits: lora.Tensor } }): lora.Tensor {
  model.eval()
  return lora.noGrad(() => model.forward(ids).logits)
}
