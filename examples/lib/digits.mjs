// The 1,797 handwritten digits of data/digits.csv.gz as tensors.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as lora from 'loralib'

const FILE = new URL('../data/digits.csv.gz', import.meta.url)
const PIXELS = 64
const BLACK = 16
const FOR_TRAINING = 1198 // of 1,797: the last third is mostly by other people, since each wrote their digits in a row

/** @typedef {{ x: lora.Tensor, y: lora.Tensor }} Digits images (N, 1, 8, 8) with pixels from 0 to 1, and labels (N) */

/**
 * The images of some digits; the last third of the file is for testing only. Labels count from 0 in the order of `wanted`.
 * @param {number[]} wanted
 * @returns {{ train: Digits, test: Digits }}
 */
export function readDigits(wanted = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
  const lines = gunzipSync(readFileSync(FILE)).toString().trim().split('\n')
  const images = lines.map((line) => line.split(',').map(Number))
  const some = (rows) =>
    asTensors(
      rows.filter((row) => wanted.includes(row[PIXELS])),
      wanted,
    )
  return { train: some(images.slice(0, FOR_TRAINING)), test: some(images.slice(FOR_TRAINING)) }
}

function asTensors(rows, wanted) {
  const pixels = Float32Array.from(rows.flatMap((row) => row.slice(0, PIXELS).map((ink) => ink / BLACK)))
  const labels = Int32Array.from(rows, (row) => wanted.indexOf(row[PIXELS]))
  return { x: lora.tensor(pixels, { shape: [rows.length, 1, 8, 8] }), y: lora.tensor(labels) }
}

/** `steps` batches; each pass takes the images in a new random order, which follows `lora.manualSeed`. */
export async function* batches({ x, y }, { steps, size }) {
  let order = []
  for (let step = 0; step < steps; step++) {
    if (order.length < size) order = await shuffled(y.shape[0])
    const picked = lora.tensor(Int32Array.from(order.splice(0, size)))
    yield { x: x.indexSelect(0, picked), y: y.indexSelect(0, picked) }
  }
}

async function shuffled(n) {
  const keys = await lora.rand([n]).data()
  return [...keys.keys()].sort((a, b) => keys[a] - keys[b])
}

/** A plain model for them: three dense layers. */
export class DigitReader extends lora.nn.Module {
  first = new lora.nn.Linear(PIXELS, 256)
  second = new lora.nn.Linear(256, 256)
  out = new lora.nn.Linear(256, 10)

  forward(x) {
    const hidden = this.first.forward(x.flatten(1)).relu() // (N, 1, 8, 8) → (N, 64) → (N, 256)
    return this.out.forward(this.second.forward(hidden).relu()) // (N, 10)
  }
}

/** The loss of a model on a batch of images. */
export const lossOf = (model) => (batch) => lora.nn.functional.crossEntropy(model.forward(batch.x), batch.y)

/** The share of images that the model labels right. */
export async function accuracy(model, { x, y }) {
  const logits = lora.noGrad(() => model.eval().forward(x))
  return logits.argmax(1).eq(y).to('f32').mean().item()
}
