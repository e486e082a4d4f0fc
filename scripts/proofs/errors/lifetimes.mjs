// Tensors after their end, and async functions where state could leak into others.
import * as lora from 'loralib'
import { rejects, sync } from './judge.mjs'

const { nn, optim } = lora
const leaf = (...values) => lora.tensor(values, { requiresGrad: true })

class Leaky extends nn.Module {
  proj = new nn.Linear(2, 2)
  forward(x, seen) {
    const y = this.proj.forward(x)
    seen(y)
    return y.mul(2)
  }
}

class Async extends nn.Module {
  async forward(x) {
    return x
  }
}

class Promised extends nn.Module {
  forward(x) {
    return Promise.resolve(x.mul(2))
  }
}

class AsyncFunction extends lora.Function {
  static async forward(_ctx, x) {
    return x.mul(2)
  }
  static backward(_ctx, grad) {
    return grad
  }
}

class AsyncBackward extends lora.Function {
  static forward(_ctx, x) {
    return x.mul(2)
  }
  static async backward(_ctx, grad) {
    return grad
  }
}

export const group = 'disposed tensors and async functions'
export const cases = [
  ...sync('ERR_LORA_DISPOSED', [
    ['an operation', () => gone().add(1), { fix: /clone\(\)/ }],
    ['an operation, as the second operand', () => lora.ones([2]).add(gone())],
    ['an operation in place', () => gone().add_(1)],
    ['its gradient', () => gone().grad],
    ['backward', () => gone().backward()],
    ['a state dict to load', () => new nn.Linear(2, 2).loadStateDict({ weight: lora.ones([2, 2]), bias: gone() })],
    ['a parameter whose step comes', stepWithout],
    ['what a forward left behind', () => released().add(1), { what: /Leaky\.forward/, fix: /lora\.keep/ }],
    ['what a scope left behind', () => outOfScope().add(1), { what: /scope\(\)/, fix: /lora\.keep/ }],
    ['what a Function left behind', () => outOfFunction().add(1), { fix: /lora\.keep/ }],
  ]),
  ...rejects('ERR_LORA_DISPOSED', [
    ['its values', () => gone().data()],
    ['a file', () => lora.save({ x: gone() }, '/nowhere/x.safetensors')],
  ]),
  ...sync('ERR_LORA_ASYNC', [
    ['in noGrad', () => lora.noGrad(async () => 1), { what: /noGrad/ }],
    ['in enableGrad', () => lora.enableGrad(async () => 1), { what: /enableGrad/ }],
    ['in scope', () => lora.scope(async () => lora.ones([1])), { what: /scope/ }],
    ['in anomaly', () => lora.anomaly(async () => 1), { what: /anomaly/ }],
    ['in checkpoint', () => lora.checkpoint(async (x) => x, leaf(1)), { what: /checkpoint/ }],
    [
      'in checkpoint, without gradients',
      () => lora.noGrad(() => lora.checkpoint(async (x) => x, leaf(1))),
      { what: /checkpoint/ },
    ],
    ['as forward', () => new Async(), { what: /Async/ }],
    ['behind a forward that returns a promise', () => new Promised().forward(leaf(1)), { what: /Promised\.forward/ }],
    ['as the forward of a Function', () => AsyncFunction.apply(leaf(1)), { what: /AsyncFunction/ }],
    ['as the backward of a Function', () => AsyncBackward.apply(leaf(1)).backward(), { what: /AsyncBackward/ }],
    ['as a gradient hook', asHook, { what: /hook/ }],
    ['that throws by itself, in noGrad', throwing, { what: /noGrad/ }],
    [
      'in a plain loop over an async dataset',
      () => [...new lora.DataLoader({ length: 1, get: async () => 1 })],
      { fix: /for await/ },
    ],
  ]),
]

function gone() {
  const tensor = lora.ones([2])
  tensor.dispose()
  tensor.dispose()
  return tensor
}

function released() {
  let inner
  new Leaky().forward(lora.ones([1, 2]), (y) => (inner = y))
  return inner
}

function outOfScope() {
  let inner
  lora.scope(() => {
    inner = lora.ones([2])
  })
  return inner
}

function outOfFunction() {
  let inner
  class Inner extends lora.Function {
    static forward(_ctx, x) {
      inner = x.mul(2)
      return inner.mul(2)
    }
    static backward(_ctx, grad) {
      return grad
    }
  }
  Inner.apply(leaf(1))
  return inner
}

function stepWithout() {
  const p = nn.parameter(lora.ones([1]))
  const optimizer = new optim.SGD([p], { lr: 1 })
  p.square().backward()
  p.dispose()
  optimizer.step()
}

function asHook() {
  const x = leaf(1)
  const y = x.mul(2)
  y.registerHook(async (grad) => grad)
  y.backward()
}

function throwing() {
  return lora.noGrad(async () => {
    throw new Error('of its own')
  })
}
