import * as lora from 'loralib'
import { wrongUses } from '../support/errors.js'

const { nn, DtypeError } = lora
const { functional: F } = nn
const CODE = 'ERR_LORA_DTYPE'

const f32 = (...shape: number[]) => lora.zeros(shape)
const f64 = (...shape: number[]) => lora.zeros(shape, { dtype: 'f64' })
const i64 = (...shape: number[]) => lora.zeros(shape, { dtype: 'i64' })

wrongUses('dtypes', [
  ['f32 and f64 in one operation', () => f32(2).add(f64(2)), DtypeError, CODE, { op: /^add$/, received: /f64/ }],
  ['f32 and f64 in a product', () => f32(2, 2).matmul(f64(2, 2)), DtypeError, CODE, { op: /^matmul$/ }],
  [
    'integers in an f32 layer',
    () => new nn.Linear(2, 2).forward(i64(1, 2)),
    DtypeError,
    CODE,
    { op: /^linear$/, received: /i64/ },
  ],
  [
    'f64 in an f32 LoRA layer',
    () => new lora.Linear(2, 2, { r: 1 }).forward(f64(1, 2)),
    DtypeError,
    CODE,
    { op: /^loraLinear$/ },
  ],
  [
    'fractions as ids',
    () => new nn.Embedding(3, 2).forward(f32(2)),
    DtypeError,
    CODE,
    { op: /^embedding$/, expected: /i64/, received: /f32/, hint: /i64/ },
  ],
  [
    'fractions as ids of a LoRA embedding',
    () => new lora.Embedding(3, 2, { r: 1 }).forward(f32(2)),
    DtypeError,
    CODE,
    { op: /^loraEmbedding$/ },
  ],
  [
    'a gather index of fractions',
    () => f32(2).gather(0, f32(1)),
    DtypeError,
    CODE,
    { op: /^gather$/, expected: /i64/ },
  ],
  [
    'targets as fractions',
    () => F.crossEntropy(f32(2, 3), f32(2)),
    DtypeError,
    CODE,
    { op: /^crossEntropy$/, received: /f32/ },
  ],
  [
    'a mask of numbers in maskedFill',
    () => f32(2).maskedFill(f32(2), 1),
    DtypeError,
    CODE,
    { op: /^maskedFill$/, expected: /bool/ },
  ],
  [
    'a condition of numbers in where',
    () => lora.where(f32(2), f32(2), f32(2)),
    DtypeError,
    CODE,
    { op: /^where/, expected: /bool/ },
  ],
  [
    'a logical operation on numbers',
    () => f32(2).logicalAnd(f32(2)),
    DtypeError,
    CODE,
    { op: /^logicalAnd$/, expected: /bool/ },
  ],
  [
    'an attention mask of integers',
    () => F.scaledDotProductAttention(f32(1, 1, 2, 2), f32(1, 1, 2, 2), f32(1, 1, 2, 2), { mask: i64(2, 2) }),
    DtypeError,
    CODE,
    { op: /^sdpa$/, hint: /bool/ },
  ],
  ['exp of integers', () => i64(2).exp(), DtypeError, CODE, { op: /^exp$/, received: /i64/ }],
  ['softmax of integers', () => i64(2).softmax(0), DtypeError, CODE, { op: /^softmax$/ }],
  ['the mean of integers', () => i64(2).mean(), DtypeError, CODE, { op: /^mean$/ }],
  ['a fraction beside integers', () => i64(2).add(0.5), DtypeError, CODE, { received: /0\.5/, hint: /to\('f32'\)/ }],
  [
    'a fraction as i64',
    () => lora.tensor([1.5], { dtype: 'i64' }),
    DtypeError,
    CODE,
    { received: /1\.5/, hint: /leave the dtype out/ },
  ],
  [
    'an integer beyond 64 bits',
    () => lora.tensor([2n ** 63n]),
    DtypeError,
    CODE,
    { expected: /2\^63/, received: /9223372036854775808/ },
  ],
  [
    'an unsigned integer beyond 63 bits',
    () => lora.tensor(BigUint64Array.of(2n ** 63n)),
    DtypeError,
    CODE,
    { received: /9223372036854775808/ },
  ],
  ['NaN as i64', () => lora.full([1], NaN, { dtype: 'i64' }), DtypeError, CODE, { op: /^full$/, received: /NaN/ }],
  ['ids compared with a fraction', () => i64(2).lt(0.5), DtypeError, CODE, { received: /0\.5/ }],
  ['a mask filled with 2', () => f32(2).gt(0).maskedFill(f32(2).gt(0), 2), DtypeError, CODE, { expected: /0 or 1/ }],
  [
    'a number beyond a byte as u8',
    () => lora.tensor([256], { dtype: 'u8' }),
    DtypeError,
    CODE,
    { expected: /0 to 255/, received: /256/ },
  ],
  [
    'a dtype that there is not',
    () => lora.tensor([1], { dtype: 'float32' as never }),
    DtypeError,
    CODE,
    { expected: /f32/, received: /float32/ },
  ],
  ['a dtype that there is not, in to()', () => f32(1).to('int8' as never), DtypeError, CODE, { received: /int8/ }],
  [
    'a dtype that there is not, in zeros()',
    () => lora.zeros([1], { dtype: 'float' as never }),
    DtypeError,
    CODE,
    { received: /float/ },
  ],
  ['integers that require a gradient', () => i64(2).requiresGrad_(), DtypeError, CODE, { received: /i64/ }],
  [
    'a gradient of another dtype',
    () => f32(2).requiresGrad_().mul(2).backward(f64(2)),
    DtypeError,
    CODE,
    { received: /f64/ },
  ],
  ['a fraction added to integers in place', () => i64(2).add_(0.5), DtypeError, CODE, {}],
  ['integers filled with a fraction', () => i64(2).fill_(0.5), DtypeError, CODE, {}],
])
