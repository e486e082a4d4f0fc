// Normalization of channels as functions: `x (N, C, ...)`.
import { ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { noGrad, scope } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { bad, checkInteger, checkNumber, show } from '../../runtime/options.js'
import { copyAll } from '../../tensor/copy.js'
import { markAsState } from '../../tensor/lasting.js'
import { perChannel } from './spatial.js'

/**
 * `y = (x − mean) / √(var + eps) · weight + bias` per channel. In training, mean and variance (1/count) are those of the batch, and the
 * running statistics are updated: `running = (1 − momentum) · running + momentum · batch`, with the unbiased variance. Otherwise the running
 * statistics are used.
 *
 * Shapes: `x (N, C, ...)`; `runningMean`, `runningVar`, `weight` and `bias` `(C)`. The running statistics are changed in place.
 * @throws {ShapeError} when the channels do not match, or when a channel has only one value in training.
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  training = false,
  momentum = 0.1,
  eps = 1e-5,
): Tensor {
  const owner = 'nn.functional.batchNorm'
  checkNumber(owner, 'momentum', momentum)
  checkNumber(owner, 'eps', eps, 0)
  if (!training) return batchNormOf(owner, x, { runningMean, runningVar }, weight, bias, null, eps)
  markStatistics(runningMean, runningVar)
  return batchNormOf(owner, x, { runningMean, runningVar }, weight, bias, { momentum }, eps)
}

/** Running statistics of a normalization layer. */
export interface Running {
  readonly runningMean: Tensor | null
  readonly runningVar: Tensor | null
  /** The number of training batches. */
  readonly numBatchesTracked?: Tensor | null
}

/** What a batch changes in running statistics. */
export interface BatchShare {
  /** Its share in mean and variance; a tensor when it has not been computed yet. */
  readonly momentum: number | Tensor
  /** The number of training batches with this one; null where they are not counted. */
  readonly count?: Tensor | null
}

/** Batch norm with checked options: a share means training with the batch's statistics; null uses the running statistics. */
export function batchNormOf(
  owner: string,
  x: Tensor,
  running: Running,
  weight: Tensor | null,
  bias: Tensor | null,
  share: BatchShare | null,
  eps: number,
): Tensor {
  if (x.ndim < 2) throw noChannels(owner, x)
  const { runningMean, runningVar } = running
  checkChannels(owner, x, { runningMean, runningVar, weight, bias })
  if (share === null) return scope(() => normalizedBy(owner, x, running, weight, bias, eps))
  return scope(() => {
    const [y, stats] = ops.batchNorm(x, weight, bias, eps)
    noGrad(() => updateRunning(running, stats.detach(), x.numel / x.shape[1]!, share))
    return y
  })
}

/** `y = x · scale + shift` with the running statistics. */
function normalizedBy(
  owner: string,
  x: Tensor,
  { runningMean, runningVar }: Running,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  if (runningMean === null || runningVar === null) {
    throw bad(owner, 'runningMean and runningVar', 'tensors, when not training', null)
  }
  // Clones: training changes the running statistics in place, and backward may still need the values used here.
  const [mean, rstd] = [runningMean.clone(), runningVar.add(eps).rsqrt()]
  const scale = weight === null ? rstd : rstd.mul(widened(weight))
  const shift = bias === null ? mean.mul(scale).neg() : widened(bias).sub(mean.mul(scale))
  return x.mul(perChannel(scale, x)).add(perChannel(shift, x))
}

/**
 * Updates the running statistics with those of a batch: means and variances (2, C), from `values` numbers per channel. They and the number of batches
 * change together or, when the batch fails or is aborted, not at all.
 */
function updateRunning(running: Running, stats: Tensor, values: number, { momentum, count }: BatchShare): void {
  const [mean, variance] = stats.unbind(0) as [Tensor, Tensor]
  const changes: [kept: Tensor, next: Tensor][] = []
  const blend = (kept: Tensor | null, batch: Tensor) => {
    if (kept === null) return
    const now = batch.to(kept.dtype)
    const isNumber = typeof momentum === 'number'
    const next = isNumber
      ? kept.mul(1 - momentum).add(now.mul(momentum))
      : kept.add(now.sub(kept).mul(momentum.to(kept.dtype)))
    changes.push([kept, next])
  }
  blend(running.runningMean, mean)
  blend(running.runningVar, variance.mul(values / (values - 1)))
  if (running.numBatchesTracked && count) changes.push([running.numBatchesTracked, count])
  copyAll(changes)
}

/** Running statistics that a caller keeps are buffers, also where no module has registered them. */
function markStatistics(...statistics: (Tensor | null)[]): void {
  for (const each of statistics) if (each !== null) markAsState(each)
}

/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each of `numGroups` groups of channels of each sample.
 *
 * Shapes: `x (N, C, ...)` with C divisible by `numGroups`; `weight` and `bias` `(C)` (Wu and He 2018).
 */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  const owner = 'nn.functional.groupNorm'
  checkInteger(owner, 'numGroups', numGroups, 1)
  if (x.ndim < 2) throw noChannels(owner, x)
  checkChannels(owner, x, { weight, bias })
  const [n, channels] = x.shape as [number, number]
  if (channels % numGroups !== 0) {
    throw bad(owner, 'numGroups', `a divisor of the ${channels} channels of x`, numGroups)
  }
  if (x.numel === numGroups) throw oneValue(owner, x)
  const width = (channels / numGroups) * x.shape.slice(2).reduce((product, d) => product * d, 1)
  return scope(() => {
    const y = ops.layerNorm(x.reshape([n, numGroups, width]), null, null, checkNumber(owner, 'eps', eps, 0))
    return scaled(y.reshape(x.shape), weight, bias)
  })
}

/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each channel of each sample. With running statistics and
 * `useInputStats` false it computes what {@link batchNorm} does in evaluation.
 *
 * Shapes: `x (N, C, ...)`; the others `(C)`. Running statistics are updated with the mean over the samples.
 * @throws {ShapeError} when a channel of a sample has only one value.
 */
export function instanceNorm(
  x: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  useInputStats = true,
  momentum = 0.1,
  eps = 1e-5,
): Tensor {
  const owner = 'nn.functional.instanceNorm'
  checkNumber(owner, 'momentum', momentum)
  checkNumber(owner, 'eps', eps, 0)
  if (useInputStats) markStatistics(runningMean, runningVar)
  return instanceNormOf(owner, x, { runningMean, runningVar }, weight, bias, useInputStats ? momentum : null, eps)
}

/** Instance norm with checked options; a `momentum` of null uses the running statistics. */
export function instanceNormOf(
  owner: string,
  x: Tensor,
  running: Running,
  weight: Tensor | null,
  bias: Tensor | null,
  momentum: number | null,
  eps: number,
): Tensor {
  if (momentum === null) return batchNormOf(owner, x, running, weight, bias, null, eps)
  if (x.ndim < 3) throw noChannels(owner, x)
  const { runningMean, runningVar } = running
  checkChannels(owner, x, { runningMean, runningVar, weight, bias })
  const [n, channels] = x.shape as [number, number]
  const count = x.numel / (n * channels)
  if (count === 1) throw oneValue(owner, x)
  return scope(() => {
    // Each channel of each sample is treated as a channel of a batch of one.
    const [y, stats] = ops.batchNorm(x.reshape([1, n * channels, count]), null, null, eps)
    noGrad(() => updateRunning(running, stats.detach().reshape([2, n, channels]).mean(1), count, { momentum }))
    return scaled(y.reshape(x.shape), weight, bias)
  })
}

function scaled(y: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  const multiplied = weight === null ? y : y.mul(perChannel(widened(weight), y))
  return bias === null ? multiplied : multiplied.add(perChannel(widened(bias), y))
}

/** Converts a half-precision parameter to f32. */
function widened(parameter: Tensor): Tensor {
  return parameter.dtype === 'bf16' || parameter.dtype === 'f16' ? parameter.to('f32') : parameter
}

function checkChannels(owner: string, x: Tensor, vectors: Record<string, Tensor | null>): void {
  const channels = x.shape[1]!
  for (const [name, values] of Object.entries(vectors)) {
    if (values === null || (values.ndim === 1 && values.numel === channels)) continue
    throw new ShapeError({
      what: `${owner}: the channels do not match`,
      expected: `${name} (${channels}), one number for each channel of x`,
      received: `${name} ${show(values)}, x ${show(x)}`,
      fix: 'build the layer with the number of channels of its input, dimension 1 of x (N, C, ...)',
    })
  }
}

function noChannels(owner: string, x: Tensor): ShapeError {
  return new ShapeError({
    what: `${owner}: x has too few dimensions`,
    expected: 'x (N, C, ...)',
    received: `x ${show(x)}`,
    fix: 'add a batch dimension with unsqueeze(0)',
  })
}

function oneValue(owner: string, x: Tensor): ShapeError {
  return new ShapeError({
    what: `${owner}: a single value has no variance`,
    expected: 'more than one value for each mean and variance',
    received: `x ${show(x)}`,
    fix: 'use larger inputs, or fewer groups',
  })
}
