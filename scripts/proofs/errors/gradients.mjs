// Gradients where there are none, second derivatives, in-place changes of what backward needs.
import * as lora from 'loralib'
import { rejects, sync } from './judge.mjs'

const { nn, optim } = lora
const leaf = (...values) => lora.tensor(values, { requiresGrad: true })

export const group = 'gradients'
export const cases = [
  ...sync('ERR_LORA_GRAD', [
    ['backward twice', backwardTwice, { op: 'sum', fix: /retainGraph/ }],
    [
      'backward twice through a model',
      modelTwice,
      { op: 'linearCrossEntropy', path: 'GPT2LMHeadModel', fix: /retainGraph/ },
    ],
    ['backward twice through a shared part', sharedTwice, { op: 'exp', fix: /retainGraph/ }],
    ['lora.grad after backward', gradAfterBackward, { fix: /retainGraph/ }],
    ['backward without a graph', () => lora.ones([1]).backward(), { expected: /requiresGrad/ }],
    ['backward of what noGrad made', ({ loss }) => lora.noGrad(loss).backward(), { fix: /noGrad/ }],
    ['backward of a detached loss', ({ loss }) => loss().detach().backward(), { fix: /detach/ }],
    ['backward of several elements', () => leaf(1, 2).mul(2).backward(), { received: /\(2/, fix: /sum\(\)/ }],
    [
      'lora.grad of an input that nothing depends on',
      () => lora.grad(leaf(1).mul(2), [leaf(3)]),
      { fix: /allowUnused/ },
    ],
    ['a leaf changed in place', ({ trained }) => trained[0].add_(1), { op: 'affineInplace', fix: /noGrad/ }],
    ['a view changed in place', viewChanged, { op: 'affineInplace', fix: /clone/ }],
    ['requiresGrad off on a result', () => (leaf(1).mul(2).requiresGrad = false), { fix: /detach/ }],
    ['training on merged weights', trainMerged, { received: /merged/, fix: /unmerge\(\)/, path: 'Linear' }],
    [
      'a Function that gives too few gradients',
      () => TooFew.apply(leaf(1), leaf(2)).backward(),
      { expected: /2/, received: /1/ },
    ],
    ['a Function that changes its input in place', () => ChangesInput.apply(leaf(1).mul(1)), { fix: /clone/ }],
  ]),
  ...sync('ERR_LORA_UNSUPPORTED', [
    ['double backward', ({ loss }) => loss().backward(undefined, { createGraph: true }), { received: /createGraph/ }],
    [
      'double backward through lora.grad',
      ({ loss, trained }) => lora.grad(loss(), [trained[0]], { createGraph: true }),
      { received: /createGraph/ },
    ],
    ['lora.grad through a checkpoint', gradThroughCheckpoint, { fix: /backward\(\)/ }],
  ]),
  ...sync('ERR_LORA_VERSION', [
    ['a saved tensor changed in place', savedChanged, { op: 'exp' }],
    ['a frozen factor changed between forward and backward', factorChanged, { op: 'mul' }],
    ['parameters stepped between forward and backward', steppedBetween, { op: 'square' }],
    ['a frozen weight loaded between forward and backward', loadedBetween, { op: 'linear', path: '1' }],
    ['a checkpoint whose input was changed', checkpointChanged, { fix: /clone/ }],
  ]),
  ...sync('ERR_LORA_NO_GRAD', [
    [
      'a change in place that needs what it overwrites',
      () => leaf(1).mul(2).mul_(leaf(3)),
      { op: 'mulInplace', fix: /underscore/ },
    ],
    ['attention with a trainable mask', trainableMask, { op: 'sdpa', fix: /detach/ }],
  ]),
  ...rejects('ERR_LORA_GRAD', [
    [
      'a gradient that is wrong',
      () => lora.gradcheck((x) => Wrong.apply(x), [lora.tensor([1, 2], { dtype: 'f64', requiresGrad: true })]),
      { received: /./ },
    ],
  ]),
]

class TooFew extends lora.Function {
  static forward(_ctx, a, b) {
    return a.mul(b)
  }
  static backward(_ctx, grad) {
    return [grad]
  }
}

class ChangesInput extends lora.Function {
  static forward(_ctx, a) {
    return a.add_(1)
  }
  static backward(_ctx, grad) {
    return grad
  }
}

class Wrong extends lora.Function {
  static forward(ctx, x) {
    ctx.saveForBackward(x)
    return x.square()
  }
  static backward(ctx, grad) {
    return grad.mul(ctx.savedTensors[0].mul(3))
  }
}

function gradThroughCheckpoint() {
  const x = leaf(1)
  lora.grad(
    lora.checkpoint((t) => t.exp(), x),
    [x],
  )
}

function backwardTwice() {
  const y = leaf(1, 2).square().sum()
  y.backward()
  y.backward()
}

function modelTwice({ loss }) {
  const value = loss()
  value.backward()
  value.backward()
}

function sharedTwice() {
  const y = leaf(1).exp()
  y.mul(2).backward()
  y.mul(3).backward()
}

function gradAfterBackward() {
  const x = leaf(1)
  const y = x.exp()
  y.backward()
  lora.grad(y, [x])
}

function viewChanged() {
  const y = leaf(1, 2).mul(2)
  const view = y.reshape(2, 1)
  y.mul_(2)
  return view
}

function trainMerged() {
  return new lora.Linear(2, 2, { r: 1 }).merge().forward(lora.ones([1, 2]))
}

function savedChanged() {
  const y = leaf(1).exp()
  const z = y.mul(1)
  y.add_(1)
  z.backward()
}

function factorChanged() {
  const factor = lora.ones([1])
  const y = leaf(1).mul(factor)
  factor.fill_(2)
  y.backward()
}

function steppedBetween() {
  const p = nn.parameter(lora.ones([1]))
  const [first, second] = [p.square(), p.square()]
  first.backward()
  new optim.SGD([p], { lr: 0.1 }).step()
  second.backward()
}

function loadedBetween() {
  const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1))
  const loss = model.forward(lora.tensor([[1, 2]], { requiresGrad: true })).sum()
  model.loadStateDict(new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1)).stateDict())
  loss.backward()
}

function checkpointChanged() {
  const x = leaf(1).mul(1)
  const y = lora.checkpoint((t) => t.exp(), x)
  lora.noGrad(() => x.add_(1))
  y.backward()
}

function trainableMask() {
  const q = lora.ones([1, 1, 2, 2])
  const mask = lora.zeros([2, 2], { requiresGrad: true })
  return nn.functional.scaledDotProductAttention(q, q, q, { mask })
}
