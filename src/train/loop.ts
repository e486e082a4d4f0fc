// The training loop of every trainer: micro-batches, backward, clipping, the update, the schedule. It knows nothing of tasks, files or models.
import type { DataLoaderState } from '../data/loader/index.js'
import { NonFiniteError } from '../errors.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { clipGradNorm } from '../optim/clip.js'
import type { OptimizerState } from '../optim/saved-state.js'
import type { Tensor } from '../tensor/tensor.js'

/** What a loop needs from a loader; a DataLoader has it. */
export interface BatchSource<B> extends AsyncIterable<B> {
  /** Batches of one epoch. */
  readonly length: number
  stateDict(): DataLoaderState
  loadStateDict(state: DataLoaderState): void
}

/** What a loop needs from an optimizer; every optimizer has it. */
export interface LoopOptimizer {
  readonly paramGroups: readonly { params: Tensor[]; lr: number; initialLr?: number }[]
  step(): unknown
  zeroGrad(): void
  stateDict(): OptimizerState
  loadStateDict(state: OptimizerState): void
}

/** What a loop needs from a schedule. Every schedule that is stepped without a metric has it. */
export interface LoopSchedule {
  step(): void
  stateDict(): object
  loadStateDict(state: object): void
}

/** What a loop reports after each update. */
export interface StepReport {
  /** Updates made so far, this one included. */
  step: number
  /** Updates in the whole run. */
  steps: number
  /** Passes over the data so far; 1.5 is the middle of the second one. */
  epoch: number
  /** Whether this update was the last one of its epoch. */
  isEpochEnd: boolean
  /** Mean loss of the micro-batches of this update. */
  loss: number
  /** Norm of all gradients before clipping; null without clipping. */
  gradNorm: number | null
  /** Learning rate of the first parameter group in this update. */
  lr: number
  /** Time from the start of this update to its end. */
  timeMs: number
}

/** Options of {@link runLoop}. */
export interface LoopOptions<B> {
  /** Batches, epoch after epoch. A loader that has loaded a state continues from there. */
  loader: BatchSource<B>
  /** The loss of a micro-batch, a mean over its rows or tokens. It only records operations; `step` counts from 0. */
  loss: (batch: B, step: number) => Tensor
  /**
   * What a micro-batch counts for in its update, such as its tokens with a label: gradients and losses are then averaged over all of them, as in one large batch.
   * @default 1 for each: the mean of the micro-batches
   */
  weight?: ((batch: B) => number) | undefined
  /** Names the rows of a micro-batch, for the error when its loss is not finite. @default they are not named */
  describe?: ((batch: B) => string) | undefined
  /** Makes the updates. */
  optimizer: LoopOptimizer
  /** Stepped after each update. @default null: a constant rate */
  schedule?: LoopSchedule | null
  /** Updates in the whole run. @integer @minimum 0 */
  steps: number
  /** Updates made before, in a resumed run. @integer @minimum 0 @default 0 */
  startStep?: number
  /**
   * Micro-batches in an update, whose gradients are averaged. The last update of an epoch takes the remaining ones: updates never span two epochs.
   * @integer @minimum 1 @default 1
   */
  gradientAccumulationSteps?: number
  /** Scale the gradients down to this norm; 0 leaves them alone. @minimum 0 @default 0 */
  maxGradNorm?: number
  /** Ends the loop after the update in progress. @default none */
  signal?: AbortSignal | undefined
  /** Called after each update; the loop waits for the promise it returns. @default none */
  onStep?: (report: StepReport) => void | Promise<void>
}

const OWNER = 'train.runLoop'

/** Updates of one epoch, when each takes `gradientAccumulationSteps` of its `batches`. */
export function stepsPerEpoch(batches: number, gradientAccumulationSteps: number): number {
  return Math.ceil(batches / gradientAccumulationSteps)
}

/**
 * Makes updates until there are `steps` of them, or until the signal is aborted; both end between two updates, where optimizer, schedule and
 * loader can be saved.
 *
 * Each update awaits its loss before it changes anything, so the event loop stays free, and weights stay finite: an update whose loss, or with clipping whose
 * gradient norm, is not finite is not made.
 * @returns the updates made so far.
 * @throws {NonFiniteError} when loss or gradient norm is no longer finite.
 */
export async function runLoop<B>(options: LoopOptions<B>): Promise<number> {
  checkOptions(OWNER, options, schemas.LoopOptions)
  const { loader, optimizer, schedule, onStep, signal, steps, maxGradNorm = 0, startStep = 0 } = options
  const isStopped = () => signal?.aborted === true
  const accumulation = options.gradientAccumulationSteps ?? 1
  let step = startStep
  if (step < steps && loader.length === 0)
    throw bad(OWNER, 'loader', 'a loader with at least one batch', 'an empty one')
  while (step < steps && !isStopped()) {
    const { epoch, batch: first } = loader.stateDict()
    let [done, startedAt] = [first, performance.now()]
    let update = new Update(options)
    for await (const batch of loader) {
      // The loop is left only after whole updates, so the loader's position is that of an update.
      const size = Math.min(accumulation, loader.length - (done - update.size))
      update.add(batch as B, step, size)
      done++
      if (update.size < size) continue
      update.record(step)
      // Before the update: weights are those of the last one when it fails.
      const loss = await update.loss(step + 1)
      const norm = maxGradNorm > 0 ? clipGradNorm(paramsOf(optimizer), maxGradNorm) : null
      const gradNorm = norm === null ? null : await norm.item()
      if (gradNorm !== null && !Number.isFinite(gradNorm)) throw update.fails('gradient norm', step + 1, gradNorm)
      const lr = optimizer.paramGroups[0]!.lr
      optimizer.step()
      optimizer.zeroGrad()
      schedule?.step()
      step++
      const timeMs = performance.now() - startedAt
      const isEpochEnd = done >= loader.length
      await onStep?.({ step, steps, epoch: epoch + done / loader.length, isEpochEnd, loss, gradNorm, lr, timeMs })
      if (step >= steps || isStopped()) break
      ;[update, startedAt] = [new Update(options), performance.now()]
    }
  }
  return step
}

function paramsOf(optimizer: LoopOptimizer): Tensor[] {
  return optimizer.paramGroups.flatMap((group) => group.params)
}

/** The micro-batches of one update. Where they have weights all are awaited first, since the share of each depends on the others. */
class Update<B> {
  private readonly batches: B[] = []
  private readonly losses: Tensor[] = []

  constructor(private readonly options: LoopOptions<B>) {}

  get size(): number {
    return this.batches.length
  }

  add(batch: B, step: number, size: number): void {
    this.batches.push(batch)
    if (this.options.weight === undefined) this.backward(batch, step, (loss) => (size === 1 ? loss : loss.div(size)))
  }

  record(step: number): void {
    if (this.options.weight === undefined) return
    const shares = this.shares()
    for (const [i, batch] of this.batches.entries())
      this.backward(batch, step, (loss) => (this.size === 1 ? loss : loss.mul(shares[i]!)))
  }

  /** The mean loss. @throws {NonFiniteError} */
  async loss(step: number): Promise<number> {
    const shares = this.options.weight === undefined ? null : this.shares()
    let sum = 0
    for (const [i, loss] of this.losses.entries()) {
      const value = await loss.item()
      loss.dispose()
      if (!Number.isFinite(value)) throw this.fails('loss', step, value, this.batches[i])
      sum += shares === null ? value : value * shares[i]!
    }
    return shares === null ? sum / this.size : sum
  }

  /** The error of an update that is not made. Its gradients are dropped. */
  fails(what: string, step: number, received: number, batch?: B): NonFiniteError {
    this.options.optimizer.zeroGrad()
    const { describe } = this.options
    const rows = (batch === undefined ? this.batches : [batch]).map((each) => describe?.(each) ?? '').join(', ')
    return new NonFiniteError({
      what: `the ${what} of update ${step} is not finite${rows === '' ? '' : `; its rows: ${rows}`}`,
      expected: `a finite ${what}`,
      received: String(received),
      fix: 'resume from the last checkpoint with a smaller lr, a longer warm-up or maxGradNorm; lora.setAnomalyMode(true) names the first operation',
    })
  }

  private backward(batch: B, step: number, scaled: (loss: Tensor) => Tensor): void {
    const loss = this.options.loss(batch, step)
    scaled(loss).backward() // queued; the value of the loss is awaited later
    this.losses.push(loss.detach())
  }

  private shares(): number[] {
    const weights = this.batches.map((batch) => this.options.weight!(batch))
    const sum = weights.reduce((total, weight) => total + weight, 0)
    return weights.map((weight) => weight / sum)
  }
}
