// Command line of glue/run.mjs.
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { Problem } from './problem.mjs'

const { data, train } = lora

export const USAGE = `node examples/glue/run.mjs --model DIR (--task NAME --data DIR | --train FILE --validation FILE) [options]

  --task NAME        ${Object.keys(data.GLUE_TASKS).join(', ')}
  --data DIR         the files of GLUE as they are downloaded
  --train FILE       your own texts: csv, tsv, json, jsonl or parquet, with a column label; numbers with a point are a regression
  --validation FILE  texts to evaluate on            --test FILE  texts to predict
  --model DIR        an encoder in the Hugging Face layout, or its hub id; one named like a recipe's model has that recipe
  --recipe NAME      ${train.GLUE_MODELS.join(', ')}
  --method NAME      lora, houlsby, pfeiffer, bitfit or full; several with commas        the recipe's, else lora
  --lora-path FILE   begin with the LoRA of another task   --adapter-path DIR  an adapter of AdapterHub
  --r N  --lora-alpha N  --targets A,B  --adapter-size N
  --lr X  --epochs N  --max-steps N  --batch N  --accumulate N  --max-length N  --weight-decay X
  --warmup-ratio X  --warmup-steps N  --cls-dropout X  --seed N  --reg-loss-weight X  --masking-prob X
  --max-train-samples N  --max-validation-samples N  --max-test-samples N
  --out DIR          checkpoints, adapter and results; a run goes on from the last checkpoint there    out/glue/TASK
  --fresh            begin anew                      --no-train, --no-predict  leave out

Ctrl-C ends the training after the update under way and keeps a checkpoint.`

const TEXTS = [
  'task',
  'data',
  'train',
  'validation',
  'test',
  'model',
  'recipe',
  'method',
  'lora-path',
  'adapter-path',
  'targets',
  'out',
]
const NUMBERS = ['r', 'lora-alpha', 'adapter-size', 'lr', 'epochs', 'max-steps', 'batch', 'accumulate', 'max-length', 'weight-decay', 'warmup-ratio', 'warmup-steps', 'cls-dropout', 'seed', 'reg-loss-weight', 'masking-prob', 'max-train-samples', 'max-validation-samples', 'max-test-samples'] // prettier-ignore
const FLAGS = ['fresh', 'no-train', 'no-predict', 'help']
const METHODS = ['lora', 'houlsby', 'pfeiffer', 'bitfit', 'full']
/** Names of settings that are shorter on the command line. */
const SETTINGS = { lr: 'lr', epochs: 'epochs', 'max-steps': 'maxSteps', batch: 'batchSize', accumulate: 'gradientAccumulationSteps', 'weight-decay': 'weightDecay', 'warmup-ratio': 'warmupRatio', 'warmup-steps': 'warmupSteps', seed: 'seed', 'reg-loss-weight': 'regLossWeight', 'masking-prob': 'maskingProb' } // prettier-ignore

/** @returns what to do, or undefined after --help */
export function readGlueOptions(args = process.argv.slice(2)) {
  const given = parse(args)
  if (given.help) return void console.log(USAGE)
  if (!given.model) throw new Problem(`--model is missing\n\n${USAGE}`)
  if (given.task ? !given.data : !given.train)
    throw new Problem(`--task with --data, or --train is missing\n\n${USAGE}`)
  const { lora: update, adapters, clsDropout, startFrom, maxLength, evalSteps, ...settings } = recipeOf(given)
  for (const [flag, name] of Object.entries(SETTINGS)) if (given[flag] !== undefined) settings[name] = given[flag]
  const methods = given.method?.split(',') ?? [adapters ? adapters.type : 'lora']
  const unknown = methods.find((name) => !METHODS.includes(name))
  if (unknown) throw new Problem('--method is not usable', { expected: METHODS.join(', '), received: unknown })
  const caps = { maxTrainSamples: given['max-train-samples'], maxValidationSamples: given['max-validation-samples'], maxTestSamples: given['max-test-samples'] } // prettier-ignore
  return {
    ...{ given, methods, settings, evalSteps, startFrom },
    name: given.task ?? 'custom',
    caps: Object.fromEntries(Object.entries(caps).filter(([, value]) => value !== undefined)),
    maxLength: given['max-length'] ?? maxLength,
    update: { r: given.r ?? update?.r ?? 8, loraAlpha: given['lora-alpha'] ?? update?.loraAlpha ?? 16 },
    adapterSize: given['adapter-size'] ?? adapters?.size ?? 64,
    clsDropout: given['cls-dropout'] ?? clsDropout,
    out: given.out ?? `out/glue/${given.task ?? 'custom'}`,
  }
}

/** The recipe asked for, or that of a model with its name; without one the defaults of transformers. */
function recipeOf(given) {
  const name = given.recipe ?? train.GLUE_MODELS.find((model) => model === basename(given.model))
  if (name !== undefined && given.task) return train.glueRecipe(given.task, name)
  return {
    lora: null,
    adapters: null,
    clsDropout: null,
    startFrom: null,
    maxLength: 128,
    evalSteps: 'epoch',
    warmupRatio: 0.06,
    lr: 4e-4,
  }
}

function parse(args) {
  const option = (type) => (name) => [name, { type }]
  const options = Object.fromEntries([...[...TEXTS, ...NUMBERS].map(option('string')), ...FLAGS.map(option('boolean'))])
  options.help.short = 'h'
  let given
  try {
    given = parseArgs({ args, options }).values
  } catch (error) {
    throw new Problem(`${error.message.split('. ')[0]}\n\n${USAGE}`)
  }
  for (const name of NUMBERS) {
    if (given[name] === undefined) continue
    const value = Number(given[name])
    if (given[name] === '' || !Number.isFinite(value))
      throw new Problem(`--${name} is not usable`, { expected: 'a number', received: given[name] })
    given[name] = value
  }
  return given
}
