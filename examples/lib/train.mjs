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
