// A forward in which each row of the batch has its own adapter.
import { ShapeError, UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { cat, tensor } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { withAdapters } from './active.js'
import type { RowAdapters } from './active.js'
import type { Factors } from './factors.js'

/** Tokens that belong to one adapter: their indexes among all of a tensor, ascending. */
export interface TokensOf {
  /** Null for the base alone. */
  readonly name: string | null
  readonly tokens: readonly number[]
}

/** How many tokens of a tensor each row has; `lead` are its sizes without the channels. */
function tokenCounts(owner: string, lead: readonly number[], rows: RowAdapters): readonly number[] {
  const total = lead.reduce((product, size) => product * size, 1)
  const { names, counts } = rows
  if (counts === null) {
    if (lead.length > 0 && lead[0] === names.length) return names.map(() => total / names.length)
    throw unknownRows(owner, lead, `(${names.length}, …), a place for each row first`)
  }
  const sum = counts.reduce((a, b) => a + b, 0)
  if (sum === total) return counts
  // The first tokens of the rows, which an encoder reads of a packed batch.
  if (total === names.length && counts.every((count) => count > 0)) return names.map(() => 1)
  throw unknownRows(owner, lead, `${sum} tokens, those of the ${names.length} rows`)
}

/** Runs of tokens with one adapter, `start, length, index` each; `indexOf` gives a name's index, or −1 for one without an update here. */
export function segmentsOf(
  owner: string,
  lead: readonly number[],
  rows: RowAdapters,
  indexOf: (name: string) => number,
): number[] {
  const segments: number[] = []
  let start = 0
  for (const [row, count] of tokenCounts(owner, lead, rows).entries()) {
    const name = rows.names[row]!
    const index = name === null ? -1 : indexOf(name)
    const last = segments.length - 3
    if (index >= 0 && count > 0) {
      if (last >= 0 && segments[last + 2] === index && start === segments[last]! + segments[last + 1]!)
        segments[last + 1]! += count
      else segments.push(start, count, index)
    }
    start += count
  }
  return segments
}

/**
 * The dense layer of a batch whose rows have these updates, in one operation: the product with the weight is computed once for all rows.
 * @param segments runs of tokens, as {@link segmentsOf} gives them
 * @param p the dropout of each update
 */
export function groupedLinear(
  x: Tensor,
  { weight, bias, layout }: { weight: Tensor; bias: Tensor | null; layout: 0 | 1 },
  factors: readonly Factors[],
  p: readonly number[],
  segments: readonly number[],
): Tensor {
  if (factors.length === 0) return ops.linear(x, weight, bias, layout)
  const [as, bs] = [factors.map(({ a }) => a), factors.map(({ b }) => b)]
  const scalings = factors.map(({ scaling }) => scaling)
  return ops.loraGrouped(x, weight, bias, as, bs, segments, scalings, p, layout)
}

/**
 * Adds a vector to each row of tokens that has one.
 * @param segments runs of tokens, with the index of their vector
 */
export function addedByTokens(y: Tensor, vectors: readonly Tensor[], segments: readonly number[]): Tensor {
  const width = y.shape.at(-1)!
  const places: number[] = []
  const which: number[] = []
  for (let i = 0; i < segments.length; i += 3) {
    for (let n = 0; n < segments[i + 1]!; n++) {
      places.push(segments[i]! + n)
      which.push(segments[i + 2]!)
    }
  }
  const table = cat(vectors.map((vector) => vector.reshape([1, width])), 0) // prettier-ignore
  const rows = table.indexSelect(0, indexes(which)).to(y.dtype)
  return ops.indexAdd(y.reshape([-1, width]), indexes(places), rows, 0).reshape(y.shape)
}

/** The tokens of a tensor by adapter, the base among them. Names that `isOwn` refuses count as the base. */
export function tokensByAdapter(
  owner: string,
  lead: readonly number[],
  rows: RowAdapters,
  isOwn: (name: string) => boolean,
): TokensOf[] {
  const found = new Map<string | null, number[]>()
  let start = 0
  for (const [row, count] of tokenCounts(owner, lead, rows).entries()) {
    const given = rows.names[row]!
    const name = given !== null && isOwn(given) ? given : null
    const tokens = found.get(name) ?? []
    found.set(name, tokens)
    for (let i = 0; i < count; i++) tokens.push(start++)
  }
  return Array.from(found, ([name, tokens]) => ({ name, tokens })).filter(({ tokens }) => tokens.length > 0)
}

/**
 * Computes the tokens of each adapter by themselves, each once, and puts the results in their places.
 * @param x channels last, or ids, whose sizes are then all of `lead`
 * @param compute gets the tokens of one adapter, (n, …), in a call in which it acts
 */
export function byAdapter(
  x: Tensor,
  lead: readonly number[],
  groups: readonly TokensOf[],
  compute: (x: Tensor) => Tensor,
): Tensor {
  const rest = x.shape.slice(lead.length)
  const flat = x.reshape([-1, ...rest])
  const run = ({ name, tokens }: TokensOf) =>
    withAdapters(name === null ? [] : [name], () => compute(flat.indexSelect(0, indexes(tokens))))
  const all = cat(groups.map(run), 0)
  const order: number[] = []
  for (const [place, token] of groups.flatMap(({ tokens }) => tokens).entries()) order[token] = place
  return all.indexSelect(0, indexes(order)).reshape([...lead, ...all.shape.slice(1)])
}

const indexes = (list: readonly number[]) => tensor(Float64Array.from(list), { dtype: 'i64' })

function unknownRows(owner: string, lead: readonly number[], expected: string): ShapeError {
  return new ShapeError({
    what: `${owner}: it is not known which tokens belong to which row, and each row has its own adapter`,
    expected,
    received: `(${lead.join(', ')})`,
    fix: 'keep the rows of the batch in the first dimension, or leave this layer out of targetModules',
  })
}

/** The error of a layer that has no form with an adapter for each row. */
export function noRows(layer: string): UnsupportedError {
  return new UnsupportedError({
    what: `${layer} has no form in which each row of a batch has its own adapter`,
    expected: 'lora.Linear or lora.Embedding, or one adapter for all rows',
    received: layer,
    fix: 'call a view with one adapter for each group of rows: model.withAdapter(name)',
  })
}
