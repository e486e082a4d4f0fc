// The training loop of the smaller examples; 01-quickstart.mjs has one with everything in it.
import * as lora from 'loralib'

/**
 * Trains the trainable parameters of a model, one step for each batch.
 * @param {AsyncIterable<unknown> | Iterable<unknown>} batches
 * @param {{ lr: number, loss: (batch: any) => lora.Tensor, beforeStep?: () => void }} options
 */
export async function train(model, batches, { lr, loss, beforeStep = () => {} }) {
  model.train()
  const optimizer = new lora.optim.Adam(
    model.parameters().filter((parameter) => parameter.requiresGrad),
    { lr },
  )
  for await (const batch of batches) {
    loss(batch).backward()
    beforeStep()
    await optimizer.step()
    optimizer.zeroGrad()
  }
}

/** The parameters that are trained, by name. */
export function trainable(model) {
  return Object.fromEntries([...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad))
}

/** How many numbers a state dict holds. */
export function sizeOf(stateDict) {
  return Object.values(stateDict).reduce((n, tensor) => n + tensor.numel, 0)
}
