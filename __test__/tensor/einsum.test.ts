import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, same, wave } from '../support/close.js'
import { gradientsMeetDifferences } from '../support/gradients.js'

const make = (shape: number[], step = 0.7): Tensor =>
  lora.tensor(
    Float64Array.from(
      wave(
        shape.reduce((n, d) => n * d, 1),
        step,
      ),
    ),
    { shape },
  )

/** The definition: one loop over all letters. */
async function slow(equation: string, ...operands: Tensor[]): Promise<number[]> {
  const [left, right] = equation.split('->') as [string, string]
  const terms = left.split(',')
  const size: Record<string, number> = {}
  terms.forEach((term, k) =>
    [...term].forEach((name, i) => (size[name] = Math.max(size[name] ?? 0, operands[k]!.shape[i]!))),
  )
  const data = await Promise.all(operands.map(async (x) => Array.from((await x.data()) as Float64Array)))
  const names = [...right, ...Object.keys(size).filter((name) => !right.includes(name))]
  const result = new Array<number>([...right].reduce((n, name) => n * size[name]!, 1)).fill(0)
  const place = (term: string, shape: readonly number[], at: Record<string, number>): number =>
    [...term].reduce((p, name, i) => p * shape[i]! + (shape[i] === 1 ? 0 : at[name]!), 0)
  const walk = (depth: number, at: Record<string, number>): void => {
    if (depth < names.length) {
      for (let i = 0; i < size[names[depth]!]!; i++) walk(depth + 1, { ...at, [names[depth]!]: i })
      return
    }
    const product = terms.reduce((p, term, k) => p * data[k]![place(term, operands[k]!.shape, at)]!, 1)
    result[
      place(
        right,
        [...right].map((name) => size[name]!),
        at,
      )
    ]! += product
  }
  walk(0, {})
  return result
}

const CASES: [string, number[][]][] = [
  [
    'ij,jk->ik',
    [
      [2, 3],
      [3, 4],
    ],
  ],
  [
    'ij,kj->ik',
    [
      [2, 3],
      [4, 3],
    ],
  ],
  [
    'bij,bjk->bik',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
  ],
  [
    'bhqd,bhkd->bhqk',
    [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
    ],
  ],
  ['ij->ji', [[2, 3]]],
  ['ij->', [[2, 3]]],
  ['ij->j', [[2, 3]]],
  ['ii->i', [[3, 3]]],
  ['ii->', [[3, 3]]],
  ['iji->j', [[2, 3, 2]]],
  ['i,j->ij', [[2], [3]]],
  ['i,i->', [[3], [3]]],
  [
    'ij,ij->ij',
    [
      [2, 3],
      [2, 3],
    ],
  ],
  [
    'ij,ij->',
    [
      [2, 3],
      [2, 3],
    ],
  ],
  [
    'ab,bc,cd->ad',
    [
      [2, 3],
      [3, 4],
      [4, 2],
    ],
  ],
  [
    'ab,bc,ca->',
    [
      [2, 3],
      [3, 4],
      [4, 2],
    ],
  ],
  ['i,ij,j->', [[2], [2, 3], [3]]],
  [
    'ik,jkl,il->ij',
    [
      [2, 3],
      [4, 3, 2],
      [2, 2],
    ],
  ],
  ['ij,k->', [[2, 3], [4]]],
  [
    'ij,jk->kij',
    [
      [2, 1],
      [3, 4],
    ],
  ],
  [
    'ij,jk->ik',
    [
      [2, 1],
      [3, 4],
    ],
  ],
  ['aab,b->a', [[2, 2, 3], [3]]],
]

for (const [equation, shapes] of CASES) {
  test(`einsum: ${equation} of ${shapes.map((s) => `(${s.join()})`).join(' ')} meets its definition, and its gradients`, async (t) => {
    const operands = shapes.map((shape, i) => make(shape, 0.7 + i))
    await close(t, lora.einsum(equation, ...operands), await slow(equation, ...operands), 'f64')
    const inputs = shapes.map((shape, i) => ({
      values: wave(
        shape.reduce((n, d) => n * d, 1),
        0.7 + i,
      ),
      shape,
    }))
    await gradientsMeetDifferences(t, (...x) => lora.einsum(equation, ...x), inputs)
  })
}

test('einsum: an ellipsis, broadcast; results without an arrow; a list of operands; spaces', async (t) => {
  const [a, b] = [make([2, 1, 3, 4]), make([5, 4, 2], 1.1)]
  const want = a.matmul(b)
  t.deepEqual(lora.einsum('...ij,...jk->...ik', a, b).shape, [2, 5, 3, 2])
  await close(t, lora.einsum('...ij,...jk->...ik', a, b), want, 'f64')
  await close(t, lora.einsum('...ij,...jk', [a, b]), want, 'f64')
  await close(t, lora.einsum(' b a ', make([2, 3])), make([2, 3]).t(), 'f64')
  await close(t, lora.einsum('...i->...', a), a.sum(-1), 'f64')
  await close(t, lora.einsum('i...->i', a), a.sum([1, 2, 3]), 'f64')
  await close(t, lora.einsum('ii', make([3, 3])), make([3, 3]).diagonal().sum(), 'f64')
})

test('einsum: integers', async (t) => {
  const [a, b] = [lora.arange(6).reshape(2, 3), lora.arange(6).reshape(3, 2)]
  const product = lora.einsum('ij,jk->ik', a, b)
  t.is(product.dtype, 'i64')
  await same(t, product, [10, 13, 28, 40])
})

test('einsum: equations that cannot be', (t) => {
  const [m, v] = [lora.ones([2, 3]), lora.ones([4])]
  const fails = (
    equation: string,
    instanceOf: typeof lora.OptionError | typeof lora.ShapeError,
    message: RegExp,
  ): void => {
    t.throws(() => lora.einsum(equation, m, v), { instanceOf, message })
  }
  fails('ij', lora.OptionError, /2 terms/)
  fails('ij,k->ij->k', lora.OptionError, /one '->'/)
  fails('i1,k->i', lora.OptionError, /letters/)
  fails('......,k', lora.OptionError, /once in each term/)
  fails('ij,k->l', lora.OptionError, /letters of the operands/)
  fails('ij,k->ii', lora.OptionError, /i twice/)
  fails('i,k->i', lora.ShapeError, /operand 0 and its term differ/)
  fails('ij,j->i', lora.ShapeError, /sizes of j differ/)
  fails('ii,k->i', lora.ShapeError, /sizes of i differ/)
})
