// Weights and data that torch_baseline.py also computes, from names only: murmur3's finalizer over index · 0x9E3779B1 + fnv1a(name).

/** FNV-1a of a name, a uint32. */
export function fnv1a(name) {
  let h = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193)
  return h >>> 0
}

/** The hash of element `i`, an int32 with the bits of the uint32. */
function hashAt(i, seed) {
  let x = (Math.imul(i, 0x9e3779b1) + seed) | 0
  x ^= x >>> 16
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/** Fills `out` with elements `start…` of the stream: f32((h >> 8) · 2⁻²³ − 1) · f32(bound), uniform in [−bound, bound). */
export function fillNoise(out, name, start, bound) {
  const seed = fnv1a(name)
  const scale = Math.fround(bound)
  // Both factors have 24 bits, so the product in f64 is exact and the store rounds once, as a product in f32 does.
  for (let i = 0; i < out.length; i++) out[i] = ((hashAt(start + i, seed) >>> 8) * 2 ** -23 - 1) * scale
  return out
}

/** Uniform numbers in [−bound, bound), row-major. */
export function noise(name, shape, bound = 1) {
  return fillNoise(new Float32Array(count(shape)), name, 0, bound)
}

/** Ids from `low` to `high` − 1, as rows of the last dimension. */
export function tokenIds(name, [rows, width], low, high) {
  const seed = fnv1a(name)
  const id = (i) => ((hashAt(i, seed) >>> 0) % (high - low)) + low
  return Array.from({ length: rows }, (_, b) => Array.from({ length: width }, (_, t) => id(b * width + t)))
}

/** The number of elements of a shape. */
export const count = (shape) => shape.reduce((product, size) => product * size, 1)

/**
 * The values of a parameter by name and shape: `{ value }` or `{ bound }`. Vectors are 1, biases 0; lora_B is 0 in training cases; lora_A is
 * within 1/√(last dimension); all others within 0.035.
 */
export function contentOf(name, shape, { zeroB = true } = {}) {
  if (shape.length === 1) return { value: name.endsWith('bias') ? 0 : 1 }
  if (name.endsWith('lora_B') && zeroB) return { value: 0 }
  return { bound: name.endsWith('lora_A') ? 1 / Math.sqrt(shape.at(-1)) : 0.035 }
}

/** Fills `out` with elements `start…` of the parameter. */
export function fillParameter(out, name, shape, start, options) {
  const { value, bound } = contentOf(name, shape, options)
  return value === undefined ? fillNoise(out, name, start, bound) : out.fill(value)
}
