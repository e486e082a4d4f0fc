// Kind `nlg_trajectory`: a whole run of the NLG example: losses, rates, gradient norms, and the factors on the way.
import * as lora from 'loralib'
import { numbers, toHost, toleranceOf } from './compare.mjs'
import { maskedLoss, nlgModel } from './nlg.mjs'

const { optim } = lora

const SETTINGS = ['model_dir', 'lora', 'hyper', 'label_smooth']

export const trainingKinds = {
  nlg_trajectory: {
    run: runTrajectory,
    settings: SETTINGS,
    words: {},
  },
}

// The script, one pattern per line: the runner does just this, so a case that says something else is not run.
const SCRIPT = [
  /^micro-batch s uses input\[s % n\]$/,
  /^loss \/ grad_acc is back-propagated$/,
  /^every grad_acc micro-batches: clip the global norm of all gradients, optimizer step, zero grads$/,
  /^the schedule steps after every micro-batch/,
  /^losses: one per micro-batch, before division$/,
  /^grad_norms: one per update, before clipping$/,
  /^lrs: learning rate used by each update$/,
  /^after_update_N: after N updates \(the first is N = 1\)$/,
]

async function runTrajectory(fixture, check) {
  const { entry } = fixture
  SCRIPT.forEach((pattern, i) => check.rule(['steps', i], pattern))
  check.that('steps', entry.steps.length === SCRIPT.length, `has ${entry.steps.length} lines`)
  if (check.failures.length > 0) return
  const got = await fixture.shared(SETTINGS, train)
  const tolerance = (part) => toleranceOf(entry, part)
  await check.close('losses', numbers(got.losses), tolerance('loss'))
  await check.close('lrs', numbers(got.lrs), tolerance('lr'))
  await check.close('grad_norms', numbers(got.norms), tolerance('grad_norm'))
  check.fact(['first_last_loss'], [got.losses[0], got.losses.at(-1)], { tolerance: tolerance('loss') })
  check.fact(['micro_batches'], got.losses.length)
  check.fact(['updates'], got.norms.length)
  for (const [name, value] of got.factors) await check.close(name, value, tolerance('param'))
  const finals = [...got.factors].filter(([name]) => name.startsWith('final.'))
  if (entry.tolerance?.param_mean !== undefined) await check.mean('param_mean', finals, tolerance('param_mean'))
}

/** The training loop of the example. It runs as many micro-batches as the case has losses. */
async function train(fixture) {
  const { hyper, label_smooth: smoothing } = fixture.entry
  const model = (await nlgModel(fixture, fixture.entry.lora, 'init.')).train()
  const parameters = [...model.parameters()]
  const trainable = parameters.filter((parameter) => parameter.requiresGrad)
  const optimizer = new optim.NlgAdamW(parameters, {
    lr: hyper.lr,
    betas: [hyper.beta1, hyper.beta2],
    eps: hyper.eps,
    weightDecay: hyper.weight_decay,
    correctBias: hyper.correct_bias,
  })
  const { scheduler: name, warmup_step: warmup, max_step: maxStep } = hyper
  const schedule = new optim.lrScheduler.NlgSchedule(optimizer, { name, warmup, maxStep })
  const batches = ['input', 'target', 'mask'].map((tensor) => fixture.tensor(tensor))
  const got = { losses: [], lrs: [], norms: [], factors: new Map() }
  const microBatches = fixture.tensors.get('losses').data.length
  for (let step = 0; step < microBatches; step++) {
    const [input, target, mask] = batches.map((batch) => batch.at(step % batch.shape[0]))
    const loss = maskedLoss(model.forward(input).logits, target, mask, smoothing)
    await loss.div(hyper.grad_acc).backward()
    got.losses.push(await loss.item())
    if ((step + 1) % hyper.grad_acc === 0) await update(model, optimizer, trainable, fixture, got)
    schedule.step()
  }
  await keepFactors(model, 'final.', fixture, got)
  return got
}

async function update(model, optimizer, trainable, fixture, got) {
  const { clip } = fixture.entry.hyper
  const norm = clip > 0 ? await optim.clipGradNorm(trainable, clip).item() : await gradNorm(trainable)
  got.norms.push(norm)
  got.lrs.push(optimizer.paramGroups[0].lr)
  await optimizer.step()
  optimizer.zeroGrad()
  await keepFactors(model, `after_update_${got.norms.length}.`, fixture, got)
}

/** The norm of all gradients together, where nothing is clipped. */
async function gradNorm(parameters) {
  let sum = 0
  for (const { grad } of parameters) for (const value of (await toHost(grad)).data) sum += value * value
  return Math.sqrt(sum)
}

/** Copies the factors that the case has under `prefix`. */
async function keepFactors(model, prefix, fixture, got) {
  const wanted = fixture.names(prefix)
  if (wanted.length === 0) return
  const state = model.stateDict()
  for (const name of wanted) got.factors.set(name, await toHost(state[name.slice(prefix.length)]))
}
