// What each recipe of the one command gives to the scripts, as their flags.

/** The paper's, as the README of the original has it. */
const PAPER = {
  about: "the paper's recipe",
  lora: { lora_dim: 4, lora_alpha: 32, lora_dropout: 0.1, lrs: [2e-4] },
  full: null,
  train: {
    ...{ train_batch_size: 8, grad_acc: 1, valid_batch_size: 4, seq_len: 512, weight_decay: 0.01, label_smooth: 0.1 },
    ...{ correct_bias: true, adam_beta2: 0.999, scheduler: 'linear', warmup_step: 500, max_epoch: 5, clip: 0 },
    ...{ log_interval: 100, eval_interval: 2000, save_interval: 1000, random_seed: 110 },
  },
  beam: { beam: 10, length_penalty: 0.8, no_repeat_ngram_size: 4, eval_len: 64, batch_size: 8 },
  validRows: Infinity,
  contexts: Infinity,
}

/**
 * For a model of a few million parameters on two cores: some minutes for all. Such a base knows neither the words nor the sentences of the task, so LoRA
 * goes on every dense layer of the blocks, and on the token embedding with the head that shares its weight; the rest is the paper's.
 */
const SMALL = {
  about: 'a short run for a small model',
  lora: {
    ...{ lora_dim: 48, lora_alpha: 96, lora_dropout: 0, lora_targets: 'c_attn,c_proj,c_fc,wte' },
    lrs: [5e-4, 1e-3, 2e-3],
  },
  full: { lora_dim: 0, lrs: [5e-4, 1e-3, 2e-3] },
  train: {
    ...PAPER.train,
    ...{ train_batch_size: 4, seq_len: 192, label_smooth: 0, warmup_step: 20, max_step: 350, clip: 1 },
    ...{ log_interval: 50, eval_interval: 100000, save_interval: 100, random_seed: 1 },
  },
  beam: { beam: 4, length_penalty: 0.8, no_repeat_ngram_size: 4, eval_len: 56, batch_size: 13 },
  validRows: 78,
  contexts: 39,
}

/** Some updates of any model: only shows that all of it runs. */
const TINY = {
  about: 'a few updates, to see that all of it runs',
  lora: { ...SMALL.lora, lora_dim: 4, lrs: [1e-2] },
  full: { ...SMALL.full, lrs: [1e-3, 2e-3] },
  train: { ...SMALL.train, max_step: 12, warmup_step: 2, log_interval: 4, save_interval: 6 },
  beam: { ...SMALL.beam, beam: 2, eval_len: 12 },
  validRows: 4,
  contexts: 3,
}

export const RECIPES = { small: SMALL, paper: PAPER, tiny: TINY }

/** `--name value` for a script; true is a switch, false and undefined are left out. */
export function asFlags(values) {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === false || value === undefined || value === '') return []
    return value === true ? [`--${name}`] : [`--${name}`, String(value)]
  })
}
