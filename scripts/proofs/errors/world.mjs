// What must not be damaged: a model and its optimizer beside all wrong uses, and a training step whose result is known.
import { createHash } from 'node:crypto'
import * as lora from 'loralib'

const SIZES = { vocab_size: 13, n_positions: 16, n_embd: 8, n_layer: 2, n_head: 2, bos_token_id: 0, eos_token_id: 0 }
const IDS = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 10],
]

/** A small GPT-2 with adapters and dropout, one training step old, with its optimizer. */
export async function makeWorld() {
  lora.manualSeed(5)
  const model = lora.models.GPT2LMHeadModel.fromConfig({ ...SIZES, attn_pdrop: 0.1, resid_pdrop: 0.1, embd_pdrop: 0.1 })
  lora.injectLora(model, { targets: ['attn.c_attn'], r: 2, enableLora: [true, false, true], loraDropout: 0.1 })
  lora.injectLora(model, { targets: ['mlp.c_fc'], r: 2 })
  lora.markOnlyLoraAsTrainable(model)
  model.train()
  const trained = model.parameters().filter((p) => p.requiresGrad)
  const optimizer = new lora.optim.AdamW(trained, { lr: 1e-2 })
  const world = { model, optimizer, trained, ids: IDS, loss: () => model.forward(IDS, { labels: IDS }).loss }
  await train(world)
  return world
}

/** One step; returns the loss. */
export async function train({ optimizer, trained, loss }) {
  optimizer.zeroGrad()
  const value = loss()
  value.backward()
  lora.optim.clipGradNorm(trained, 1)
  await optimizer.step()
  return value.item()
}

/** A hash of every parameter, every moment and every count of the optimizer. */
export async function checksum({ model, optimizer }) {
  const sum = createHash('sha256')
  for (const [name, p] of model.namedParameters()) {
    sum.update(`${name} ${p.requiresGrad} `)
    sum.update(await bytes(p))
  }
  for (const [number, { step, ...moments }] of Object.entries(optimizer.stateDict().state)) {
    sum.update(`${number} ${step} `)
    for (const moment of Object.values(moments)) sum.update(await bytes(moment))
  }
  return sum.digest('hex')
}

/** Two steps of a fresh model from a fixed seed: losses, gradients and parameters as one hash. */
export async function knownStep() {
  lora.manualSeed(77)
  const before = lora.getRngState()
  const world = await makeWorld()
  const losses = [await train(world), await train(world)]
  const sum = createHash('sha256')
    .update(losses.join())
    .update(await checksum(world))
  for (const p of world.trained) sum.update(await bytes(p.grad))
  for (const p of [...world.model.parameters(), ...moments(world.optimizer)]) p.dispose()
  lora.setRngState(before)
  return sum.digest('hex')
}

/** Settings that a wrong use may have left on: all must be off. */
export function leftOn() {
  const x = lora.ones([1], { requiresGrad: true })
  const y = x.mul(2)
  const found = []
  if (!lora.isGradEnabled() || !y.requiresGrad) found.push('gradients are off')
  if (lora.setAnomalyMode(false)) found.push('anomaly mode is on')
  try {
    lora.ones([2]).add(lora.ones([3]))
  } catch ({ path }) {
    if (path !== '') found.push(`the module path ${path} is set`)
  }
  return found
}

function moments(optimizer) {
  return Object.values(optimizer.stateDict().state).flatMap((state) =>
    Object.entries(state).flatMap(([name, value]) => (name === 'step' ? [] : [value])),
  )
}

async function bytes(tensor) {
  const data = await tensor.data()
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
