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
 * Each update awaits one value, its loss, so the event loop stays free.
 * @returns the updates made so far.
 * @throws {NonFiniteError} when the loss is no longer finite.
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
    let [done, inUpdate, startedAt] = [first, 0, performance.now()]
    let losses: Tensor[] = []
    for await (const batch of loader) {
      // The loop is left only after whole updates, so the loader's position is that of an update.
      const size = Math.min(accumulation, loader.length - (done - inUpdate))
      const micro = options.loss(batch as B, step)
      const share = size === 1 ? micro : micro.div(size)
      share.backward() // queued; the value of the loss is awaited below
      losses.push(micro.detach())
      done++
      if (++inUpdate < size) continue
      const norm = maxGradNorm > 0 ? clipGradNorm(paramsOf(optimizer), maxGradNorm) : null
      const lr = optimizer.paramGroups[0]!.lr
      optimizer.step()
      optimizer.zeroGrad()
      schedule?.step()
      step++
      const loss = await meanOf(losses, step)
      const gradNorm = norm === null ? null : await norm.item()
      const timeMs = performance.now() - startedAt
      const isEpochEnd = done >= loader.length
      await onStep?.({ step, steps, epoch: epoch + done / loader.length, isEpochEnd, loss, gradNorm, lr, timeMs })
      if (step >= steps || isStopped()) break
      ;[inUpdate, losses, startedAt] = [0, [], performance.now()]
    }
  }
  return step
}

function paramsOf(optimizer: LoopOptimizer): Tensor[] {
  return optimizer.paramGroups.flatMap((group) => group.params)
}

async function meanOf(losses: readonly Tensor[], step: number): Promise<number> {
  let sum = 0
  for (const loss of losses) {
    sum += await loss.item()
    loss.dispose()
  }
  const mean = sum / losses.length
  if (Number.isFinite(mean)) return mean
  throw new NonFiniteError({
    what: `the loss of update ${step} is not finite`,
    expected: 'a finite loss',
    received: String(mean),
    fix: 'resume from the last checkpoint with a smaller lr, a longer warm-up or maxGradNorm; lora.setAnomalyMode(true) names the first operation',
  })
}
