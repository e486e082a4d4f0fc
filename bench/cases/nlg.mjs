// Cases a and c: GPT-2 small with loralib's layers, and with every weight in training.
import * as lora from 'loralib'
import { base } from '../lib/bases.mjs'
import { tokenIds } from '../lib/noise.mjs'
import { fillAdapter, train } from '../lib/train.mjs'
import { GPT2, trainingGflop } from '../lib/work.mjs'

const { models, nn } = lora

/** The E2E recipe: real tokens of each row (context and completion), and those of the context, which have no loss. */
const E2E = {
  lengths: [38, 46, 52, 58, 63, 70, 82, 103],
  context: [24, 28, 31, 35, 38, 42, 48, 58],
  padded: 512,
}

/** The same for small shapes. */
const SMALL_E2E = { lengths: [4, 5, 6, 7, 8, 9, 10, 12], context: [2, 3, 3, 4, 4, 5, 6, 7], padded: 512 }

const f32 = base('gpt2')

const nlg = (seq, small, options) => ({
  bases: [f32],
  run: (context) => runNlg(context, context.size(seq, small), options),
})
export const nlgCases = {
  a128: nlg(128, 16),
  'a128-drop': nlg(128, 16, { dropout: 0.1 }),
  'a128-hf': nlg(128, 16),
  a512: nlg(512, 24, { recipe: true }),
  'a512-drop': nlg(512, 24, { recipe: true, dropout: 0.1 }),
  a103: nlg(103, 12, { recipe: true }),
  c128: nlg(128, 16, { full: true }),
  'c128-hf': nlg(128, 16, { full: true }),
}

/** loralib's NLG example: MergedLinear on q and v, label smoothing, the loss over the positions that the mask keeps. */
async function runNlg({ measure, folder, size }, seq, { recipe, dropout = 0, full = false } = {}) {
  const model = await models.GPT2LMHeadModel.fromPretrained(folder(f32), { mapped: !full })
  if (full) model.requiresGrad_(true)
  else {
    const options = { r: 4, loraAlpha: 32, loraDropout: dropout, mergeWeights: false }
    lora.injectLora(model, { targets: ['c_attn'], enableLora: [true, false, true], ...options })
    fillAdapter(model)
  }
  const batch = nlgBatch(seq, recipe ? size(E2E, SMALL_E2E) : null, model.config.vocab_size)
  const [d, head] = [model.config.n_embd, recipe && batch.positions.length]
  const gflop = trainingGflop(GPT2, batch.lengths, { lora: full ? [] : [d, d].map((n) => [n, n, 4]), head, full })
  const real_tokens = batch.lengths.reduce((a, b) => a + b)
  await train(measure, model, (m) => nlgLoss(m, batch), { tokens: 8 * seq, gflop, real_tokens })
}

/** Inputs and targets, shifted against each other, and the positions (row · seq + t) that carry the loss. */
function nlgBatch(seq, recipe, vocabulary) {
  const ids = tokenIds('ids', [8, (recipe?.padded ?? seq) + 1], 0, vocabulary).map((row) => row.slice(0, seq + 1))
  const lengths = recipe?.lengths ?? ids.map(() => seq)
  const inputs = ids.map((row, b) => row.slice(0, seq).fill(0, lengths[b]))
  const attentionMask = inputs.map((row, b) => row.map((_, t) => (t < lengths[b] ? 1 : 0)))
  const counts = (b, t) => recipe === null || (t >= recipe.context[b] - 1 && t < lengths[b] - 1)
  const positions = []
  const targets = []
  for (let b = 0; b < ids.length; b++) {
    for (let t = 0; t < seq; t++) {
      if (!counts(b, t)) continue
      positions.push(b * seq + t)
      targets.push(ids[b][t + 1])
    }
  }
  return { inputs, attentionMask: recipe ? attentionMask : null, lengths, positions, targets }
}

/** `Σ loss / (positions + 1e-4)` with label smoothing 0.1, as the example divides. The head runs only at positions with a loss. */
function nlgLoss(model, { inputs, attentionMask, positions, targets }) {
  const { lastHiddenState } = model.transformer.forward(inputs, { attentionMask })
  const [B, T, C] = lastHiddenState.shape
  const rows = lastHiddenState.reshape([B * T, C])
  const read = positions.length === B * T ? rows : rows.indexSelect(0, lora.tensor(positions, { dtype: 'i64' }))
  const options = { labelSmoothing: 0.1, reduction: 'sum' }
  const wanted = lora.tensor(targets, { dtype: 'i64' })
  const loss = nn.functional.linearCrossEntropy(read, model.lm_head.weight, wanted, options)
  return loss.div(positions.length + 1e-4)
}
