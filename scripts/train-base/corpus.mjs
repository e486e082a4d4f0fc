// The texts as tokens.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as lora from 'loralib'
import { END_OF_TEXT } from '../corpus.mjs'
import { must } from '../lib/run.mjs'

const FOLDER = fileURLToPath(new URL('../../.cache/corpus/', import.meta.url))

export const TEXTS = [
  { name: 'kjv', title: 'King James Bible' },
  { name: 'jargon', title: 'Jargon File' },
]

/** Makes the texts if they do not exist yet. */
export async function makeCorpus() {
  if (!existsSync(`${FOLDER}corpus.json`)) {
    await must(process.execPath, [fileURLToPath(new URL('../corpus.mjs', import.meta.url))])
  }
}

/** The tokenizer of the base; trained on the training texts when the folder has none. */
export async function loadTokenizer(folder, vocabSize) {
  if (existsSync(`${folder}/tokenizer.json`)) return lora.tokenizers.Tokenizer.fromFolder(folder)
  const texts = TEXTS.flatMap(({ name }) => read(`train_${name}`).split(END_OF_TEXT))
  return lora.tokenizers.Tokenizer.train(texts, { vocabSize, specialTokens: [END_OF_TEXT] })
}

/**
 * Training and held-out tokens of each text; pieces are separated by the end-of-text token.
 * @returns {Promise<{ name: string, title: string, train: Uint32Array, heldout: { ids: Uint32Array, bytes: number } }[]>}
 */
export async function loadTexts(tokenizer) {
  return Promise.all(
    TEXTS.map(async ({ name, title }) => {
      const [train, heldout] = await tokenizer.encodeBatch([read(`train_${name}`), read(`heldout_${name}`)])
      const bytes = Buffer.byteLength(read(`heldout_${name}`).replaceAll(END_OF_TEXT, ''))
      return { name, title, train, heldout: { ids: heldout, bytes } }
    }),
  )
}

function read(name) {
  return readFileSync(`${FOLDER}${name}.txt`, 'utf8')
}
