import { ShapeError } from '../../errors.js'
import { checkInteger, show } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'

/**
 * Moves channels to spatial positions: `(..., C·r², H, W)` → `(..., C, H·r, W·r)`, as sub-pixel convolution needs (Shi et al. 2016).
 * @throws {ShapeError} when r² does not divide the channels.
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const r = checkInteger('nn.functional.pixelShuffle', 'upscaleFactor', upscaleFactor, 1)
  const [lead, channels, h, w] = planes('nn.functional.pixelShuffle', x)
  const c = channels / (r * r)
  if (!Number.isInteger(c)) throw notDivisible('nn.functional.pixelShuffle', `channels divisible by ${r * r}`, x)
  const n = lead.length
  return x
    .reshape([...lead, c, r, r, h, w])
    .permute([...lead.keys(), n, n + 3, n + 1, n + 4, n + 2])
    .reshape([...lead, c, h * r, w * r])
}

/**
 * Moves spatial positions to channels, the inverse of {@link pixelShuffle}: `(..., C, H·r, W·r)` → `(..., C·r², H, W)`.
 * @throws {ShapeError} when r does not divide height and width.
 */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const r = checkInteger('nn.functional.pixelUnshuffle', 'downscaleFactor', downscaleFactor, 1)
  const [lead, c, height, width] = planes('nn.functional.pixelUnshuffle', x)
  const [h, w] = [height / r, width / r]
  if (!Number.isInteger(h) || !Number.isInteger(w)) {
    throw notDivisible('nn.functional.pixelUnshuffle', `height and width divisible by ${r}`, x)
  }
  const n = lead.length
  return x
    .reshape([...lead, c, h, r, w, r])
    .permute([...lead.keys(), n, n + 2, n + 4, n + 1, n + 3])
    .reshape([...lead, c * r * r, h, w])
}

function planes(owner: string, x: Tensor): [lead: number[], c: number, h: number, w: number] {
  if (x.ndim < 3) throw notDivisible(owner, 'x (..., C, H, W)', x)
  const [c, h, w] = x.shape.slice(-3) as [number, number, number]
  return [x.shape.slice(0, -3), c, h, w]
}

function notDivisible(owner: string, expected: string, x: Tensor): ShapeError {
  return new ShapeError({
    what: `${owner}: the shape of x cannot be used`,
    expected,
    received: `x ${show(x)}`,
    fix: 'reshape x, or choose other sizes or another factor',
  })
}
