// Trains a language model on encoded rows: LoRA, or all weights with --lora_dim 0. The flags are those of the original's gpt2_ft.py.
//   node examples/nlg/finetune.mjs --model models/base --train_data train.jsonl --valid_data valid.jsonl --work_dir out/e2e \
//     --lora_dim 4 --lora_alpha 32 --lora_dropout 0.1 --label_smooth 0.1 --lr 0.0002 --weight_decay 0.01 --correct_bias --adam_beta2 0.999
// Ctrl-C writes a checkpoint; --resume goes on from the newest one.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'
import { runExample } from '../lib/run-example.mjs'
import { NEEDED, readFlags } from '../lib/flags.mjs'
import { MODEL_FLAGS, loadModel, trainedCount } from './lib/model.mjs'
import { Log, writeResult } from './lib/training-log.mjs'

const FLAGS = {
  model: [NEEDED, 'the base model: a folder, or a hub id'],
  train_data: [NEEDED, 'encoded rows to train on'],
  valid_data: ['', 'encoded rows to measure on'],
  work_dir: [NEEDED, 'folder for checkpoints'],
  init_checkpoint: ['', 'trained parameters to begin with: a file or a checkpoint'],
  train_batch_size: [8, 'rows in a micro-batch'],
  valid_batch_size: [4, 'rows measured at once'],
  grad_acc: [1, 'micro-batches in an update'],
  seq_len: [512, 'longest row'],
  obj: ['clm', 'clm learns the completion, jlm the context too'],
  ...MODEL_FLAGS,
  lora_dropout: [0, 'dropout before LoRA'],
  same_start: [false, 'the same lora_A at the start of all layers, as the original has it'],
  checkpoint_blocks: [false, 'compute blocks again in backward: less memory, more time'],
  label_smooth: [0, 'share of a target that is spread over the vocabulary'],
  lr: [1e-5, 'learning rate'],
  weight_decay: [0.01, 'weight decay'],
  correct_bias: [false, 'correct the moments of AdamW'],
  adam_beta1: [0.9, 'decay of the first moment'],
  adam_beta2: [0.98, 'decay of the second moment'],
  adam_epsilon: [1e-6, 'added to the root of the second moment'],
  scheduler: ['linear', 'linear, constant, cosine or cycle'],
  i_steps: [[], 'cycle: a border, several times'],
  i_lrs: [[], 'cycle: the rate there, several times'],
  warmup_step: [0, 'micro-batches of warm-up'],
  max_epoch: [5, 'passes over the data'],
  max_step: [0, 'updates, instead of passes'],
  clip: [0, 'largest norm of the gradients; 0 is off'],
  log_interval: [100, 'updates between two lines'],
  eval_interval: [2000, 'updates between two measurements'],
  save_interval: [500, 'updates between two checkpoints'],
  random_seed: [10, 'order of the rows, first weights of LoRA'],
  resume: [false, 'go on from the newest checkpoint in --work_dir'],
}

await runExample(async (signal) => {
  const flags = readFlags('node examples/nlg/finetune.mjs --model DIR --train_data FILE --work_dir DIR [flags]', FLAGS)
  if (!flags) return
  lora.manualSeed(flags.random_seed)
  const model = await loadModel(flags.model, flags, signal)
  if (flags.checkpoint_blocks) model.gradientCheckpointingEnable()
  const read = async (file) => {
    const examples = await lora.data.readEncoded(file, model.config.vocab_size)
    const seqLen = Math.min(flags.seq_len, model.maxPositions)
    return new lora.data.NlgDataset(examples, { seqLen, objective: flags.obj })
  }
  const dataset = await read(flags.train_data)
  const log = new Log(flags, { rows: dataset.length, trained: trainedCount(model), all: model.parameters() })
  const result = await lora.train.trainNlg(model, dataset, {
    ...settingsOf(flags),
    ...(flags.valid_data ? { validation: await read(flags.valid_data) } : {}),
    dir: flags.work_dir,
    saveSteps: flags.save_interval,
    keep: 3,
    evalSteps: flags.eval_interval,
    evalBatchSize: flags.valid_batch_size,
    resume: flags.resume,
    signal,
    onStep: (report) => log.step(report),
    onEvaluation: (measured) => log.measured(measured),
    onSave: (path, step) => log.saved(path, step),
  })
  const fileBytes = result.checkpoint ? statSync(join(result.checkpoint, 'trained.safetensors')).size : 0
  await writeResult(flags.work_dir, log.end(result, fileBytes))
})

/** The flags under the names of the library. */
function settingsOf(flags) {
  const { lr, scheduler, i_steps: iSteps, i_lrs: iLrs } = flags
  return {
    ...{ lr, scheduler },
    ...(scheduler === 'cycle' ? { iSteps, iLrs } : { warmupSteps: flags.warmup_step }),
    weightDecay: flags.weight_decay,
    correctBias: flags.correct_bias,
    betas: [flags.adam_beta1, flags.adam_beta2],
    eps: flags.adam_epsilon,
    epochs: flags.max_epoch,
    ...(flags.max_step > 0 ? { maxSteps: flags.max_step } : {}),
    batchSize: flags.train_batch_size,
    gradientAccumulationSteps: flags.grad_acc,
    maxGradNorm: flags.clip,
    labelSmoothing: flags.label_smooth,
    seed: flags.random_seed,
  }
}
