// What a conversion between formats lost, with its size.
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'

/** A part that the target of a conversion holds with other numbers. */
export interface ConversionLoss {
  /** What was done. */
  what: string
  /** The layers or tensors, by their paths. */
  layers: string[]
  /** The largest difference of an element, as a share of the largest element of its tensor. */
  maxRelativeError: number
}

/** A loss of what has an error above 0; none where there is no such. */
export function lossOf(what: string, parts: readonly (readonly [path: string, error: number])[]): ConversionLoss[] {
  const lost = parts.filter(([, error]) => error > 0)
  if (lost.length === 0) return []
  return [{ what, layers: lost.map(([path]) => path), maxRelativeError: Math.max(...lost.map(([, error]) => error)) }]
}

/** The largest difference of two tensors as a share of the largest element of the first; infinite where a number became none. */
export async function relativeError(exact: Tensor, rounded: Tensor): Promise<number> {
  if (exact.numel === 0) return 0
  const [size, difference] = noGrad(() => {
    const [a, b] = [exact.detach().to('f64'), rounded.detach().to('f64')]
    return [keep(a.abs().max()), keep(a.sub(b).abs().max())]
  })
  const [of, error] = [await size.item(), await difference.item()]
  for (const tensor of [size, difference]) tensor.dispose()
  if (error === 0) return 0
  return Number.isFinite(error) ? error / of : Infinity
}
