// Einstein summation: parse the equation, take diagonals, then contract one operand after the other.
import { OptionError, ShapeError } from '../errors.js'
import { upTo } from './host.js'
import type { Tensor } from './tensor.js'

/** A tensor whose dimensions have distinct names. Those of an ellipsis are named …, '.1', '.0', counted from the last one. */
interface Named {
  readonly x: Tensor
  readonly names: readonly string[]
}

/**
 * The sum of products that an equation describes: `'bij,bjk->bik'` is a batch of matrix products.
 *
 * Each letter names a dimension; dimensions of one letter have equal sizes, or size 1. A letter that occurs twice in one operand takes its diagonal.
 * Letters that are not in the result are summed over. `...` means all other dimensions, which are broadcast. Without `->`, the result has the
 * dimensions of `...`, then the letters that occur once, in alphabetical order (capitals first).
 *
 * Operands are contracted from left to right, by one matrix product each.
 * @example
 * lora.einsum('bhqd,bhkd->bhqk', q, k)   // attention scores
 * lora.einsum('ii', x)                   // trace
 * @throws {OptionError} for an invalid equation; {@link ShapeError} when it does not fit the operands.
 */
export function einsum(equation: string, ...operands: Tensor[] | [readonly Tensor[]]): Tensor {
  const tensors: readonly Tensor[] = Array.isArray(operands[0]) ? operands[0] : (operands as Tensor[])
  const { inputs, output } = parse(equation, tensors)
  const named = tensors.map((x, i) => diagonal(equation, x, inputs[i]!))
  checkSizes(equation, named)
  let result = named[0]!
  for (let i = 1; i < named.length; i++) {
    const later = new Set([...output, ...named.slice(i + 1).flatMap(({ names }) => names)])
    result = contract(result, named[i]!, later)
  }
  return arrange(summed(result, new Set(output)), output)
}

// ---- reading the equation ---------------------------------------------------------------------------------------------

function parse(equation: string, tensors: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const [left, right, more] = equation.replaceAll(' ', '').split('->')
  if (left === undefined || more !== undefined) throw unreadable(equation, "at most one '->'")
  const terms = left.split(',').map((term) => letters(equation, term))
  if (terms.length !== tensors.length) {
    throw unreadable(equation, `${tensors.length} terms, one for each operand`, `${terms.length} terms`)
  }
  const spans = terms.map((term, i) => ellipsisRank(equation, term, tensors[i]!, i))
  const inputs = terms.map((term, i) => spread(term, spans[i]!))
  const widest = Math.max(0, ...spans)
  if (right === undefined) return { inputs, output: [...dots(widest), ...once(inputs)] }
  const output = spread(letters(equation, right), widest)
  const known = new Set(inputs.flat())
  output.forEach((name, i) => {
    if (output.indexOf(name) < i) throw unreadable(equation, 'each letter of the result once', `${name} twice`)
    if (!known.has(name)) throw unreadable(equation, 'letters of the operands in the result', name)
  })
  return { inputs, output }
}

/** The letters of a term; an ellipsis is one item. */
function letters(equation: string, term: string): string[] {
  const items = term.match(/\.\.\.|[A-Za-z]/g) ?? []
  if (items.join('') !== term || items.filter((item) => item === '...').length > 1) {
    throw unreadable(equation, "letters, and '...' once in each term", term)
  }
  return items
}

function ellipsisRank(equation: string, term: readonly string[], x: Tensor, i: number): number {
  const named = term.filter((item) => item !== '...').length
  const open = term.length > named
  if (open ? x.ndim >= named : x.ndim === named) return open ? x.ndim - named : 0
  throw new ShapeError({
    what: `einsum '${equation}': operand ${i} and its term differ in the number of dimensions`,
    expected: `${named}${open ? ' or more' : ''} dimensions, from '${term.join('')}'`,
    received: `shape (${x.shape.join(', ')})`,
    fix: "use '...' for dimensions without a letter",
  })
}

const dots = (rank: number): string[] =>
  upTo(rank)
    .toReversed()
    .map((i) => `.${i}`)

const spread = (term: readonly string[], rank: number): string[] =>
  term.flatMap((item) => (item === '...' ? dots(rank) : item))

function once(inputs: readonly string[][]): string[] {
  const all = inputs.flat().filter((name) => !name.startsWith('.'))
  return all.filter((name) => all.indexOf(name) === all.lastIndexOf(name)).toSorted()
}

function unreadable(equation: string, expected: string, received = equation): OptionError {
  return new OptionError({
    what: `einsum: the equation '${equation}' is not usable`,
    expected,
    received,
    fix: "write it like 'bij,bjk->bik'",
  })
}

// ---- contracting ------------------------------------------------------------------------------------------------------

/** The tensor with distinct names: for a letter that occurs twice, the diagonal of its two dimensions. */
function diagonal(equation: string, x: Tensor, term: readonly string[]): Named {
  let [y, names] = [x, [...term]]
  for (const name of new Set(term)) {
    for (let first = names.indexOf(name); first < names.lastIndexOf(name); first = names.indexOf(name)) {
      const second = names.indexOf(name, first + 1)
      if (y.shape[first] !== y.shape[second]) throw sizesDiffer(equation, name, [y.shape[first]!, y.shape[second]!])
      y = y.diagonal(0, first, second)
      names = [...names.filter((_, i) => i !== first && i !== second), name]
    }
  }
  return { x: y, names }
}

function checkSizes(equation: string, operands: readonly Named[]): void {
  for (const name of new Set(operands.flatMap(({ names }) => names))) {
    const sizes = operands.filter(({ names }) => names.includes(name)).map((named) => sizeOf(named, name))
    if (new Set(sizes.filter((size) => size !== 1)).size > 1) throw sizesDiffer(equation, name, sizes)
  }
}

function sizesDiffer(equation: string, name: string, sizes: readonly number[]): ShapeError {
  return new ShapeError({
    what: `einsum '${equation}': the sizes of ${name.startsWith('.') ? 'the ellipsis' : name} differ`,
    expected: 'one size, or 1',
    received: sizes.join(', '),
    fix: 'one letter means one size: use another letter, or transpose or reshape an operand',
  })
}

const sizeOf = ({ x, names }: Named, name: string): number => x.shape[names.indexOf(name)]!

/** Contracts two operands into one, with the names that are needed later. */
function contract(left: Named, right: Named, later: ReadonlySet<string>): Named {
  const [a, b] = [narrowed(left, right), narrowed(right, left)]
  const p = summed(a, new Set([...b.names, ...later]))
  const q = summed(b, new Set([...a.names, ...later]))
  const rows = p.names.filter((name) => !q.names.includes(name))
  const columns = q.names.filter((name) => !p.names.includes(name))
  const both = p.names.filter((name) => q.names.includes(name))
  const batch = both.filter((name) => later.has(name))
  const inner = both.filter((name) => !later.has(name))
  const names = [...batch, ...rows, ...columns]
  const sizes = [
    ...batch.map((n) => sizeOf(p, n)),
    ...rows.map((n) => sizeOf(p, n)),
    ...columns.map((n) => sizeOf(q, n)),
  ]
  const [x, y] = [arrange(p, [...batch, ...rows, ...inner]), arrange(q, [...batch, ...inner, ...columns])]
  const count = (tensor: Named, list: readonly string[]): number =>
    list.reduce((n, name) => n * sizeOf(tensor, name), 1)
  const [groups, n, k, m] = [count(p, batch), count(p, rows), count(p, inner), count(q, columns)]
  if (inner.length > 0 && floats(p.x)) {
    return {
      x: x
        .reshape(groups, n, k)
        .matmul(y.reshape(groups, k, m))
        .reshape(sizes),
      names,
    }
  }
  // Nothing to sum, or integers, which have no matrix product.
  const products = x.reshape(groups, n, k, 1).mul(y.reshape(groups, 1, k, m))
  return { x: (inner.length > 0 ? products.sum(2) : products).reshape(sizes), names }
}

/** Drops dimensions of size 1 that are larger in the other operand. */
function narrowed(own: Named, other: Named): Named {
  const small = (name: string): boolean =>
    sizeOf(own, name) === 1 && other.names.includes(name) && sizeOf(other, name) !== 1
  const names = own.names.filter((name) => !small(name))
  if (names.length === own.names.length) return own
  return { x: own.x.reshape(names.map((name) => sizeOf(own, name))), names }
}

/** Sums over the dimensions whose names are not needed. */
function summed({ x, names }: Named, needed: ReadonlySet<string>): Named {
  const gone = names.flatMap((name, i) => (needed.has(name) ? [] : [i]))
  if (gone.length === 0) return { x, names }
  return { x: x.sum(gone), names: names.filter((name) => needed.has(name)) }
}

/** Permutes the dimensions into the order of these names. */
function arrange({ x, names }: Named, order: readonly string[]): Tensor {
  if (order.join() === names.join()) return x
  return x.permute(order.map((name) => names.indexOf(name)))
}

function floats(x: Tensor): boolean {
  return x.dtype !== 'i64' && x.dtype !== 'u8' && x.dtype !== 'bool'
}
