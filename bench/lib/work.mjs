// The minimum work of one training step, counted as in torch_baseline.py: a multiply-add is 2; forward, dX and the LoRA terms over real tokens
// only; the head only at positions with a loss; causal attention at half; no dX below the first trainable layer; dW only in full fine-tuning.

const sum = (values) => values.reduce((a, b) => a + b, 0)

/** Sizes of the models: `linears` are (out, in) of one block, `noDx` the weights of block 0 whose input needs no gradient. */
export const GPT2 = work(768, 12, 50257, [2304, 768, 768, 768, 3072, 768, 768, 3072], { noDx: 2304 * 768 })
export const SMOL = work(
  ...[576, 30, 49152, [576, 576, 192, 576, 192, 576, 576, 576, 1536, 576, 1536, 576, 576, 1536]],
  { noDx: 960 * 576 },
)
export const ROBERTA = work(768, 12, 0, [768, 768, 768, 768, 768, 768, 768, 768, 3072, 768, 768, 3072], {
  noDx: 3 * 768 * 768,
  causal: false,
})

function work(d, layers, vocab, flat, { noDx, causal = true }) {
  const linears = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]])
  return { d, layers, vocab, linears, noDx, causal }
}

/**
 * GFLOP of a step.
 * @param {object} model one of the above
 * @param {number[]} lengths real tokens of each row
 * @param {object} options `lora`: [out, in, rank] of each adapted layer of a block; `head`: positions with a loss; `full`: every weight
 * trains; `recompute`: one more forward through the blocks (gradient checkpointing)
 */
export function trainingGflop(model, lengths, { lora = [], head, full = false, recompute = false } = {}) {
  const { d, layers, vocab, linears, noDx, causal } = model
  const t = sum(lengths)
  const body = 2 * t * sum(linears.map(([n, k]) => n * k)) * layers
  const lm = 2 * (head ?? t) * vocab * d
  const attention = 4 * sum(lengths.map((n) => n * n)) * d * layers * (causal ? 0.5 : 1)
  const low = 2 * t * sum(lora.map(([n, k, r]) => r * (n + k))) * layers
  const dx = body + lm - 2 * t * (full ? 0 : noDx)
  const flop = body + lm + attention + low + dx + 2 * attention + 2 * low
  return (flop + (full ? body + lm : 0) + (recompute ? body + attention + low : 0)) / 1e9
}

/** GFLOP of generating `fresh` tokens after a prompt with a cache, one row or `beams` of them. */
export function generationGflop({ layers, vocab, d, linears }, prompt, fresh, beams = 1) {
  const body = sum(linears.map(([n, k]) => n * k)) * layers
  const head = vocab * d
  return 2e-9 * (prompt * body + head + beams * (fresh - 1) * (body + head))
}
