// The decoders since Llama written out in plain numbers, one token and one head at a time: the slow twin of the models.

/** Weights by their names in a checkpoint, as lists of rows; vectors are one row. */
export type Weights = Record<string, number[][]>

export interface ReferenceConfig {
  num_hidden_layers: number
  num_attention_heads: number
  num_key_value_heads: number
  head_dim: number
  rms_norm_eps: number
}

/** The differences of an architecture from Llama. */
export interface ReferenceTraits {
  /** The angles per position of a block, one for each rotated pair. */
  frequencies: number[] | ((layer: number) => number[])
  /** Factor of the rotated features. */
  rotaryScale?: number
  /** How many tokens each one attends to in a block. */
  window?: (layer: number) => number
  /** Factor of q·k. */
  scale?: number
  softcap?: number
  logitSoftcap?: number
  /** What a norm adds to its weights. */
  normOffset?: number
  embeddingScale?: number
  /** Factor of what attention and MLP add. */
  residualScale?: number
  /** What logits are divided by. */
  logitsScaling?: number
  activation?: (x: number) => number
}

const silu = (x: number) => x / (1 + Math.exp(-x))
/** GELU with tanh, as in Gemma. */
export const geluTanh = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
const capped = (x: number, cap: number | undefined) => (cap === undefined ? x : cap * Math.tanh(x / cap))

/** The logits (T, V) of one row of tokens. */
export function decoderLogits(
  weights: Weights,
  config: ReferenceConfig,
  ids: number[],
  traits: ReferenceTraits,
): number[][] {
  const { num_attention_heads: H, num_key_value_heads: Hkv, head_dim: D, rms_norm_eps: eps } = config
  const { scale = 1 / Math.sqrt(D), normOffset = 0, embeddingScale = 1, residualScale = 1, activation = silu } = traits
  const { frequencies, window = () => Infinity } = traits
  const get = (name: string) => weights[name]!
  const dense = (name: string, x: number[]) => {
    const bias = weights[`${name}.bias`]?.[0]
    return get(`${name}.weight`).map((row, i) => dot(row, x) + (bias?.[i] ?? 0))
  }
  const norm = (name: string, x: number[]) => {
    const factor = 1 / Math.sqrt(dot(x, x) / x.length + eps)
    return x.map((value, i) => value * factor * (normOffset + get(`${name}.weight`)[0]![i]!))
  }
  /** A norm that not every architecture has. */
  const normIf = (name: string, x: number[]) => (`${name}.weight` in weights ? norm(name, x) : x)
  /** The rows of a projection, or its part of a fused one. */
  const part = (fused: string, from: number, to: number, name: string, x: number[]) =>
    `${fused}.weight` in weights ? dense(fused, x).slice(from, to) : dense(name, x)
  let xs = ids.map((id) => get('model.embed_tokens.weight')[id]!.map((value) => value * embeddingScale))
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`
    const angles = typeof frequencies === 'function' ? frequencies(layer) : frequencies
    const isSandwich = `${at}.pre_feedforward_layernorm.weight` in weights
    const normed = xs.map((x) => norm(`${at}.input_layernorm`, x))
    const heads = (name: string, from: number, count: number, turned: boolean) =>
      normed.map((x, position) => {
        const flat = part(`${at}.self_attn.qkv_proj`, from * D, (from + count) * D, `${at}.self_attn.${name}_proj`, x)
        const split = chunks(flat, D).map((head) => normIf(`${at}.self_attn.${name}_norm`, head))
        return turned ? split.map((head) => turn(head, position, angles, traits.rotaryScale)) : split
      })
    const [q, k, v] = [heads('q', 0, H, true), heads('k', H, Hkv, true), heads('v', H + Hkv, Hkv, false)]
    const attended = xs.map((x, t) => {
      const first = Math.max(0, t + 1 - window(layer))
      const seen = Array.from({ length: t + 1 - first }, (_, s) => first + s)
      const out = Array.from({ length: H }, (_, h) => {
        const kv = Math.floor(h / (H / Hkv))
        const scores = seen.map((s) => capped(dot(q[t]![h]!, k[s]![kv]!) * scale, traits.softcap))
        const top = Math.max(...scores)
        const terms = scores.map((score) => Math.exp(score - top))
        const sum = terms.reduce((a, b) => a + b, 0)
        const mean = (i: number) => seen.reduce((total, s, n) => total + terms[n]! * v[s]![kv]![i]!, 0) / sum
        return Array.from({ length: D }, (_unused, i) => mean(i))
      })
      const y = dense(`${at}.self_attn.o_proj`, out.flat()).map((value) => value * residualScale)
      return add(x, isSandwich ? norm(`${at}.post_attention_layernorm`, y) : y)
    })
    xs = attended.map((x) => {
      const y = norm(`${at}.${isSandwich ? 'pre_feedforward' : 'post_attention'}_layernorm`, x)
      const inner = get(`${at}.mlp.down_proj.weight`)[0]!.length
      const gate = part(`${at}.mlp.gate_up_proj`, 0, inner, `${at}.mlp.gate_proj`, y)
      const up = part(`${at}.mlp.gate_up_proj`, inner, 2 * inner, `${at}.mlp.up_proj`, y)
      const down = dense(
        `${at}.mlp.down_proj`,
        gate.map((g, i) => activation(g) * up[i]!),
      ).map((value) => value * residualScale)
      return add(x, isSandwich ? norm(`${at}.post_feedforward_layernorm`, down) : down)
    })
  }
  const head = (x: number[]) => dense('lm_head', norm('model.norm', x))
  const { logitsScaling = 1, logitSoftcap } = traits
  return xs.map((x) => head(x).map((logit) => capped(logit / logitsScaling, logitSoftcap)))
}

/** Rotates the pairs (i, i + n) of the first 2 n features of a head as complex numbers. */
function turn(head: number[], position: number, frequencies: number[], scale = 1): number[] {
  const half = frequencies.length
  const turned = [...head]
  frequencies.forEach((frequency, i) => {
    const [cos, sin] = [scale * Math.cos(position * frequency), scale * Math.sin(position * frequency)]
    turned[i] = head[i]! * cos - head[i + half]! * sin
    turned[i + half] = head[i]! * sin + head[i + half]! * cos
  })
  return turned
}

function dot(a: number[], b: number[]): number {
  let sum = 0
  for (let i = 0; i < Math.min(a.length, b.length); i++) sum += a[i]! * b[i]!
  return sum
}

function add(a: number[], b: number[]): number[] {
  return a.map((value, i) => value + b[i]!)
}

function chunks(values: number[], size: number): number[][] {
  return Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size))
}
