// Failures that only running can find: dependent results carry the first error, with its operation and module; no lasting tensor is changed.
import * as lora from 'loralib'
import { rejects, sync } from './judge.mjs'

const { nn, optim } = lora

/** A table below two modules; ids that an operation made are known only when it runs. */
class Deep extends nn.Module {
  blocks = [new nn.Sequential(new nn.Embedding(3, 2)), new nn.Sequential(new nn.Embedding(5, 2))]
  forward(ids) {
    return this.blocks[0].forward(ids).add(this.blocks[1].forward(ids.mul(2)))
  }
}

const ids = (...values) => lora.tensor(values, { dtype: 'i64' }).add(0)
/** A loss of 0 that fails when it runs: id 4 of a table of 3, and after it 8 of a table of 5. */
const broken = () => new Deep().forward(ids(1, 4)).sum()
const FIRST = { op: 'embedding', path: 'blocks.0.0', expected: /0 to 2/, received: /^4$/ }

/** A loss of the model beside which all this runs, with a failure in it. */
const brokenLoss = ({ loss }) => loss().mul(broken())

/** Gives running work time, so that an error exists before the next call. */
const later = () => new Promise((resolve) => setTimeout(resolve, 30))

async function clipped(world) {
  brokenLoss(world).backward()
  await optim.clipGradNorm(world.trained, 1).item()
}

async function stepped(world) {
  brokenLoss(world).backward()
  await world.optimizer.step()
}

async function steppedClipped(world) {
  brokenLoss(world).backward()
  optim.clipGradNorm(world.trained, 1)
  await world.optimizer.step()
}

/** One gradient is valid, the other is not: neither parameter may change. */
async function mixed(world) {
  const [first, second] = world.trained
  first.grad = lora.ones(first.shape)
  second.grad = lora.ones(second.shape).mul(broken())
  await world.optimizer.step()
}

async function loadedOver({ model }) {
  const dict = Object.fromEntries(
    Object.entries(model.stateDict()).map(([name, t]) => [name, lora.noGrad(() => t.add(1))]),
  )
  const last = Object.keys(dict).at(-1)
  dict[last] = lora.noGrad(() => dict[last].mul(broken()))
  model.loadStateDict(dict)
  await lora.settle()
}

async function filled({ trained }) {
  lora.noGrad(() => trained[0].copy_(lora.ones(trained[0].shape).mul(broken())))
  await trained[0].data()
  await lora.settle()
}

/** The failure is not awaited, so the next call of this kind must report it. */
function surfacing(next) {
  return async (world) => {
    brokenLoss(world).backward()
    await later()
    // Not a rejection: the call itself throws.
    next(world)
  }
}

export const group = 'failures while running'
export const cases = [
  ...rejects('ERR_LORA_INDEX', [
    ['an id that an operation made', () => broken().data(), FIRST],
    ['what depends on it, far behind', () => broken().mul(2).exp().add(1).sum().item(), FIRST],
    ['a backward of it', () => broken().backward(), FIRST],
    ['a backward of a larger loss', (world) => brokenLoss(world).backward(), FIRST],
    ['a step behind such a backward', stepped, FIRST],
    ['a norm of its gradients', clipped, FIRST],
    ['a step behind clipped gradients', steppedClipped, FIRST],
    ['a step with one sound and one failed gradient', mixed, FIRST],
    ['a state dict with one failed tensor', loadedOver, FIRST],
    ['a parameter overwritten with a failed tensor', filled, FIRST],
    ['a file of a failed tensor', () => lora.save({ x: broken() }, '/tmp/loralib-none'), FIRST],
    ['unheard, at the next step()', surfacing((world) => world.optimizer.step()), FIRST],
    ['unheard, at the next zeroGrad()', surfacing((world) => world.optimizer.zeroGrad()), FIRST],
    ['unheard, at the next zeroGrad() of the model', surfacing((world) => world.model.zeroGrad()), FIRST],
    ['unheard, at the next backward()', surfacing((world) => world.loss().backward()), FIRST],
    [
      'a target outside the classes',
      () => nn.functional.crossEntropy(lora.zeros([1, 2]), ids(2)).item(),
      { op: 'crossEntropy', received: /2/ },
    ],
    ['a gather outside the tensor', () => lora.zeros([3]).gather(0, ids(3)).data(), { op: 'gather', received: /3/ }],
    [
      'a negative id',
      () => new nn.Embedding(3, 2).forward(ids(-1)).data(),
      { op: 'embedding', path: 'Embedding', received: /-1/ },
    ],
    [
      'an id outside a LoRA table',
      () => new lora.Embedding(3, 2, { r: 1 }).forward(ids(3)).data(),
      { op: 'loraEmbedding', path: 'Embedding' },
    ],
    ['an integer beyond 2^53 as a number', () => lora.tensor([2n ** 53n + 1n]).item(), { fix: /itemBigInt/ }],
  ]),
  ...sync('ERR_LORA_INDEX', [
    [
      'an id outside the table, given as a number',
      ({ model }) => model.forward([[1, 13]]),
      { path: 'transformer', received: /^13$/ },
    ],
  ]),
  ...rejects('ERR_LORA_NON_FINITE', [
    [
      'a NaN in forward, in anomaly mode',
      () => lora.anomaly(() => new Log().forward(lora.tensor([-1, 1]))).data(),
      { op: 'log', path: 'log', received: /NaN/ },
    ],
    [
      'an infinity in forward',
      () => lora.anomaly(() => lora.ones([2]).div(lora.zeros([2]))).data(),
      { op: 'div', received: /inf/ },
    ],
    ['a NaN in backward', nanInBackward, { op: 'sqrt', what: /backward/ }],
    ['a NaN loss, at the step', nanLoss, { op: 'log', received: /NaN/ }],
    [
      'an overflow of f16',
      () => lora.anomaly(() => lora.full([2], 60000, { dtype: 'f16' }).mul(2)).data(),
      { op: 'affine', received: /inf/ },
    ],
  ]),
]

class Log extends nn.Module {
  log = new Inner()
  forward(x) {
    return this.log.forward(x)
  }
}

class Inner extends nn.Module {
  forward(x) {
    return x.log().mul(2)
  }
}

async function nanInBackward() {
  const x = lora.tensor([0, 1], { requiresGrad: true })
  const y = lora.anomaly(() => {
    const y = x.sqrt().mul(lora.tensor([0, 1]))
    y.sum().backward()
    return y
  })
  await y.data()
  await lora.settle()
}

async function nanLoss(world) {
  lora.anomaly(() => {
    const value = world.loss()
    value.mul(-1).log().backward()
  })
  try {
    await world.optimizer.step()
  } finally {
    // When step() reports it at the call, the rest of the queue is still to come, and carries the same failure.
    await lora.settle().catch(() => {})
  }
}
