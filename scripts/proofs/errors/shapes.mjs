// Shapes that do not fit: known without the data, so the error is thrown at the line that caused it.
import * as lora from 'loralib'
import { sync } from './judge.mjs'

const { nn } = lora
const F = nn.functional
const of = (...shape) => lora.zeros(shape)
const ids = (...shape) => lora.zeros(shape, { dtype: 'i64' })

class Block extends nn.Module {
  proj = new lora.Linear(4, 3, { r: 2 })
  norm = new nn.LayerNorm(3)
  forward(x) {
    return this.norm.forward(this.proj.forward(x))
  }
}

class Stack extends nn.Module {
  h = [new Block(), new Block()]
  forward(x) {
    return this.h.reduce((y, block) => block.forward(y), x)
  }
}

export const group = 'shapes'
export const cases = sync('ERR_LORA_SHAPE', [
  ['sizes that do not broadcast', () => of(2, 3).add(of(4)), { op: 'add', received: /\(2, 3\).*\(4/ }],
  [
    'a product whose inner sizes differ',
    () => of(2, 3).matmul(of(4, 5)),
    { op: 'matmul', received: /\(2, 3\).*\(4, 5\)/ },
  ],
  ['a product whose batches differ', () => of(2, 3, 4).matmul(of(3, 4, 5)), { op: 'matmul' }],
  ['a reshape that loses elements', () => of(2, 3).reshape(4), { op: 'reshape', expected: /6 elements/ }],
  ['an expand of a size other than 1', () => of(2, 3).expand(4, 3), { op: 'expand' }],
  ['cat of other sizes', () => lora.cat([of(2, 3), of(2, 4)]), { op: 'cat' }],
  ['stack of other shapes', () => lora.stack([of(2), of(3)]), { op: 'cat' }],
  ['nothing to join', () => lora.cat([]), { op: 'cat', received: /empty/ }],
  ['split sizes that do not add up', () => of(5).split([2, 2]), { received: /2, 2/ }],
  ['a gather index of another shape', () => of(2, 3).gather(1, ids(3, 1)), { op: 'gather', fix: /indexSelect/ }],
  ['a mask that does not broadcast', () => of(2, 3).maskedFill(of(2).gt(0), 1), { op: 'maskedFill' }],
  ['copy_ of another shape', () => of(3).copy_(of(2)), { op: 'copyInplace' }],
  ['nested arrays of unequal lengths', () => lora.tensor([[1, 2], [3]]), { expected: /equal lengths/ }],
  [
    'a typed array that does not fill its shape',
    () => lora.tensor(new Float32Array(3), { shape: [2] }),
    { received: /3/ },
  ],
  ['a negative size', () => of(-1), { op: 'full', received: /-1/ }],
  ['an equation that does not fit', () => lora.einsum('ij,jk->ik', of(2, 3), of(4, 5)), { received: /3|4/ }],
  [
    'a layer of another width, deep in a model',
    () => new Stack().forward(of(2, 4)),
    { op: 'loraLinear', path: 'h.1.proj', received: /\(2, 3\)/ },
  ],
  ['nn.Linear: another width', () => new nn.Linear(4, 3).forward(of(2, 5)), { op: 'linear', path: 'Linear' }],
  ['nn.LayerNorm: another width', () => new nn.LayerNorm(4).forward(of(2, 5)), { path: 'LayerNorm' }],
  [
    'nn.Conv2d: another number of channels',
    () => new nn.Conv2d(3, 4, 3).forward(of(1, 2, 8, 8)),
    { op: 'conv', path: 'Conv2d' },
  ],
  [
    'nn.Conv1d: a kernel larger than the input',
    () => new nn.Conv1d(1, 1, 5).forward(of(1, 1, 3)),
    { op: 'conv', path: 'Conv1d' },
  ],
  [
    'attention: keys and values differ',
    () => F.scaledDotProductAttention(of(1, 2, 3, 4), of(1, 2, 5, 4), of(1, 2, 6, 4)),
    { op: 'sdpa' },
  ],
  ['crossEntropy: too few targets', () => F.crossEntropy(of(4, 7), ids(3)), {}],
  ['mseLoss: shapes that would broadcast', () => F.mseLoss(of(4, 1), of(4)), { fix: /expand/ }],
  ['a gradient of another shape', ({ trained }) => (trained[0].grad = of(1)), {}],
])
