// Held-out bits per byte: how well a model predicts text it has not seen, independent of its tokens.
import * as lora from 'loralib'

const BATCH = 16
const IGNORED = -100

/**
 * Splits a text into windows in which each token is predicted once. A window begins with the last token of the one before it,
 * the first one with the end-of-text token.
 */
export function measuringWindows(ids, length, endOfText) {
  const whole = [endOfText, ...ids]
  const windows = []
  for (let from = 0; from + 1 < whole.length; from += length - 1) windows.push(whole.slice(from, from + length))
  return windows
}

/**
 * `Σ −log₂ p(token) / bytes`. The tokens that separate the pieces are context and are not predicted: they are not part of
 * the text, and neither are their bytes.
 *
 * @param {{ ids: Uint32Array, bytes: number }} text `bytes` without separators
 */
export async function bitsPerByte(model, text, endOfText) {
  const windows = measuringWindows(text.ids, model.maxPositions, endOfText)
  let nats = 0
  for (let i = 0; i < windows.length; i += BATCH) nats += await natsOf(model, windows.slice(i, i + BATCH), endOfText)
  return nats / text.bytes / Math.LN2
}

async function natsOf(model, windows, endOfText) {
  const width = windows[0].length
  const pad = (row, filler) => [...row, ...Array.from({ length: width - row.length }, () => filler)]
  const ids = windows.map((row) => pad(row, endOfText))
  const labels = windows.map((row) =>
    pad(
      row.map((id) => (id === endOfText ? IGNORED : id)),
      IGNORED,
    ),
  )
  const predicted = labels.reduce((n, row) => n + row.slice(1).filter((id) => id !== IGNORED).length, 0)
  if (predicted === 0) return 0
  const { loss } = lora.noGrad(() => model.forward(ids, { labels }))
  return (await loss.item()) * predicted
}
