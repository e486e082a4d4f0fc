// The training loop of the smaller examples; 01-quickstart.mjs has one with everything in it.
import * as lora from 'loralib'

/**
 * Trains the trainable parameters of a model, one step for each batch. With `decay`, a number of steps, the learning rate falls
 * to 0 over them, which lets the weights settle.
 * @param {AsyncIterable<unknown> | Iterable<unknown>} batches
 * @param {{ lr: number, decay?: number, loss: (batch: any) => lora.Tensor, beforeStep?: () => void }} options
 */
export async function train(model, batches, { lr, decay, loss, beforeStep = () => {} }) {
  model.train()
  const optimizer = new lora.optim.Adam(
    model.parameters().filter((parameter) => parameter.requiresGrad),
    { lr },
  )
  const schedule = decay ? new lora.optim.lrScheduler.LinearWarmup(optimizer, { warmup: 0, total: decay }) : null
  for await (const batch of batches) {
    loss(batch).backward()
    beforeStep()
    await optimizer.step()
    optimizer.zeroGrad()
    schedule?.step()
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
