// Dtypes and devices that cannot be combined, and numbers that a dtype cannot represent.
import * as lora from 'loralib'
import { sync } from './judge.mjs'

const { nn } = lora
const F = nn.functional
const f32 = (...shape) => lora.zeros(shape)
const f64 = (...shape) => lora.zeros(shape, { dtype: 'f64' })
const i64 = (...shape) => lora.zeros(shape, { dtype: 'i64' })

export const group = 'dtypes and devices'
export const cases = [
  ...sync('ERR_LORA_DTYPE', [
    ['f32 and f64 in one operation', () => f32(2).add(f64(2)), { op: 'add', received: /f64/ }],
    ['f32 and f64 in a product', () => f32(2, 2).matmul(f64(2, 2)), { op: 'matmul' }],
    [
      'integers in an f32 layer',
      () => new nn.Linear(2, 2).forward(i64(1, 2)),
      { op: 'linear', path: 'Linear', received: /i64/ },
    ],
    [
      'f64 in an f32 LoRA layer',
      () => new lora.Linear(2, 2, { r: 1 }).forward(f64(1, 2)),
      { op: 'loraLinear', path: 'Linear' },
    ],
    [
      'fractions as ids',
      () => new nn.Embedding(3, 2).forward(f32(2)),
      { op: 'embedding', path: 'Embedding', received: /f32/ },
    ],
    ['targets as fractions', () => F.crossEntropy(f32(2, 3), f32(2)), { op: 'crossEntropy', received: /f32/ }],
    ['a condition of numbers in where', () => lora.where(f32(2), f32(2), f32(2)), { op: 'where', expected: /bool/ }],
    ['a logical operation on numbers', () => f32(2).logicalAnd(f32(2)), { op: 'logicalAnd' }],
    ['a gather index of fractions', () => f32(2).gather(0, f32(1)), { op: 'gather', expected: /i64/ }],
    ['softmax of integers', () => i64(2).softmax(0), { op: 'softmax' }],
    ['a fraction beside integers', () => i64(2).add(0.5), { received: /0\.5/ }],
    ['a fraction as i64', () => lora.tensor([1.5], { dtype: 'i64' }), { received: /1\.5/ }],
    ['an integer beyond 64 bits', () => lora.tensor([2n ** 63n]), { received: /9223372036854775808/ }],
    ['a number beyond a byte as u8', () => lora.tensor([256], { dtype: 'u8' }), { received: /256/ }],
    [
      'a dtype that there is not',
      () => lora.tensor([1], { dtype: 'float32' }),
      { expected: /f32/, received: /float32/ },
    ],
    ['a dtype that there is not, in to()', () => f32(1).to('int8'), { received: /int8/ }],
    ['integers that require a gradient', () => i64(2).requiresGrad_(), { received: /i64/ }],
    ['a gradient of another dtype', () => f32(2).requiresGrad_().mul(2).backward(f64(2)), { received: /f64/ }],
    ['integers filled with a fraction', () => i64(2).fill_(0.5), { op: 'fillInplace', received: /0\.5/ }],
  ]),
  ...sync('ERR_LORA_DEVICE', [
    [
      'a layer on a device that is not in use',
      () => new nn.Linear(4, 4, { device: 'cuda:0' }),
      { expected: /cpu/, received: /cuda:0/ },
    ],
    [
      'a LoRA layer on a device that there is not',
      () => new lora.Linear(4, 4, { r: 1, device: 'tpu' }),
      { received: /tpu/ },
    ],
    [
      'a tensor on a device that is not in use',
      () => lora.zeros([2], { device: 'cuda' }),
      { expected: /device/, received: /cuda/ },
    ],
    [
      'a tensor moved to a device that is not in use',
      () => f32(2).to('cuda'),
      { expected: /device/, received: /cuda/ },
    ],
  ]),
]
