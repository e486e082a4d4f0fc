// Generated rows. Where a search had to choose between continuations whose scores are closer than rounding, either choice is right: such rows are counted,
// and decided by the margins of the reference, never by ours.

/**
 * @param wanted what the reference generated, with its margins, see generation.py
 * @param logits of the reference's greedy search, (N, B, V)
 * @param rows counts `generated` rows and those that are `ties`
 */
export async function compareGeneration(model, wanted, logits, compare, rows, tie) {
  const { prompts, fresh: maxNewTokens, eos: eosTokenId } = wanted
  const greedy = await model.generate(prompts, { maxNewTokens, eosTokenId })
  for (const [b, row] of greedy.entries()) {
    rows.generated += 1
    const at = firstDifference(row, wanted.greedy[b])
    if (at < 0) continue
    const margin = marginAt(logits, at - prompts[b].length, b, row[at])
    if (margin < tie * scaleAt(logits, at - prompts[b].length, b)) rows.ties += 1
    else compare.differ('greedy', `row ${b} ${tell(row)}, wanted ${tell(wanted.greedy[b])}, by a margin of ${margin}`)
  }
  await compareBeams(model, wanted, compare, rows, tie)
}

async function compareBeams(model, wanted, compare, rows, tie) {
  const { prompts, fresh: maxNewTokens, eos: eosTokenId, options } = wanted
  const { sequences, sequencesScores } = await model.generate(prompts, {
    maxNewTokens,
    eosTokenId,
    numBeams: options.num_beams,
    numReturnSequences: options.num_return_sequences,
    lengthPenalty: options.length_penalty,
    earlyStopping: options.early_stopping,
    returnDictInGenerate: true,
  })
  for (const [i, row] of sequences.entries()) {
    rows.generated += 1
    const same = [wanted.beams, wanted.beams64].findIndex((all) => String(all[i]) === String(row))
    if (same >= 0) {
      compareScore(i, sequencesScores[i], wanted, compare, same)
      continue
    }
    const margin = wanted.margins[Math.floor(i / options.num_return_sequences)]
    const close = wanted.scores64.some(
      (score, j) => j !== i && Math.abs(score - wanted.scores64[i]) < tie * Math.max(1, Math.abs(score)),
    )
    if (margin < tie || close) rows.ties += 1
    else
      compare.differ(
        'beams',
        `row ${i} ${tell(row)} ${sequencesScores[i]}, wanted ${tell(wanted.beams[i])} ${wanted.scores[i]}, by a margin of ${margin}`,
      )
  }
}

/** A score is a sum of as many log-probabilities as there are new tokens. */
function compareScore(i, got, wanted, compare, same) {
  const want = wanted.scores64[i]
  const error = same === 0 ? Math.abs(wanted.scores[i] - want) : 0
  const allowed = 8 * error + 64 * 2 ** -24 * Math.max(1, Math.abs(want))
  compare.numbers += 1
  compare.note('scores', Math.abs(got - want) / allowed)
  if (!(Math.abs(got - want) <= allowed))
    compare.differ('beam score', `row ${i} ${got}, wanted ${want}, allowed ${allowed}`)
}

function firstDifference(a, b) {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i
  return -1
}

/** How much better the reference found its own choice than ours. NaN, which is no tie, where it had ended. */
function marginAt(logits, step, b, ours) {
  const scores = scoresAt(logits, step, b)
  return scores.reduce((a, x) => Math.max(a, x), -Infinity) - (scores[ours] ?? NaN)
}

function scaleAt(logits, step, b) {
  return Math.max(1, ...scoresAt(logits, step, b).map(Math.abs))
}

function scoresAt({ shape, data }, step, b) {
  const [, B, V] = shape
  return data.subarray((step * B + b) * V, (step * B + b + 1) * V)
}

const tell = (row) => `[${row.join(' ')}]`
