// What is measured, and what else lives meanwhile.
import * as lora from 'loralib'
import { tinyModel, trainable } from '../lib/models.mjs'

const AWAITS = 20
const OPS = 100
const TOKENS = 12

/**
 * An await, an operation, a step and a token. `run` does it once; `times` is how many of it that are. `queued` waits for what it left in the queue, which
 * is not part of it.
 */
export function activities() {
  const scalar = lora.ones([])
  const [x, y] = [lora.ones([8]), lora.ones([8])]
  const queued = () => scalar.item()
  const model = tinyModel()
  const optimizer = new lora.optim.AdamW(trainable(model), { lr: 1e-3 })
  const ids = [Array.from({ length: 16 }, (_, i) => i)]
  const text = lora.cloneModule(model, { shareFrozen: true }).eval()
  return {
    // Many in a row: one alone takes as long as two threads take to wake each other, which is one time or another as the machine pleases.
    await: {
      times: AWAITS,
      run: async () => {
        for (let i = 0; i < AWAITS; i++) await scalar.item()
      },
    },
    op: {
      times: OPS,
      run: () =>
        lora.scope(() => {
          for (let i = 0; i < OPS; i++) x.add(y)
        }),
      queued,
    },
    step: {
      times: 1,
      run: async () => {
        model.forward(ids, { labels: ids }).loss.backward()
        await optimizer.step()
        optimizer.zeroGrad()
      },
      queued,
    },
    token: {
      times: TOKENS,
      run: () => text.generate(ids, { maxNewTokens: TOKENS, eosTokenId: null, doSample: true, seed: 1 }),
      queued,
    },
    /** Lets a stream read all weights and the tensors of the operation, as a request does. */
    visit: () =>
      lora.noGrad(() =>
        lora.scope(() => {
          model.forward(ids)
          text.forward(ids)
          x.add(y)
          scalar.add(1)
        }),
      ),
  }
}

/** Makes this many small tensors. Somebody who made them all without an await would run into the backlog. */
export async function makeTensors(count) {
  const made = []
  while (made.length < count) {
    for (let i = 0; i < 2000 && made.length < count; i++) made.push(lora.ones([1]))
    await made.at(-1).item()
  }
  return made
}

/** Opens streams that have each done some work and stay open. */
export async function openStreams(count, visit) {
  const streams = Array.from({ length: count }, (_, i) => lora.stream({ seed: i }))
  for (const stream of streams) {
    stream.run(visit)
    await stream.synchronize()
  }
  return streams
}
