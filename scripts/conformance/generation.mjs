// Kinds `hf_generate` and `logits_processor`: results of transformers' generate(), and its logits processors one by one.
import * as lora from 'loralib'
import { numbers, toleranceOf } from './compare.mjs'

const { generation, models } = lora

export const generationKinds = {
  hf_generate: {
    run: runGenerate,
    unsupported: ({ model_dir: folder }) => unsupportedModel(folder),
    settings: ['model_dir', 'generation'],
    words: {
      margin_note: 'says what the margin is and that it means nothing after the end of a row',
      'generation.pad_token_id': 'fills rows after their end, which is not compared',
      'generation.bos_token_id': 'begins a prompt where there is none; every case has one',
    },
  },
  logits_processor: {
    run: runProcessor,
    unsupported: ({ processor }) => unsupportedProcessor(processor),
    settings: ['processor'],
    ordered: ['processor.order'],
    words: {},
  },
}

/** Model types of the folders, by the first part of their name, and the class of each. */
const CLASSES = {
  gpt2: 'GPT2LMHeadModel',
  llama: 'LlamaForCausalLM',
  llama3: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
  phi3: 'Phi3ForCausalLM',
  gemma2: 'Gemma2ForCausalLM',
}

function unsupportedModel(folder) {
  const [type] = folder.split('/').at(-1).split('_')
  return models[CLASSES[type]] === undefined ? `model type ${type}` : null
}

/** Options of generate() by their names in Python. */
const OPTIONS = {
  do_sample: 'doSample',
  max_new_tokens: 'maxNewTokens',
  min_new_tokens: 'minNewTokens',
  eos_token_id: 'eosTokenId',
  num_beams: 'numBeams',
  num_return_sequences: 'numReturnSequences',
  length_penalty: 'lengthPenalty',
  early_stopping: 'earlyStopping',
  no_repeat_ngram_size: 'noRepeatNgramSize',
  repetition_penalty: 'repetitionPenalty',
}
/** Options that have no effect on what is compared. */
const WITHOUT_EFFECT = ['pad_token_id', 'bos_token_id']

const RULES = [
  /^positions start at the first real token; the processors see the padded prompt$/,
  /^greedy: finished rows are filled with pad_token_id; beam search: with eos_token_id\[0\]/,
  /^beam search: the processors act on log-probabilities; sequences_scores = sum\(log p\) \/ generated_length\^length_penalty, the stop token included$/,
  /^first_step_scores are taken after the processors$/,
]

async function runGenerate(fixture, check) {
  const { entry } = fixture
  entry.rule.forEach((_, i) => check.rule(['rule', i], RULES[i] ?? /^\b$/))
  check.rule(['compare'], /^sequences exactly, up to and including the first stop token of each row/)
  const config = fixture.json(`${entry.model_dir}/config.json`)
  const model = await models[config.architectures[0]].fromPretrained(fixture.path(entry.model_dir))
  const prompts = rowsOf(fixture.input('input_ids'))
  const scores = []
  const { sequences, sequencesScores } = await model.generate(prompts, {
    ...optionsOf(entry.generation),
    attentionMask: rowsOf(fixture.input('attention_mask')),
    returnDictInGenerate: true,
    ...(fixture.has('margin')
      ? { logitsProcessor: (row, ids) => scores.push({ ids: [...ids], row: row.slice() }) }
      : {}),
  })
  await closeSequences(fixture, check, prompts, sequences)
  if (fixture.has('sequences_scores')) {
    const got = { ...numbers(sequencesScores ?? []), dtype: 'f32' }
    await check.close('sequences_scores', got, toleranceOf(entry, 'sequences_scores'))
  }
  if (fixture.has('margin')) await closeScores(fixture, check, prompts, sequences, scores)
}

function optionsOf(stated) {
  const options = {}
  for (const name of Object.keys(stated)) {
    if (WITHOUT_EFFECT.includes(name)) continue
    if (!(name in OPTIONS)) throw new Error(`this runner does not know the option ${name}`)
    options[OPTIONS[name]] = stated[name]
  }
  return options
}

const rowsOf = ({ shape: [rows, width], data }) =>
  Array.from({ length: rows }, (_, b) => Array.from(data.subarray(b * width, (b + 1) * width), Number))

/** Tokens after the prompt up to a row's first stop token; the rest is padding. */
async function closeSequences(fixture, check, prompts, sequences) {
  const want = fixture.want('sequences')
  const [count, width] = want.shape
  const data = new BigInt64Array(count * width)
  const lengths = rowsOf(want).map((row, r) => {
    const start = prompts[Math.floor((r * prompts.length) / count)].length
    const stops = [fixture.entry.generation.eos_token_id ?? []].flat()
    const end = row.findIndex((id, i) => i >= start && stops.includes(id))
    return end < 0 ? width : end + 1
  })
  check.that('sequences', sequences.length === count, `got ${sequences.length} rows, want ${count}`)
  sequences.forEach((row, r) => {
    check.that('sequences', row.length === lengths[r], `row ${r} has ${row.length} tokens, want ${lengths[r]}`)
    row.slice(0, width).forEach((id, i) => (data[r * width + i] = BigInt(id)))
  })
  const binds = (i) => i % width < lengths[Math.floor(i / width)]
  await check.exact('sequences', { dtype: 'i64', shape: [count, width], data }, { binds })
}

/** The scores of the first step, and the margin between the best two of each step, up to the end of a row. */
async function closeScores(fixture, check, prompts, sequences, seen) {
  const tolerance = toleranceOf(fixture.entry, 'scores')
  const [rows, steps] = fixture.want('margin').shape
  const vocabulary = seen[0].row.length
  const first = new Float32Array(rows * vocabulary)
  const margins = new Float32Array(rows * steps)
  for (let b = 0; b < rows; b++) {
    for (let step = 0; step < steps; step++) {
      // The scores belong to the row with the given tokens; rows that are equal so far have equal scores.
      const ids = sequences[b].slice(0, prompts[b].length + step)
      const found = seen.find((item) => String(item.ids) === String(ids))?.row
      if (found === undefined) continue
      if (step === 0) first.set(found, b * vocabulary)
      const [best, second] = [...found].sort((x, y) => y - x)
      margins[b * steps + step] = best - second
    }
  }
  await check.close('first_step_scores', { dtype: 'f32', shape: [rows, vocabulary], data: first }, tolerance)
  const binds = (i) => prompts[Math.floor(i / steps)].length + (i % steps) < sequences[Math.floor(i / steps)].length
  await check.close('margin', { dtype: 'f32', shape: [rows, steps], data: margins }, tolerance, { binds })
}

/** Filters by their names in the cases, in the order in which transformers' generate() and the package's apply them. */
const PROCESSORS = {
  repetition_penalty: (p) => generation.processors.repetitionPenalty(p.penalty),
  no_repeat_ngram: (p) => generation.processors.noRepeatNgram(p.size),
  bad_words: (p) => generation.processors.badWords(p.bad_words_ids),
  min_new_tokens: (p) => generation.processors.minNewTokens(p.prompt_length, p.min_new_tokens, p.eos_token_id),
  suppress_tokens: (p) => generation.processors.suppressTokens(p.ids),
  temperature: (p) => generation.processors.temperature(p.temperature),
  top_k: (p) => generation.processors.topK(p.top_k, p.min_tokens_to_keep),
  top_p: (p) => generation.processors.topP(p.top_p, p.min_tokens_to_keep),
  min_p: (p) => generation.processors.minP(p.min_p, p.min_tokens_to_keep),
  typical_p: (p) => generation.processors.typicalP(p.typical_p, p.min_tokens_to_keep),
  epsilon_cutoff: (p) => generation.processors.epsilonCutoff(p.epsilon, p.min_tokens_to_keep),
  eta_cutoff: (p) => generation.processors.etaCutoff(p.epsilon, p.min_tokens_to_keep),
}

/** The single value of a filter in a chain. */
const ARGUMENT = {
  ...{ repetition_penalty: 'penalty', no_repeat_ngram: 'size', bad_words: 'bad_words_ids', suppress_tokens: 'ids' },
  ...{ epsilon_cutoff: 'epsilon', eta_cutoff: 'epsilon' },
}

const steps = (processor) =>
  processor.name === 'chain'
    ? processor.order.map(([name, value]) => ({ name, [ARGUMENT[name] ?? name]: value }))
    : [processor]

/** Whether the filters of a chain come in transformers' order, which is that of {@link PROCESSORS}. */
function checkOrder(chain, check) {
  const places = chain.map(({ name }) => Object.keys(PROCESSORS).indexOf(name))
  const isOrdered = places.every((place, i) => i === 0 || place > places[i - 1])
  check.that('processor.order', isOrdered, `is not that of transformers: ${chain.map(({ name }) => name).join(', ')}`)
}

/** Why a case cannot be run, or null. A chain gives one value for each filter. */
function unsupportedProcessor(processor) {
  const names = steps(processor).map(({ name }) => name)
  const unknown = names.find((name) => !Object.hasOwn(PROCESSORS, name))
  if (unknown !== undefined) return `processor ${unknown}`
  return processor.name === 'chain' && names.includes('min_new_tokens') ? 'processor min_new_tokens in a chain' : null
}

async function runProcessor(fixture, check) {
  check.rule(['compare'], /^which entries are -inf exactly; the others within tolerance$/)
  const filters = steps(fixture.entry.processor)
  checkOrder(filters, check)
  const chain = filters.map((step) => PROCESSORS[step.name](step))
  const { shape, data } = fixture.input('scores')
  const got = data.slice()
  rowsOf(fixture.input('input_ids')).forEach((ids, b) => {
    const row = got.subarray(b * shape[1], (b + 1) * shape[1])
    for (const process of chain) process(row, ids)
  })
  await check.close('processed', { dtype: 'f32', shape, data: got }, toleranceOf(fixture.entry))
  const banned = (values) => ({ dtype: 'u8', data: Uint8Array.from(values, (x) => (x === -Infinity ? 1 : 0)) })
  const [ours, wanted] = [banned(got), banned(fixture.want('processed').data)]
  const differs = ours.data.findIndex((value, i) => value !== wanted.data[i])
  check.that('processed', differs < 0, `element ${differs}: which tokens are banned differs`)
}
