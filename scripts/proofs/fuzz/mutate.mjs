// Changes an input: bytes, pieces of other inputs, numbers at their borders, words of the format, and, where it is JSON, values and keys of the tree.
const BORDERS = ['0', '-1', '1', '-0', '1e308', '1e-7', '0.5', '255', '65536', '2147483647', '4294967296', '9007199254740993', '18446744073709551616'] // prettier-ignore
const VALUES = [null, true, false, 0, -1, 0.5, 3, 1e9, 2 ** 31, 2 ** 53, -1e308, '', 'a', '__proto__', 'constructor', '../x', [], {}, [[]], { a: 1 }] // prettier-ignore

/** Random numbers that follow from a seed. */
export class Random {
  #state
  constructor(seed) {
    this.#state = (seed >>> 0) + 0x9e3779b9
  }

  /** A number in [0, n). */
  below(n) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }

  pick(list) {
    return list[this.below(list.length)]
  }
}

/** A changed copy of `input`; `others` are inputs to take pieces from, `words` texts of the format. */
export function mutate(input, random, { others, words, isJson, most }) {
  let bytes = input
  for (let n = 1 + random.below(4); n > 0; n--) {
    const tree = isJson && random.below(2) === 0 ? changedTree(bytes, random, words) : null
    bytes = tree ?? changedBytes(bytes, random, others, words)
  }
  return bytes.length > most ? bytes.subarray(0, most) : bytes
}

function changedBytes(bytes, random, others, words) {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(random.below(4) === 0 ? 200 : 8)
  const splice = (from, to, part) => Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(to)])
  switch (random.below(9)) {
    case 0: {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[random.below(copy.length)] ^= 1 << random.below(8)
      return copy
    }
    case 1:
      return splice(at, Math.min(bytes.length, at + length), Buffer.alloc(0))
    case 2:
      return splice(at, at, Buffer.from(Array.from({ length }, () => random.below(256))))
    case 3:
      return splice(at, at, bytes.subarray(at, at + length))
    case 4: {
      const other = random.pick(others)
      const from = random.below(other.length + 1)
      return splice(at, at, other.subarray(from, from + random.below(400)))
    }
    case 5:
      return splice(at, at, Buffer.from(random.pick(words)))
    case 6:
      return withNumber(bytes, random)
    case 7: {
      const from = random.below(bytes.length + 1)
      return splice(at, at, Buffer.concat(Array.from({ length: 1 + random.below(30) }, () => bytes.subarray(from, from + length)))) // prettier-ignore
    }
    default:
      return bytes.subarray(0, at)
  }
}

/** Another number in place of one of a text. */
function withNumber(bytes, random) {
  const text = bytes.toString('latin1')
  const found = [...text.matchAll(/-?\d[\d.eE+-]*/g)]
  if (found.length === 0) return bytes
  const match = random.pick(found)
  return Buffer.from(text.slice(0, match.index) + random.pick(BORDERS) + text.slice(match.index + match[0].length), 'latin1') // prettier-ignore
}

/** A value or a key of a JSON text replaced, removed, added or repeated; null when it is no JSON. */
function changedTree(bytes, random, words) {
  let tree
  try {
    tree = JSON.parse(bytes.toString())
  } catch {
    return null
  }
  const places = []
  const walk = (value, depth) => {
    if (typeof value !== 'object' || value === null || depth > 50) return
    for (const key of Object.keys(value)) {
      places.push([value, key])
      walk(value[key], depth + 1)
    }
  }
  walk(tree, 0)
  const other = () => (random.below(3) === 0 ? random.pick(words) : random.pick(VALUES))
  if (places.length === 0) return Buffer.from(JSON.stringify(other()))
  const [holder, key] = random.pick(places)
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete holder[key]
      break
    case 1:
      if (Array.isArray(holder)) holder.push(structuredClone(holder[key]))
      else define(holder, random.pick(words), structuredClone(holder[key]))
      break
    case 2: {
      const [from, name] = random.pick(places)
      define(holder, key, structuredClone(from[name]))
      break
    }
    case 3:
      define(holder, key, [holder[key]])
      break
    default:
      define(holder, key, structuredClone(other()))
  }
  try {
    return Buffer.from(JSON.stringify(tree))
  } catch {
    return null
  }
}

/** Also for `__proto__`, as a plain key. */
function define(holder, key, value) {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}
