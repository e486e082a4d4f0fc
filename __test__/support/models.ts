// Shared by the tests of models.
import * as lora from 'loralib'
import { numbers, wave } from './close.js'
import type { Weights } from './decoder-reference.js'

/** The state dict as lists of rows. */
export async function weightsOf(model: lora.nn.Module): Promise<Weights> {
  const dict: Weights = {}
  for (const [name, tensor] of Object.entries(model.stateDict())) {
    const [values, width] = [await numbers(tensor), tensor.shape.at(-1)!]
    dict[name] = Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width))
  }
  return dict
}

/** Biases and norms that are not their starting values: waves of 0.3 around `center`. */
export function stir(model: lora.nn.Module, center = 1): void {
  let seed = 0
  for (const parameter of model.parameters()) {
    if (parameter.ndim > 1) continue
    const values = wave(parameter.shape[0]!, 0.7 + seed++ / 10, 0.3).map((value) => value + center)
    lora.noGrad(() => parameter.copy_(lora.tensor(values, { dtype: parameter.dtype })))
  }
}
