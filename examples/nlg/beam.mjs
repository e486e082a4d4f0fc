// Lets a model write about each row's context: beam search by the rules of the original's gpt2_beam.py, whose flags these are.
//   node examples/nlg/beam.mjs --model models/base --data test.jsonl --init_checkpoint out/e2e/checkpoint-500 --lora_dim 4 --lora_alpha 32 \
//     --beam 10 --length_penalty 0.8 --no_repeat_ngram_size 4 --eval_len 64 --output_file out/e2e/predict.jsonl
import * as lora from 'loralib'
import { runExample } from '../lib/run-example.mjs'
import { NEEDED, readFlags } from '../lib/flags.mjs'
import { MODEL_FLAGS, loadModel } from './lib/model.mjs'

const FLAGS = {
  model: [NEEDED, 'the base model: a folder, or a hub id'],
  data: [NEEDED, 'encoded rows'],
  init_checkpoint: ['', 'trained parameters: a file or a checkpoint; none is the base alone'],
  ...MODEL_FLAGS,
  batch_size: [10, 'contexts searched at once'],
  seq_len: [512, 'longest context with its text'],
  eval_len: [256, 'longest text'],
  min_length: [0, 'shortest text'],
  beam: [1, 'beams'],
  length_penalty: [1, 'scores are divided by length ^ penalty'],
  no_repeat_ngram_size: [4, 'no group of so many tokens twice'],
  repetition_penalty: [1, 'above 1: tokens that are there become less likely'],
  eos_token_id: [[], "token that ends a text, beside the model's own; several times"],
  output_file: [NEEDED, 'predictions: {"id": row, "predict": [ids]} in each line'],
}

await runExample(async (signal) => {
  const flags = readFlags('node examples/nlg/beam.mjs --model DIR --data FILE --output_file FILE [flags]', FLAGS)
  if (!flags) return
  const model = (await loadModel(flags.model, { lora_dropout: 0, ...flags }, signal)).eval()
  const examples = await lora.data.readEncoded(flags.data, model.config.vocab_size)
  const { seq_len: most, eval_len: evalLen } = flags
  const seqLen = Math.min(most, model.maxPositions)
  // Only queries are read: completions may be longer than what is generated.
  const contexts = examples.map(({ context }) => ({ context, completion: [0] }))
  const dataset = new lora.data.NlgDataset(contexts, { seqLen, evalLen })
  const queries = Array.from({ length: dataset.length }, (_, id) => dataset.get(id).query)
  const distinct = [...new Map(queries.map((query) => [query.join(), query])).values()]
  const options = {
    beamRules: 'nlg',
    numBeams: flags.beam,
    lengthPenalty: flags.length_penalty,
    noRepeatNgramSize: flags.no_repeat_ngram_size,
    repetitionPenalty: flags.repetition_penalty,
    minLength: flags.min_length,
    maxNewTokens: evalLen,
    eosTokenId: [...[model.config.eos_token_id ?? []].flat(), ...flags.eos_token_id],
    signal,
  }
  const texts = new Map()
  // Contexts of about one length go together: little padding.
  const sorted = distinct.toSorted((a, b) => a.length - b.length)
  const started = performance.now()
  for (let from = 0; from < sorted.length; from += flags.batch_size) {
    const prompts = sorted.slice(from, from + flags.batch_size)
    const rows = await model.generate(prompts, options)
    rows.forEach((row, i) => texts.set(prompts[i].join(), row.slice(prompts[i].length)))
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${texts.size} of ${sorted.length} different contexts, ${seconds} s`)
  }
  const filled = (ids) => [...ids, ...Array.from({ length: evalLen - ids.length }, () => 0)]
  const predictions = queries.map((query, id) => ({ id, predict: filled(texts.get(query.join())) }))
  await lora.data.writeJsonl(flags.output_file, predictions)
  console.log(`${flags.output_file}: ${predictions.length} rows`)
})
