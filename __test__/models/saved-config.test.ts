// config.json as it is written: Python tells 30.0 from 30, and transformers checks the type of some fields.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { folderWith } from '../support/files.js'

const { models } = lora

const DECODER = {
  ...{ vocab_size: 17, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 },
  ...{ num_key_value_heads: 2, head_dim: 4, max_position_embeddings: 32, pad_token_id: null, attention_dropout: 0 },
}
const ENCODER = {
  ...{ vocab_size: 19, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 12 },
  ...{ max_position_embeddings: 24, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout: 1 },
}

type Saved = { savePretrained(dir: string): Promise<void> }
interface Family {
  make(config: object): Saved
  config: object
  /** The fields that transformers 5 declares as floats, of those with a whole number here. */
  floats: string[]
}

const rope = { rope_theta: 1e4, factor: 4, low_freq_factor: 1, high_freq_factor: 2, rope_type: 'llama3' }
const decoder = (Model: { fromConfig(config: object): object }, extra: object, floats: string): Family => ({
  make: (config) => Model.fromConfig(config) as Saved,
  config: { ...DECODER, rms_norm_eps: 1, initializer_range: 1, rope_parameters: rope, ...extra },
  floats:
    `rms_norm_eps initializer_range attention_dropout rope_theta factor low_freq_factor high_freq_factor ${floats}`
      .trim()
      .split(' '),
})

const FAMILIES: Record<string, Family> = {
  Llama: decoder(models.LlamaForCausalLM, {}, ''),
  Mistral: decoder(models.MistralForCausalLM, {}, ''),
  Qwen2: decoder(models.Qwen2ForCausalLM, {}, ''),
  Qwen3: decoder(models.Qwen3ForCausalLM, {}, ''),
  Phi3: decoder(models.Phi3ForCausalLM, { partial_rotary_factor: 1 }, 'resid_pdrop embd_pdrop partial_rotary_factor'),
  Gemma2: decoder(
    models.Gemma2ForCausalLM,
    { attn_logit_softcapping: 50, final_logit_softcapping: 30 },
    'attn_logit_softcapping final_logit_softcapping',
  ),
  Gemma3: decoder(
    models.Gemma3ForCausalLM,
    { rope_parameters: { full_attention: rope, sliding_attention: { rope_theta: 100 } }, final_logit_softcapping: 4 },
    'final_logit_softcapping',
  ),
  Granite: decoder(
    models.GraniteForCausalLM,
    {},
    'embedding_multiplier residual_multiplier attention_multiplier logits_scaling',
  ),
  GPT2: {
    make: (config) => models.GPT2LMHeadModel.fromConfig(config),
    config: { vocab_size: 17, n_embd: 8, n_layer: 1, n_head: 2, embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 1 },
    floats: ['embd_pdrop', 'attn_pdrop', 'resid_pdrop'],
  },
  Bert: {
    make: (config) => models.BertForMaskedLM.fromConfig(config),
    config: { ...ENCODER, layer_norm_eps: 1, initializer_range: 1 },
    floats:
      'hidden_dropout_prob attention_probs_dropout_prob classifier_dropout layer_norm_eps initializer_range'.split(' '),
  },
  Roberta: {
    make: (config) => models.RobertaForSequenceClassification.fromConfig(config),
    config: ENCODER,
    floats: ['hidden_dropout_prob', 'attention_probs_dropout_prob', 'classifier_dropout'],
  },
  DebertaV2: {
    make: (config) => models.DebertaV2ForSequenceClassification.fromConfig(config),
    config: { ...ENCODER, pooler_dropout: 0, cls_dropout: 1 },
    floats: ['hidden_dropout_prob', 'attention_probs_dropout_prob', 'pooler_dropout', 'cls_dropout'],
  },
  ModernBert: {
    make: (config) => models.ModernBertForMaskedLM.fromConfig(config),
    config: {
      ...{ vocab_size: 19, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 12 },
      ...{ pad_token_id: 0, initializer_cutoff_factor: 2, global_rope_theta: 160000, local_rope_theta: 10000 },
    },
    floats: `initializer_cutoff_factor attention_dropout embedding_dropout mlp_dropout classifier_dropout global_rope_theta local_rope_theta`.split(' '), // prettier-ignore
  },
}

/** The text of each number of a JSON text under a field of this name. */
const written = (text: string, field: string) =>
  [...text.matchAll(new RegExp(`"${field}": (-?[\\d.e+-]+)`, 'g'))].map(([, number]) => number!)

for (const [name, { make, config, floats }] of Object.entries(FAMILIES)) {
  test(`${name}: savePretrained writes floats as floats, and whole numbers as they are`, async (t) => {
    const dir = await folderWith(t)
    await make(config).savePretrained(dir)
    const text = await readFile(join(dir, 'config.json'), 'utf8')
    for (const field of floats) {
      t.true(written(text, field).length > 0, `${field} is not in the file`)
      for (const number of written(text, field)) t.regex(number, /[.e]/, `${field}: ${number}`)
    }
    for (const number of written(text, 'vocab_size')) t.regex(number, /^\d+$/)
    for (const field of ['hidden_size', 'n_embd', 'num_attention_heads', 'max_position_embeddings'])
      for (const number of written(text, field)) t.regex(number, /^\d+$/)
    t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(JSON.parse(text))))
  })
}

test('savePretrained: what config.json had as a float stays one, also in fields that are not known here, in lists and objects', async (t) => {
  const dir = await folderWith(t)
  const model = models.LlamaForCausalLM.fromConfig(DECODER)
  await model.savePretrained(dir)
  const path = join(dir, 'config.json')
  const own = `"scale": 224.0, "small": 1e-07, "half": 0.5, "big": 1e4, "count": 3, "text": "30.0, [2.0]", "quote\\"d": 8.0,
    "nested": {"list": [1.0, 2, {"x": -3.0}], "empty": [], "none": {}, "size": 7}, "a": null, "b": true,`
  await writeFile(path, (await readFile(path, 'utf8')).replace('{', `{${own}`))
  const read = await models.LlamaForCausalLM.fromPretrained(dir)
  for (const copy of [read, lora.cloneModule(read), models.LlamaForCausalLM.fromConfig(read.config)]) {
    const [again, bare] = [await folderWith(t), await folderWith(t)]
    await copy.savePretrained(again)
    await copy.model.savePretrained(bare)
    for (const file of [again, bare]) {
      const text = await readFile(join(file, 'config.json'), 'utf8')
      const compact = text.replaceAll(/\s+/g, '')
      for (const part of [
        '"scale":224.0,',
        '"small":1e-7,',
        '"half":0.5,',
        '"big":10000.0,',
        '"count":3,',
        '"quote\\"d":8.0,',
      ])
        t.true(compact.includes(part), `${part} in ${compact}`)
      t.true(compact.includes('"nested":{"list":[1.0,2,{"x":-3.0}],"empty":[],"none":{},"size":7},"a":null,"b":true'))
      t.true(text.includes('"text": "30.0, [2.0]"'))
      const { architectures: _, ...values } = JSON.parse(text) as Record<string, unknown>
      const { architectures: __, ...wanted } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
      t.deepEqual(values, wanted)
      t.is(text, `${text.trimEnd()}\n`)
    }
  }
})
