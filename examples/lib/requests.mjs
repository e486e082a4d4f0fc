// What the server is asked, checked: its own options, names, tasks and questions.
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Refusal } from './http.mjs'
import { IGNORED } from './tokens.mjs'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** @returns {{ model: string, adapters: string, port: number }} */
export function readServerOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { model: text, adapters: text, port: text } })
  return {
    model: resolve(values.model ?? join(ROOT, 'models/base')),
    adapters: values.adapters ?? 'out/adapters',
    port: Number(values.port ?? 8080),
  }
}

/** A customer's name, which also names the file. */
export function customerOf({ customer }) {
  return check('customer', customer, 'a name of letters, digits, _ and -', (x) => /^[\w-]{1,64}$/.test(x))
}

/** What to train. */
export function readTask({ texts, epochs = 3, lr = 3e-3, seed = 0 }) {
  return {
    texts: check('texts', texts, '1 to 1000 texts', isTexts),
    epochs: check('epochs', epochs, 'a whole number from 1 to 100', (x) => isWhole(x, 1, 100)),
    lr: check('lr', lr, 'a number above 0, at most 1', (x) => typeof x === 'number' && x > 0 && x <= 1),
    seed: check('seed', seed, 'a whole number from 0', (x) => isWhole(x, 0, 2 ** 53 - 1)),
  }
}

/** What to continue, and how. The library checks the rest: what is too long for the model is its error. */
export function readQuestion({ customer, prompt, maxNewTokens = 60, temperature = 1, topP = 1, seed = 0 }) {
  return {
    customer: customer === undefined ? undefined : customerOf({ customer }),
    prompt: check('prompt', prompt, 'a text', (x) => typeof x === 'string' && x !== ''),
    sampling: { doSample: true, maxNewTokens, temperature, topP, seed },
  }
}

/** Makes one batch of rows of token ids: each ends with the end of text, and is cut and padded on the right. */
export const batchOf = (model) => (rows) => {
  const end = [model.config.eos_token_id].flat()[0]
  const cut = rows.map((row) => [...row.slice(0, model.maxPositions - 1), end])
  const width = Math.max(...cut.map((row) => row.length))
  const pad = (row, filler) => [...row, ...Array.from({ length: width - row.length }, () => filler)]
  return {
    ids: cut.map((row) => pad(row, end)),
    labels: cut.map((row) => pad(row, IGNORED)),
    attentionMask: cut.map((row) => pad(row.map(() => 1), 0)), // prettier-ignore
  }
}

function check(name, value, expected, isFine) {
  if (isFine(value)) return value
  throw new Refusal(400, 'BAD_FIELD', `${name} must be ${expected}`)
}

function isWhole(x, least, most) {
  return Number.isSafeInteger(x) && x >= least && x <= most
}

function isTexts(x) {
  return (
    Array.isArray(x) &&
    x.length > 0 &&
    x.length <= 1000 &&
    x.every((text) => typeof text === 'string' && text.trim() !== '')
  )
}
