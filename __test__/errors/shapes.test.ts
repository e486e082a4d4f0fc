import * as lora from 'loralib'
import { wrongUses } from '../support/errors.js'

const { nn } = lora
const { functional: F } = nn
const { ShapeError } = lora

const of = (...shape: number[]) => lora.zeros(shape)
const ids = (...shape: number[]) => lora.zeros(shape, { dtype: 'i64' })
const CODE = 'ERR_LORA_SHAPE'

class Block extends nn.Module {
  proj = new lora.Linear(4, 3, { r: 2 })
  norm = new nn.LayerNorm(3)
  override forward(x: lora.Tensor): lora.Tensor {
    return this.norm.forward(this.proj.forward(x))
  }
}

class Stack extends nn.Module {
  h = [new Block(), new Block()]
  override forward(x: lora.Tensor): lora.Tensor {
    return this.h.reduce((y, block) => block.forward(y), x)
  }
}

wrongUses('shapes of operations', [
  [
    'sizes that do not broadcast',
    () => of(2, 3).add(of(4)),
    ShapeError,
    CODE,
    { op: /^add$/, received: /\(2, 3\).*\(4/ },
  ],
  ['a comparison that does not broadcast', () => of(2, 3).lt(of(2, 2)), ShapeError, CODE, { op: /^lt$/ }],
  [
    'a product whose inner sizes differ',
    () => of(2, 3).matmul(of(4, 5)),
    ShapeError,
    CODE,
    { op: /^matmul$/, received: /\(2, 3\).*\(4, 5\)/ },
  ],
  ['a product whose batches differ', () => of(2, 3, 4).matmul(of(3, 4, 5)), ShapeError, CODE, { op: /^matmul$/ }],
  ['a product with a scalar', () => of(2, 3).matmul(of()), ShapeError, CODE, { op: /^matmul$/ }],
  [
    'a reshape that loses elements',
    () => of(2, 3).reshape(4),
    ShapeError,
    CODE,
    { op: /^reshape$/, expected: /6 elements/ },
  ],
  ['a reshape with two open sizes', () => of(2, 3).reshape(-1, -1), ShapeError, CODE, { op: /^reshape$/ }],
  [
    'an order that names a dimension twice',
    () => of(2, 3).permute(0, 0),
    ShapeError,
    CODE,
    { op: /^permute$/, received: /\(2, 3\)/ },
  ],
  ['an expand of a size other than 1', () => of(2, 3).expand(4, 3), ShapeError, CODE, { op: /^expand$/ }],
  ['cat of other sizes', () => lora.cat([of(2, 3), of(2, 4)]), ShapeError, CODE, { op: /^cat$/ }],
  ['nothing to join', () => lora.cat([]), ShapeError, CODE, { op: /^cat$/, received: /empty list/ }],
  ['stack of other shapes', () => lora.stack([of(2), of(3)]), ShapeError, CODE, { op: /^cat$/ }],
  [
    'split sizes that do not add up',
    () => of(5).split([2, 2]),
    ShapeError,
    CODE,
    { expected: /sum of 5/, received: /2, 2/ },
  ],
  ['pieces of size 0', () => of(4).split(0), ShapeError, CODE, { received: /^0$/ }],
  ['pieces of negative size', () => of(4).split([5, -1]), ShapeError, CODE, { received: /5, -1/ }],
  ['slices of a scalar', () => of().unbind(), ShapeError, CODE, { expected: /at least one dimension/ }],
  [
    'a gather index of another shape',
    () => of(2, 3).gather(1, ids(3, 1)),
    ShapeError,
    CODE,
    { op: /^gather$/, hint: /indexSelect/ },
  ],
  [
    'an indexSelect index with two dimensions',
    () => of(2, 3).indexSelect(0, ids(1, 1)),
    ShapeError,
    CODE,
    { op: /^indexSelect$/, hint: /gather/ },
  ],
  [
    'a scatterAdd whose source differs from its index',
    () => of(2, 3).scatterAdd(0, ids(1, 3), of(2, 3)),
    ShapeError,
    CODE,
    { op: /^scatterAdd$/ },
  ],
  [
    'where with a condition that does not broadcast',
    () => lora.where(of(2).gt(0), of(3), of(3)),
    ShapeError,
    CODE,
    { op: /^where/ },
  ],
  [
    'a mask that does not broadcast',
    () => of(2, 3).maskedFill(of(2).gt(0), 1),
    ShapeError,
    CODE,
    { op: /^maskedFill$/ },
  ],
  ['an in-place result larger than the tensor', () => of(3).add_(of(2, 3)), ShapeError, CODE, { op: /^addInplace$/ }],
  ['copy_ of another shape', () => of(3).copy_(of(2)), ShapeError, CODE, { op: /^copyInplace$/ }],
  ['the largest of nothing', () => of(0).max(), ShapeError, CODE, { op: /^amax$/, expected: /at least one element/ }],
  ['argmax of nothing', () => of(2, 0).argmax(1), ShapeError, CODE, { op: /^argmax$/ }],
  ['t() of three dimensions', () => of(1, 2, 3).t(), ShapeError, CODE, { received: /\(1, 2, 3\)/, hint: /transpose/ }],
  [
    'item() of several elements',
    () => of(2).item(),
    ShapeError,
    CODE,
    { received: /\(2\)/, hint: /data\(\)/, at: 'await' },
  ],
  ['a negative size', () => of(-1), ShapeError, CODE, { op: /^full$/, received: /-1/ }],
  ['a size that is no whole number', () => of(1.5), ShapeError, CODE, { op: /^full$/, received: /1\.5/ }],
  [
    'nested arrays of unequal lengths',
    () => lora.tensor([[1, 2], [3]]),
    ShapeError,
    CODE,
    { expected: /equal lengths/, received: /length of 1/ },
  ],
  [
    'nested arrays of unequal depth',
    () => lora.tensor([1, [2]] as never),
    ShapeError,
    CODE,
    { received: /length of 1|depth/ },
  ],
  ['text among numbers', () => lora.tensor([1, '2'] as never), ShapeError, CODE, { received: /2 at depth 1/ }],
  [
    'numbers that do not fill the shape',
    () => lora.tensor([1, 2, 3], { shape: [2, 2] }),
    ShapeError,
    CODE,
    { expected: /\(2, 2\)/, received: /3 numbers/ },
  ],
  [
    'a typed array that does not fill the shape',
    () => lora.tensor(new Float32Array(3), { shape: [2] }),
    ShapeError,
    CODE,
    { expected: /2 numbers/ },
  ],
])

wrongUses('shapes of layers', [
  [
    'nn.Linear: another width',
    () => new nn.Linear(4, 3).forward(of(2, 5)),
    ShapeError,
    CODE,
    { op: /^linear$/, path: /^Linear$/, received: /\(2, 5\)/ },
  ],
  [
    'nn.TransposedLinear: another width',
    () => new nn.TransposedLinear(4, 3).forward(of(2, 5)),
    ShapeError,
    CODE,
    { op: /^linear$/ },
  ],
  [
    'functional.linear: a bias of another length',
    () => F.linear(of(2, 4), of(3, 4), of(4)),
    ShapeError,
    CODE,
    { op: /^linear$/ },
  ],
  [
    'lora.Linear: another width',
    () => new lora.Linear(4, 3, { r: 2 }).forward(of(2, 5)),
    ShapeError,
    CODE,
    { op: /^loraLinear$/, received: /\(2, 5\)/ },
  ],
  [
    'lora.MergedLinear: another width',
    () => new lora.MergedLinear(4, 6, { r: 2, enableLora: [true, false] }).forward(of(5)),
    ShapeError,
    CODE,
    { op: /^loraLinear$/ },
  ],
  [
    'a layer deep in a model: its path',
    () => new Stack().forward(of(2, 4)),
    ShapeError,
    CODE,
    { op: /^loraLinear$/, path: /^h\.1\.proj$/, received: /\(2, 3\)/ },
  ],
  [
    'nn.LayerNorm: another width',
    () => new nn.LayerNorm(4).forward(of(2, 5)),
    ShapeError,
    CODE,
    { expected: /4/, received: /\(2, 5\)/ },
  ],
  ['nn.RMSNorm: another width', () => new nn.RMSNorm(4).forward(of(2, 5)), ShapeError, CODE, { received: /\(2, 5\)/ }],
  [
    'functional.layerNorm: a weight of another length',
    () => F.layerNorm(of(2, 4), 4, of(3)),
    ShapeError,
    CODE,
    { op: /^layerNorm$/ },
  ],
  [
    'attention: three dimensions',
    () => F.scaledDotProductAttention(of(2, 3, 4), of(2, 3, 4), of(2, 3, 4)),
    ShapeError,
    CODE,
    { expected: /B, H, T, D/, hint: /reshape/ },
  ],
  [
    'attention: keys and values differ',
    () => F.scaledDotProductAttention(of(1, 2, 3, 4), of(1, 2, 5, 4), of(1, 2, 6, 4)),
    ShapeError,
    CODE,
    { op: /^sdpa$/ },
  ],
  [
    'attention: a mask that does not broadcast',
    () => F.scaledDotProductAttention(of(1, 2, 3, 4), of(1, 2, 3, 4), of(1, 2, 3, 4), { mask: of(2, 2).gt(0) }),
    ShapeError,
    CODE,
    { op: /^sdpa$/ },
  ],
  [
    'attention: heads that share keys unevenly',
    () => F.scaledDotProductAttention(of(1, 3, 3, 4), of(1, 2, 3, 4), of(1, 2, 3, 4), { enableGqa: true }),
    ShapeError,
    CODE,
    { op: /^sdpa$/, hint: /evenly/ },
  ],
  [
    'crossEntropy: classes last',
    () => F.crossEntropy(of(2, 3, 7), ids(2, 3)),
    ShapeError,
    CODE,
    { hint: /classes are last/ },
  ],
  ['crossEntropy: too few targets', () => F.crossEntropy(of(4, 7), ids(3)), ShapeError, CODE, { received: /\(4, 7\)/ }],
  [
    'crossEntropy: class weights of another length',
    () => F.crossEntropy(of(4, 7), ids(4), { weight: of(6) }),
    ShapeError,
    CODE,
    { op: /^crossEntropy$/ },
  ],
  [
    'crossEntropy: token weights of another shape',
    () => F.crossEntropy(of(4, 7), ids(4), { tokenWeights: of(3) }),
    ShapeError,
    CODE,
    { expected: /\(4\)/ },
  ],
  [
    'mseLoss: shapes that would broadcast',
    () => F.mseLoss(of(4, 1), of(4)),
    ShapeError,
    CODE,
    { received: /\(4, 1\)/, hint: /expand/ },
  ],
  ['klDiv: other shapes', () => F.klDiv(of(4, 2), of(2, 4)), ShapeError, CODE, { expected: /\(4, 2\)/ }],
])
