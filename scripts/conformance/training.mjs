// Whole runs: losses, rates, gradient norms, and intermediate factors. Kind `nlg_trajectory`: the NLG example. Kind `peft_trajectory`: an adapter of
// PEFT with torch's AdamW and the linear schedule of transformers.
import * as lora from 'loralib'
import { followScript, numbers, toHost, toleranceOf } from './compare.mjs'
import { maskedLoss, nlgModel } from './nlg.mjs'
import { checkTargets, injectFactors, loadModel, makeAdapter, namedName, peftName, variantsOf } from './peft.mjs'

const { optim } = lora

const NLG_SETTINGS = ['model_dir', 'lora', 'hyper', 'label_smooth']
const PEFT_SETTINGS = ['model_dir', 'peft_config', 'hyper']
/** Variants of PEFT that loralib's classes do not have: these train a named adapter. */
const OWN_VARIANTS = new Set(['use_dora', 'use_rslora'])

export const trainingKinds = {
  nlg_trajectory: {
    run: runNlgTrajectory,
    settings: NLG_SETTINGS,
    fixed: { 'lora.merge_weights': 'training never merges' },
    words: {},
  },
  peft_trajectory: {
    run: runPeftTrajectory,
    unsupported: ({ peft_config: config }) =>
      variantsOf(config)
        .filter((each) => !OWN_VARIANTS.has(each))
        .join(', ') || null,
    settings: PEFT_SETTINGS,
    words: { key_note: 'says how the keys of the tensors are made' },
  },
}

// The scripts, one pattern per line: the runner does exactly this, so a case with other lines is not run.
const NLG_SCRIPT = [
  /^micro-batch s uses input\[s % n\]$/,
  /^loss \/ grad_acc is back-propagated$/,
  /^every grad_acc micro-batches: clip the global norm of all gradients, optimizer step, zero grads$/,
  /^the schedule steps after every micro-batch \(also between updates\)$/,
  /^losses: one per micro-batch, before division$/,
  /^grad_norms: one per update, before clipping$/,
  /^lrs: learning rate used by each update$/,
  /^after_update_N: after N updates \(the first is N = 1\)$/,
]
const PEFT_SCRIPT = [
  /^step s uses batch s % n$/,
  /^loss back-propagated$/,
  /^grad_norms: global norm before clipping$/,
  /^clip$/,
  /^AdamW step at lrs\[s\]$/,
  /^schedule step$/,
  /^after_step_N: after N updates \(the first is N = 1\)$/,
]

async function runNlgTrajectory(fixture, check) {
  if (!followScript(check, NLG_SCRIPT)) return
  const got = await fixture.shared(NLG_SETTINGS, trainNlg)
  check.fact(['micro_batches'], got.losses.length)
  check.fact(['updates'], got.norms.length)
  await compareRun(fixture.entry, got, check)
}

async function runPeftTrajectory(fixture, check) {
  if (!followScript(check, PEFT_SCRIPT)) return
  check.rule(['hyper', 'no_decay'], /^names ending in bias$/)
  if (check.failures.length > 0) return
  const got = await fixture.shared(PEFT_SETTINGS, trainPeft)
  // A named adapter is made of the stated targets; loralib's layers are where the case has factors.
  if (variantsOf(fixture.entry.peft_config).length === 0) checkTargets(got.model, got.targets, check)
  await compareRun(fixture.entry, got, check)
}

async function compareRun(entry, got, check) {
  const tolerance = (part) => toleranceOf(entry, part)
  await check.close('losses', numbers(got.losses), tolerance('loss'))
  await check.close('lrs', numbers(got.lrs), tolerance('lr'))
  await check.close('grad_norms', numbers(got.norms), tolerance('grad_norm'))
  check.fact(['first_last_loss'], [got.losses[0], got.losses.at(-1)], { tolerance: tolerance('loss') })
  for (const [name, value] of got.factors) await check.close(name, value, tolerance('param'))
  const finals = [...got.factors].filter(([name]) => name.startsWith('final.'))
  if (entry.tolerance?.param_mean !== undefined) await check.mean('param_mean', finals, tolerance('param_mean'))
}

/** The training loop of the example. It runs as many micro-batches as the case has losses. */
async function trainNlg(fixture) {
  const { hyper, label_smooth: smoothing } = fixture.entry
  const model = (await nlgModel(fixture, fixture.entry.lora, 'init.')).train()
  const optimizer = new optim.NlgAdamW([...model.parameters()], {
    lr: hyper.lr,
    betas: [hyper.beta1, hyper.beta2],
    eps: hyper.eps,
    weightDecay: hyper.weight_decay,
    correctBias: hyper.correct_bias,
  })
  const { scheduler: name, warmup_step: warmup, max_step: maxStep } = hyper
  const schedule = new optim.lrScheduler.NlgSchedule(optimizer, { name, warmup, maxStep })
  const run = new Run(fixture, model, optimizer, { prefix: 'after_update_', nameOf: (path) => path })
  const batches = ['input', 'target', 'mask'].map((tensor) => fixture.tensor(tensor))
  for (let step = 0; step < run.microBatches; step++) {
    const [input, target, mask] = batches.map((batch) => batch.at(step % batch.shape[0]))
    const loss = maskedLoss(model.forward(input).logits, target, mask, smoothing)
    await loss.div(hyper.grad_acc).backward()
    run.losses.push(await loss.item())
    if ((step + 1) % hyper.grad_acc === 0) await run.update()
    schedule.step()
  }
  return run.end()
}

/** An adapter of PEFT, as loralib's layers where these can hold it. */
async function trainPeft(fixture) {
  const { hyper, model_dir: folder, peft_config: config } = fixture.entry
  const base = await loadModel(fixture, fixture.json(`${folder}/config.json`))
  const isNamed = variantsOf(config).length > 0
  const [model, targets] = isNamed ? makeAdapter(base, fixture) : plainAdapter(base, fixture)
  model.train()
  const { lr, betas, eps, weight_decay: weightDecay, warmup_steps: warmup, total_steps: total } = hyper
  const optimizer = new optim.AdamW(optim.decayGroups(model, weightDecay), { lr, betas, eps })
  const schedule = new optim.lrScheduler.LinearWarmup(optimizer, { warmup, total })
  const run = new Run(fixture, model, optimizer, { prefix: 'after_step_', nameOf: isNamed ? namedName : peftName })
  const batches = ['input_ids', 'attention_mask', 'labels'].map((tensor) => fixture.tensor(tensor))
  for (let step = 0; step < run.microBatches; step++) {
    const [input, attentionMask, labels] = batches.map((batch) => batch.at(step % batch.shape[0]))
    const { loss } = model.forward(input, { attentionMask, labels })
    await loss.backward()
    run.losses.push(await loss.item())
    await run.update()
    schedule.step()
  }
  return Object.assign(await run.end(), { model: base, targets })
}

/** Loralib's layers with the factors of the case. A classifier's head is trained in full: PEFT saves it whole for the task SEQ_CLS. */
function plainAdapter(model, fixture) {
  const { peft_config: config } = fixture.entry
  const wholes = config.task_type === 'SEQ_CLS' ? ['classifier', 'score'] : []
  // Only what has an effect here is read: the runner must not pass over anything else.
  const { r, lora_alpha, lora_dropout } = config
  const adapter = { r, lora_alpha, lora_dropout, modules_to_save: wholes }
  const targets = injectFactors(model, adapter, fixture.group('init.'), { mergeWeights: false })
  return [model, targets]
}

/** The results of a run: losses, rates and norms of its updates, and the intermediate factors of the case. */
class Run {
  losses = []
  lrs = []
  norms = []
  factors = new Map()
  #fixture
  #model
  #optimizer
  #names

  /** `names.prefix` and the number of updates begin the names of intermediate factors; `names.nameOf` makes them from paths. */
  constructor(fixture, model, optimizer, names) {
    this.#fixture = fixture
    this.#model = model
    this.#optimizer = optimizer
    this.#names = names
  }

  /** As many as the case has losses. */
  get microBatches() {
    return this.#fixture.tensors.get('losses').data.length
  }

  /** Clips, steps, and clears the gradients. */
  async update() {
    const { clip } = this.#fixture.entry.hyper
    const trainable = [...this.#model.parameters()].filter((parameter) => parameter.requiresGrad)
    this.norms.push(clip > 0 ? await optim.clipGradNorm(trainable, clip).item() : await gradNorm(trainable))
    this.lrs.push(this.#optimizer.paramGroups[0].lr)
    await this.#optimizer.step()
    this.#optimizer.zeroGrad()
    await this.#keepFactors(`${this.#names.prefix}${this.norms.length}.`)
  }

  async end() {
    await this.#keepFactors('final.')
    return this
  }

  /** Copies the factors that the case has under `prefix`. */
  async #keepFactors(prefix) {
    const wanted = new Set(this.#fixture.names(prefix))
    if (wanted.size === 0) return
    for (const [path, parameter] of this.#model.namedParameters()) {
      const name = prefix + this.#names.nameOf(path)
      if (wanted.delete(name)) this.factors.set(name, await toHost(parameter))
    }
    if (wanted.size > 0) throw new Error(`the model has no ${[...wanted]}`)
  }
}

/** The norm of all gradients together, without clipping. */
async function gradNorm(parameters) {
  let sum = 0
  for (const { grad } of parameters) for (const value of (await toHost(grad)).data) sum += value * value
  return Math.sqrt(sum)
}
