// Gradients of composed functions against central differences.
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { numbers } from './close.js'

/** The gradient of `Σ weights · fn(x)` by f64 differences and by backward must agree, for one input or several. */
export async function gradientsMeetDifferences(
  t: ExecutionContext,
  fn: (...x: Tensor[]) => Tensor,
  inputs: readonly { values: readonly number[]; shape: readonly number[] }[],
): Promise<void> {
  const make = (values: readonly number[], shape: readonly number[], requiresGrad = false): Tensor =>
    lora.tensor(Float64Array.from(values), { shape, requiresGrad })
  const leaves = inputs.map(({ values, shape }) => make(values, shape, true))
  const result = fn(...leaves)
  const weights = lora.tensor(
    Float64Array.from({ length: result.numel }, (_, i) => Math.cos(1 + i)),
    { shape: [...result.shape] },
  )
  await result.mul(weights).sum().backward()
  for (const [k, { values, shape }] of inputs.entries()) {
    t.not(leaves[k]!.grad, null, `input ${k} got no gradient`)
    const got = await numbers(leaves[k]!.grad!)
    for (let i = 0; i < values.length; i++) {
      const at = async (step: number): Promise<number> => {
        const moved = inputs.map((input, j) =>
          make(j === k ? input.values.map((v, n) => (n === i ? v + step : v)) : input.values, input.shape),
        )
        return fn(...moved)
          .mul(weights)
          .sum()
          .item()
      }
      const want = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5
      const error = Math.abs(got[i]! - want)
      t.true(error <= 1e-7 + 1e-6 * Math.abs(want), `input ${k} ${shape.join()}[${i}]: ${got[i]}, not ${want}`)
    }
  }
}
