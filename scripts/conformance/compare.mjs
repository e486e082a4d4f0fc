// Compares results of the package with the expectations of a case. A `Check` belongs to one run of one case: it collects the
// failures and the worst error, and records what was compared, which the proof of the runner then changes.

/** The tolerances by dtype of a case that states none (the table in the README of the fixtures). */
const DEFAULT_TOLERANCE = {
  f64: { forward: { atol: 1e-11, rtol: 1e-9 }, grad: { atol: 1e-11, rtol: 1e-9 } },
  f32: { forward: { atol: 1e-5, rtol: 1e-4 }, grad: { atol: 2e-5, rtol: 1e-3 } },
  bf16: { forward: { atol: 2e-2, rtol: 2e-2 }, grad: { atol: 5e-2, rtol: 5e-2 } },
  f16: { forward: { atol: 3e-3, rtol: 3e-3 }, grad: { atol: 1e-2, rtol: 1e-2 } },
}

/** No difference is allowed. */
export const EXACT = Object.freeze({ atol: 0, rtol: 0 })

/**
 * The tolerance of a case: by the name of the part if it has several, the single one if it has one, the table otherwise.
 * @param part `forward`, `grad`, `loss`, `param`, ...
 */
export function toleranceOf(entry, part = 'forward', dtype = 'f32') {
  const stated = entry.tolerance
  const found = stated?.[part]?.atol !== undefined ? stated[part] : stated?.atol !== undefined ? stated : undefined
  if (found !== undefined) return { atol: found.atol, rtol: found.rtol }
  return DEFAULT_TOLERANCE[dtype]?.[part] ?? DEFAULT_TOLERANCE[dtype]?.forward ?? EXACT
}

/** A tensor of the package as `{dtype, shape, data}`; such an object and null are returned unchanged. */
export async function toHost(tensor) {
  if (tensor == null || typeof tensor.data !== 'function') return tensor ?? null
  return { dtype: tensor.dtype, shape: [...tensor.shape], data: await tensor.data() }
}

/** Numbers as a one-dimensional f64 value. */
export const numbers = (values) => ({ dtype: 'f64', shape: [values.length], data: Float64Array.from(values) })

export class Check {
  /** What went wrong: `{about, text}`; `about` is the tensor's name or the path of the fact. */
  failures = []
  /** The worst error as a share of the allowed one, and what it was. */
  worst = { share: 0, what: '' }
  /** What was compared: `{type: 'tensor' | 'mean' | 'fact' | 'rule', ...}`. */
  record = []
  #informative = []
  #fixture

  constructor(fixture) {
    this.#fixture = fixture
  }

  /** The entry that the case is compared with. */
  get entry() {
    return this.#fixture.entry
  }

  /**
   * Compares a result with the tensor `name` of the case: dtype, shape, and `|got - want| <= atol + rtol |want|`.
   * @param got a tensor, a host value, or null (which fails)
   * @param where names the result, when one tensor is expected more than once
   * @param binds returns by flat index whether an element counts
   * @param anyDtype accepts another dtype of the result (an f32 factor on a bf16 weight)
   */
  async close(name, got, tolerance, { where = '', binds = () => true, anyDtype = false } = {}) {
    const want = this.#fixture.want(name)
    const label = where === '' ? name : `${name} (${where})`
    this.record.push({ type: 'tensor', name, label, tolerance, binds })
    const host = await toHost(got)
    const fail = (text) => this.failures.push({ about: label, text: `${label}: ${text}` })
    if (want === undefined) return fail('the file has no such tensor')
    if (host === null) return fail(`got nothing, want (${want.shape})`)
    if (String(host.shape) !== String(want.shape)) return fail(`got shape (${host.shape}), want (${want.shape})`)
    if (!anyDtype && host.dtype !== want.dtype) return fail(`got dtype ${host.dtype}, want ${want.dtype}`)
    if (host.data.length !== want.data.length) return fail(`got ${host.data.length} elements, want ${want.data.length}`)
    const { worst, at, bad, count } = compareElements(host.data, want.data, tolerance, binds)
    this.#noteWorst(worst, label)
    if (bad > 0) fail(describe(host.data, want, at, tolerance, bad, count))
  }

  /** Compares bit for bit. */
  async exact(name, got, options) {
    await this.close(name, got, EXACT, options)
  }

  /** Compares the mean of |got - want| over all elements of several tensors with `atol`. */
  async mean(label, results, tolerance) {
    this.record.push({ type: 'mean', label, names: results.map(([name]) => name), tolerance })
    let sum = 0
    let count = 0
    for (const [name, got] of results) {
      const [want, host] = [this.#fixture.want(name), await toHost(got)]
      count += want.data.length
      for (let i = 0; i < want.data.length; i++) sum += Math.abs(Number(host?.data[i] ?? NaN) - Number(want.data[i]))
    }
    const mean = count === 0 ? 0 : sum / count
    this.#noteWorst(share(mean, tolerance.atol), label)
    if (!(mean <= tolerance.atol)) {
      this.failures.push({ about: label, text: `${label}: got a mean error of ${mean}, allowed ${tolerance.atol}` })
    }
  }

  /**
   * Compares a value with the expected one at `path` of the entry; a fact that is not stated is not compared.
   * @param tolerance for numbers; without one they must be equal
   * @param ordered false when the order of a list does not count
   */
  fact(path, got, { tolerance = EXACT, ordered = true } = {}) {
    const want = valueAt(this.#fixture.entry, path)
    if (want === undefined) return
    this.record.push({ type: 'fact', path, tolerance, ordered })
    // Without a tolerance a difference is a wrong fact, not a large error.
    const isMeasured = tolerance.atol + tolerance.rtol > 0
    for (const difference of differences(want, got, tolerance, ordered, path)) {
      if (isMeasured && difference.share !== undefined) this.#noteWorst(difference.share, difference.path.join('.'))
      if (difference.text !== undefined) {
        this.failures.push({
          about: difference.path.join('.'),
          text: `${difference.path.join('.')}: ${difference.text}`,
        })
      }
    }
  }

  /**
   * A sentence of the entry that determines what the runner does. It must be one that the runner knows.
   * @param mutants other sentences that the result must not satisfy, for the proof
   * @returns the match, or null after a failure
   */
  rule(path, pattern, { mutants = [] } = {}) {
    const text = valueAt(this.#fixture.entry, path)
    if (text === undefined) return null
    this.record.push({ type: 'rule', path, mutants })
    const match = typeof text === 'string' ? pattern.exec(text) : null
    if (match === null) {
      const about = path.join('.')
      this.failures.push({ about, text: `${about}: this runner does not know the rule ${JSON.stringify(text)}` })
    }
    return match
  }

  /** Says that a part of the entry is for information and does not bind. */
  informative(path) {
    this.#informative.push(path)
  }

  isInformative(path) {
    return this.#informative.some((part) => part.every((key, i) => String(key) === path[i]))
  }

  /** A condition that must hold. `about` ties it to a fact or a tensor. */
  that(about, holds, text) {
    if (!holds) this.failures.push({ about, text: `${about}: ${text}` })
  }

  /** The tensors that were compared. */
  comparedTensors() {
    return new Set(this.record.flatMap((item) => (item.type === 'tensor' ? [item.name] : (item.names ?? []))))
  }

  #noteWorst(value, what) {
    if (value > this.worst.share || Number.isNaN(value))
      this.worst = { share: Number.isNaN(value) ? Infinity : value, what }
  }
}

/** Checks that the steps of a case are the lines that the runner follows. @returns whether they are */
export function followScript(check, script) {
  const { steps } = check.entry
  script.forEach((pattern, i) => check.rule(['steps', i], pattern))
  check.that('steps', steps.length === script.length, `has ${steps.length} lines`)
  return check.failures.length === 0
}

/** The value at a path of keys, or undefined. */
export function valueAt(root, path) {
  return path.reduce((value, key) => (value === null || value === undefined ? undefined : value[key]), root)
}

/** The number in an entry; `"NaN"`, `"Infinity"` and `"-Infinity"` are written as strings. */
export function statedNumber(value) {
  return typeof value === 'string' && /^(NaN|-?Infinity)$/.test(value) ? Number(value) : value
}

/** Error as a share of the allowed one. Equal values have the share 0 even where no error is allowed. */
function share(error, allowed) {
  return error === 0 ? 0 : allowed === 0 ? Infinity : error / allowed
}

function errorShare(got, want, { atol, rtol }) {
  if (typeof want === 'bigint' || typeof got === 'bigint') return BigInt(got) === BigInt(want) ? 0 : Infinity
  if (Object.is(got, want) || got === want) return 0
  const value = share(Math.abs(got - want), atol + rtol * Math.abs(want))
  return Number.isNaN(value) ? Infinity : value
}

function compareElements(got, want, tolerance, binds) {
  const exact = tolerance.atol === 0 && tolerance.rtol === 0
  const result = { worst: 0, at: -1, bad: 0, count: 0 }
  for (let i = 0; i < want.length; i++) {
    if (!binds(i)) continue
    result.count++
    const value = exact ? (Object.is(got[i], want[i]) ? 0 : Infinity) : errorShare(got[i], want[i], tolerance)
    if (value > 1) result.bad++
    if (value > result.worst || result.at < 0) [result.worst, result.at] = [value, i]
  }
  return result
}

function describe(got, want, at, { atol, rtol }, bad, count) {
  const allowed = atol + rtol * Math.abs(Number(want.data[at]))
  const position = `[${indexOf(at, want.shape).join(', ')}]`
  return `${position} got ${got[at]}, want ${want.data[at]}, allowed ${allowed} (${bad} of ${count} elements differ)`
}

function indexOf(flat, shape) {
  const index = []
  for (let d = shape.length - 1, rest = flat; d >= 0; d--) {
    index.unshift(rest % shape[d])
    rest = Math.floor(rest / shape[d])
  }
  return index
}

/** Leaf by leaf: `{path, share}` for numbers that were compared, and `text` as well where they differ. */
function* differences(want, got, tolerance, ordered, path) {
  if (Array.isArray(want)) yield* listDifferences(want, got, tolerance, ordered, path)
  else if (want !== null && typeof want === 'object') yield* objectDifferences(want, got, tolerance, ordered, path)
  else if (typeof statedNumber(want) === 'number' && typeof got === 'number') {
    const number = statedNumber(want)
    const value = errorShare(got, number, tolerance)
    const allowed = tolerance.atol + tolerance.rtol * Math.abs(number)
    yield { path, share: value, text: value <= 1 ? undefined : `got ${got}, want ${number}, allowed ${allowed}` }
  } else if (want !== got) {
    yield { path, text: `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}` }
  }
}

function* listDifferences(want, got, tolerance, ordered, path) {
  if (!Array.isArray(got)) return yield { path, text: `got ${JSON.stringify(got)}, want a list of ${want.length}` }
  const [a, b] = ordered ? [want, got] : [[...want].sort(), [...got].sort()]
  const names = a.every((item) => typeof item === 'string') && b.every((item) => typeof item === 'string')
  if (a.length !== b.length || (names && String(a) !== String(b))) {
    return yield { path, text: `got ${JSON.stringify(b)}, want ${JSON.stringify(a)}` }
  }
  for (const i of a.keys()) yield* differences(a[i], b[i], tolerance, ordered, [...path, i])
}

function* objectDifferences(want, got, tolerance, ordered, path) {
  if (got === null || typeof got !== 'object') return yield { path, text: `got ${JSON.stringify(got)}, want an object` }
  const missing = Object.keys(want).filter((key) => !Object.hasOwn(got, key))
  const extra = Object.keys(got).filter((key) => !Object.hasOwn(want, key))
  if (missing.length + extra.length > 0) {
    yield { path, text: `missing [${missing.join(', ')}], not stated [${extra.join(', ')}]` }
  }
  for (const key of Object.keys(want)) {
    if (Object.hasOwn(got, key)) yield* differences(want[key], got[key], tolerance, ordered, [...path, key])
  }
}
