// A model of a few thousand parameters with random weights, for trying an example in a second.
import { existsSync } from 'node:fs'
import * as lora from 'loralib'
import { readExamples } from './data.mjs'

/** Writes the model folder, with a tokenizer learnt from the data. Returns the folder. */
export async function makeTinyModel(folder, data) {
  if (!existsSync(data)) return folder // the message about the data comes later
  const { rows, text } = await readExamples(data)
  const texts = text === undefined ? rows.map((row) => `${row.prompt} ${row.completion}`) : [text]
  const tokenizer = await lora.tokenizers.Tokenizer.train(texts.slice(0, 500), { vocabSize: 384 })
  const eos = tokenizer.tokenToId('<|endoftext|>')
  const shape = { vocab_size: tokenizer.vocabSize, n_positions: 192, n_embd: 32, n_layer: 2, n_head: 2 }
  const dropout = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }
  lora.manualSeed(0)
  const model = lora.models.GPT2LMHeadModel.fromConfig({ ...shape, ...dropout, bos_token_id: eos, eos_token_id: eos })
  await model.savePretrained(folder)
  await tokenizer.saveFolder(folder)
  return folder
}
