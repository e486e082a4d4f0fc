// The NLG example of the LoRA paper in one command: convert, encode, train, search, decode, score; LoRA against full fine-tuning.
//   npm run example:nlg                                            a small model, a small copy of the E2E data: some minutes on two cores
//   npm run example:nlg -- --model gpt2-medium --recipe paper      the paper's recipe; --data DIR holds the E2E files
// It runs the scripts beside it one after the other; each can be run by hand with the flags of the original. Ctrl-C keeps what is done; --resume goes on.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as lora from 'loralib'
import { Problem } from '../lib/problem.mjs'
import { runExample } from '../lib/run-example.mjs'
import { readFlags } from '../lib/flags.mjs'
import { RECIPES } from './lib/recipes.mjs'
import { evenly, readSplits, someContexts } from './lib/splits.mjs'
import { resultOf, runStep } from './lib/steps.mjs'
import { sayBest, saySizes, sayTable, sayTexts } from './lib/summary.mjs'
import { chooseVocab } from './lib/vocab.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FLAGS = {
  model: [join(ROOT, 'models/base'), 'the base model: a folder, or a hub id'],
  vocab: ['', 'its tokenizer: a folder, or a hub id; that of the model unless given'],
  data: [join(ROOT, 'examples/data/e2e'), 'folder with the E2E files'],
  recipe: ['small', 'small, paper, or tiny, which only shows that it runs'],
  'max-steps': [0, 'end after so many updates, and say how fast they were; 0 runs it all'],
  out: [join(ROOT, 'out/nlg'), 'folder for all that is made'],
  resume: [false, 'go on where a run in --out was stopped'],
}

await runExample(async (signal) => {
  const flags = readFlags('npm run example:nlg -- [flags]', FLAGS)
  if (!flags) return
  const recipe = RECIPES[flags.recipe]
  if (!recipe) throw new Problem(`no recipe ${flags.recipe}`, { expected: Object.keys(RECIPES).join(' or ') })
  await mkdir(flags.out, { recursive: true })
  const at = (name) => join(flags.out, name)
  const vocab = await chooseVocab(flags, join(ROOT, 'models/base'), signal)

  // Convert, and encode with the end tokens of the original.
  const { train, valid, test } = await readSplits(flags.data)
  const parts = { train, valid: evenly(valid, recipe.validRows), test: someContexts(test, recipe.contexts) }
  for (const [name, rows] of Object.entries(parts)) {
    await lora.data.writeJsonl(at(`${name}_formatted.jsonl`), rows)
    const [input, output] = [at(`${name}_formatted.jsonl`), at(`${name}.jsonl`)]
    await runStep('encode', { vocab, input, output, add_bos: true, add_eos: true }, signal)
  }

  // Train each method at each of its learning rates; the held-out rows choose.
  const limit = flags['max-steps']
  const best = {}
  for (const method of ['lora', 'full'].filter((name) => recipe[name] !== null)) {
    const { lrs, ...own } = recipe[method]
    for (const lr of lrs) {
      const folder = at(`${method}-${lr}`)
      console.log(`\n== ${method === 'lora' ? 'LoRA' : 'full fine-tuning'}, learning rate ${lr}`)
      const done = flags.resume ? await resultOf(folder) : null
      if (done === null) {
        await runStep('finetune', {
          ...recipe.train,
          ...own,
          ...(limit > 0 ? { max_step: limit, log_interval: 1 } : {}),
          ...{ model: flags.model, train_data: at('train.jsonl'), valid_data: limit > 0 ? '' : at('valid.jsonl') },
          ...{ work_dir: folder, lr, resume: flags.resume },
        }, signal) // prettier-ignore
      }
      const result = { method, lr, own, folder, ...(done ?? (await resultOf(folder))) }
      result.loss = result.evaluations.at(-1)?.loss ?? result.losses.at(-1)
      if (!(result.loss >= best[method]?.loss)) best[method] = result
    }
  }
  if (limit > 0) return saySizes(Object.values(best))
  sayBest(Object.values(best))

  // Write about the test contexts, the base as it is included, and score.
  const rows = [{ method: 'base', own: {} }, ...Object.values(best)]
  for (const row of rows) {
    console.log(`\n== texts of ${row.method}`)
    const [predictions, texts] = [at(`${row.method}_predict.jsonl`), at(`${row.method}.txt`)]
    const { lora_dropout: _, ...own } = row.own
    const model = { model: flags.model, data: at('test.jsonl'), ...own, init_checkpoint: row.checkpoint }
    await runStep('beam', { ...recipe.beam, ...model, output_file: predictions }, signal)
    const files = { sample_file: predictions, input_file: at('test_formatted.jsonl'), output_pred_file: texts }
    await runStep('decode', { vocab, ...files, output_ref_file: at('references.txt') }, signal)
  }
  await sayTable(rows, at, { model: flags.model, test: at('test.jsonl') })
  await sayTexts(rows, at)
})
