// Kind `nlg_beam`: the beam search of the NLG example, with loralib's MergedLinear in the model.
import { nlgModel } from './nlg.mjs'

export const nlgBeamKinds = {
  nlg_beam: {
    run: runBeam,
    informative: (_, name) => name === 'upstream_batched_predict',
    settings: ['model_dir', 'lora', 'beam_search'],
    words: { intended: "says that predict is right for any batch size, and what upstream's batched run shows" },
  },
}

// The rules of the search, one pattern for each line.
const RULES = [
  /^the whole padded query \(length seq_len\) is run once, then one token at a time$/,
  /^no-repeat n-gram and repetition penalty see generated tokens only$/,
  /^min_length bans the stop tokens while fewer tokens were generated$/,
  /^a live beam whose last token is a stop token is a candidate with score sum\(log p\)\/len\^length_penalty, len = generated tokens with the stop token; it gets -inf and goes on$/,
  /^after eval_len steps every live beam is a candidate$/,
  /^the best candidate of each sample is returned, filled with 0 up to eval_len$/,
  /^repetition penalty, n-gram ban and min_length act on the logits BEFORE log_softmax, so the rest is renormalised$/,
  /^new tokens take the positions query_len, query_len \+ 1, \.\.\.; the padding of the query is never attended$/,
]

/** Options of generate() by their names in the case. */
const OPTIONS = {
  beam: 'numBeams',
  length_penalty: 'lengthPenalty',
  no_repeat_ngram_size: 'noRepeatNgramSize',
  repetition_penalty: 'repetitionPenalty',
  min_length: 'minLength',
  eval_len: 'maxNewTokens',
  eos_token_id: 'eosTokenId',
}

async function runBeam(fixture, check) {
  const { entry } = fixture
  entry.rule.forEach((_, i) => check.rule(['rule', i], RULES[i] ?? /^\b$/))
  check.rule(['compare'], /^predict exactly \(the same in f64\)$/)
  if (check.failures.length > 0) return
  const got = await fixture.shared(['model_dir', 'lora', 'beam_search'], search)
  await check.exact('predict', got.together, { where: 'all prompts together' })
  await check.exact('predict', got.alone, { where: 'each prompt alone' })
  await check.exact('predict', got.twice, { where: 'each prompt twice in a batch' })
}

async function search(fixture) {
  const { beam_search: stated, lora: layer } = fixture.entry
  const kind = { class: 'MergedLinear', merge_weights: false, ...layer }
  const model = (await nlgModel(fixture, kind, 'lora.')).eval()
  const query = fixture.input('query')
  const width = query.shape[1]
  const prompts = Array.from(fixture.input('query_len').data, (length, b) =>
    Array.from(query.data.subarray(b * width, b * width + Number(length)), Number),
  )
  const options = { beamRules: 'nlg' }
  for (const [name, value] of Object.entries(stated)) {
    if (!(name in OPTIONS)) throw new Error(`this runner does not know the option ${name}`)
    options[OPTIONS[name]] = value
  }
  const run = async (given) => {
    const rows = await model.generate(given, options)
    return rows.map((row, i) => row.slice(given[i].length))
  }
  const filled = (rows) => {
    const data = new BigInt64Array(rows.length * stated.eval_len)
    rows.forEach((row, b) => row.forEach((id, i) => (data[b * stated.eval_len + i] = BigInt(id))))
    return { dtype: 'i64', shape: [rows.length, stated.eval_len], data }
  }
  const alone = []
  for (const prompt of prompts) alone.push(...(await run([prompt])))
  const doubled = await run([...prompts, ...prompts.toReversed()])
  const same = doubled.every((row, i) => String(row) === String(doubled.at(-1 - i)))
  if (!same) throw new Error('equal prompts of a batch came out differently')
  return { together: filled(await run(prompts)), alone: filled(alone), twice: filled(doubled.slice(0, prompts.length)) }
}
