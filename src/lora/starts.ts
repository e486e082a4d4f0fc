// How the factors of a dense layer start, where it is more than random numbers: from the layer's own weight, or so that their product is 0.
import { UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { bad } from '../runtime/options.js'
import { randn } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'

/** How the factors of a named adapter start, as PEFT's `init_lora_weights` says: see `LoraConfig.initLoraWeights`. */
export type LoraStart = boolean | string

const NITER = /^pissa_niter_(\d+)$/

/** Whether a start takes its product out of the base: what is trained is then the difference to it. */
export const changesBase = (init: LoraStart): boolean =>
  typeof init === 'string' && (init === 'pissa' || init === 'olora' || NITER.test(init))

/** Whether it is computed from the weight or by a decomposition. */
export const isDecomposed = (init: LoraStart): boolean => init === 'orthogonal' || changesBase(init)

/** Starts of PEFT that need data, gradients or a quantised base. */
const ELSEWHERE = ['eva', 'loftq', 'corda', 'lora_ga', 'mica']

/** Checks the name of a start. @throws {UnsupportedError} for one of PEFT's that is not here; {@link OptionError} for any other */
export function checkStart(owner: string, init: unknown): LoraStart {
  if (typeof init === 'boolean' || init === 'gaussian' || (typeof init === 'string' && isDecomposed(init))) return init
  const expected = "true, false, 'gaussian', 'orthogonal', 'pissa', 'pissa_niter_4' (or another number), 'olora'"
  if (typeof init !== 'string' || !ELSEWHERE.includes(init)) throw bad(owner, 'initLoraWeights', expected, init)
  throw new UnsupportedError({
    what: `${owner}: initLoraWeights ${init}, which starts from data, gradients or a quantised base, is not here`,
    expected,
    received: init,
    fix: 'take one of these; adapters that PEFT started so, trained and converted to plain LoRA can be loaded',
  })
}

/** The factors `a (r, in)` and `b (out, r)` for a weight W (out, in) in f32 or f64. With `pissa` and `olora`, `scaling · b a` is what they take out of W. */
export function startFactors(
  owner: string,
  weight: Tensor,
  r: number,
  scaling: number,
  init: string,
): { a: Tensor; b: Tensor } {
  if (init === 'orthogonal') return orthogonal(owner, weight, r)
  const widest = Math.min(...weight.shape)
  if (r > widest) throw bad(owner, 'r', `at most ${widest}, the smaller side of the weight, with ${init}`, r)
  if (init === 'olora') {
    const [q, triangle] = ops.qr(weight)
    return { a: triangle.narrow(0, 0, r).contiguous(), b: q.narrow(1, 0, r).contiguous() }
  }
  if (!(scaling > 0)) throw bad(owner, 'loraAlpha', `above 0 with ${init}: its root is taken`, scaling)
  const rounds = NITER.exec(init)
  const [u, s, v] = rounds === null ? ops.svd(weight) : lowRankSvd(weight, r, Number(rounds[1]))
  const root = s.narrow(0, 0, r).div(scaling).sqrt()
  return { a: v.narrow(1, 0, r).mul(root).transpose(0, 1).contiguous(), b: u.narrow(1, 0, r).mul(root) }
}

/** Halves of an orthogonal matrix times random numbers: B A is 0, and neither is. */
function orthogonal(owner: string, weight: Tensor, r: number): { a: Tensor; b: Tensor } {
  if (r % 2 !== 0) throw bad(owner, 'r', 'an even number with the start orthogonal', r)
  const [rows, columns] = weight.shape as [number, number]
  const options = { dtype: weight.dtype as 'f32' }
  const [q] = ops.qr(randn([r, r], options))
  const halves = q.reshape([r / 2, 2, r])
  const [odd, even] = [0, 1].map((i) => halves.narrow(1, i, 1).squeeze(1)) as [Tensor, Tensor]
  const a = randn([columns, r / 2], options)
    .matmul(odd)
    .transpose(0, 1)
    .div(10)
  const b = randn([rows, r / 2], options)
    .matmul(even)
    .div(10)
  return { a: a.contiguous(), b }
}

/**
 * The first `r` parts of an SVD, by a random projection that `rounds` of multiplications with W sharpen.
 * @see Halko, Martinsson, Tropp 2011, algorithm 5.1; torch `svd_lowrank`
 */
function lowRankSvd(weight: Tensor, r: number, rounds: number): [u: Tensor, s: Tensor, v: Tensor] {
  const transposed = weight.transpose(0, 1)
  const basis = (x: Tensor): Tensor => ops.qr(x)[0]
  let q = basis(weight.matmul(randn([weight.shape[1]!, r], { dtype: weight.dtype as 'f32' })))
  for (let i = 0; i < rounds; i++) q = basis(weight.matmul(basis(transposed.matmul(q))))
  const [u, s, v] = ops.svd(q.transpose(0, 1).matmul(weight))
  return [q.matmul(u), s, v]
}
