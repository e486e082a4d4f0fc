// The training loop of all training cases, as a user writes it.
import * as lora from 'loralib'
import { fillParameter } from './noise.mjs'

/** Freezes all but the adapter and fills its factors by name. Call it while the names are those of the checkpoint. */
export function fillAdapter(model, options) {
  lora.markOnlyLoraAsTrainable(model)
  const entries = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad)
  const tensors = entries.map(([name, { shape, length = shape.reduce((a, b) => a * b, 1) }]) => [
    name,
    lora.tensor(fillParameter(new Float32Array(length), name, shape, 0, options), { shape }),
  ])
  model.loadStateDict(Object.fromEntries(tensors), { strict: false })
}

/**
 * Measures training steps: forward, loss, backward, AdamW, zeroing gradients, reading the loss. The batch is the same in every step.
 * @param {Function} measure of the case
 * @param {lora.nn.Module} model with its trainable parameters marked
 * @param {(model: lora.nn.Module) => lora.Tensor} lossOf
 */
export async function train(measure, model, lossOf, { lr = 2e-4, weightDecay = 0.01, ...facts }) {
  model.train()
  const params = model.parameters().filter((parameter) => parameter.requiresGrad)
  const optimizer = new lora.optim.AdamW(params, { lr, weightDecay })
  const losses = []
  const step = async () => {
    const loss = lossOf(model)
    loss.backward()
    optimizer.step()
    optimizer.zeroGrad()
    losses.push(await loss.item())
  }
  const trainable = params.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  const check = () => ({ losses: losses.slice(0, 4).map((loss) => Number(loss.toFixed(5))) })
  await measure(step, { ...facts, check, trainable, tensors: params.length })
}
