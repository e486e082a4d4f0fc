// Llama written out in plain numbers, one token and one head at a time: the slow twin of the model.

/** Weights by their names in a checkpoint, as lists of rows; vectors are one row. */
export type Weights = Record<string, number[][]>

export interface ReferenceConfig {
  num_hidden_layers: number
  num_attention_heads: number
  num_key_value_heads: number
  head_dim: number
  rms_norm_eps: number
}

/** The logits (T, V) of one row of tokens. `frequencies` are the angles per position, (D/2). */
export function llamaLogits(
  weights: Weights,
  config: ReferenceConfig,
  frequencies: number[],
  ids: number[],
): number[][] {
  const { num_attention_heads: H, num_key_value_heads: Hkv, head_dim: D, rms_norm_eps: eps } = config
  const get = (name: string) => weights[name]!
  const dense = (name: string, x: number[]) => {
    const bias = weights[`${name}.bias`]?.[0]
    return get(`${name}.weight`).map((row, i) => dot(row, x) + (bias?.[i] ?? 0))
  }
  const norm = (name: string, x: number[]) => {
    const scale = 1 / Math.sqrt(dot(x, x) / x.length + eps)
    return x.map((value, i) => value * scale * get(`${name}.weight`)[0]![i]!)
  }
  let xs = ids.map((id) => get('model.embed_tokens.weight')[id]!)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`
    const normed = xs.map((x) => norm(`${at}.input_layernorm`, x))
    const heads = (name: string, turned: boolean) =>
      normed.map((x, position) => {
        const split = chunks(dense(`${at}.self_attn.${name}`, x), D)
        return turned ? split.map((head) => turn(head, position, frequencies)) : split
      })
    const [q, k, v] = [heads('q_proj', true), heads('k_proj', true), heads('v_proj', false)]
    const attended = xs.map((x, t) => {
      const out = Array.from({ length: H }, (_, h) => {
        const kv = Math.floor(h / (H / Hkv))
        const scores = Array.from({ length: t + 1 }, (_unused, s) => dot(q[t]![h]!, k[s]![kv]!) / Math.sqrt(D))
        const top = Math.max(...scores)
        const terms = scores.map((score) => Math.exp(score - top))
        const sum = terms.reduce((a, b) => a + b, 0)
        return Array.from(
          { length: D },
          (_unused, i) =>
            dot(
              terms,
              v.map((token) => token[kv]![i]!),
            ) / sum,
        )
      })
      return add(x, dense(`${at}.self_attn.o_proj`, out.flat()))
    })
    xs = attended.map((x) => {
      const y = norm(`${at}.post_attention_layernorm`, x)
      const up = dense(`${at}.mlp.up_proj`, y)
      const gated = dense(`${at}.mlp.gate_proj`, y).map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!)
      return add(x, dense(`${at}.mlp.down_proj`, gated))
    })
  }
  return xs.map((x) => dense('lm_head', norm('model.norm', x)))
}

/** Turns the pairs (i, i + D/2) of a head as complex numbers. */
function turn(head: number[], position: number, frequencies: number[]): number[] {
  const half = head.length / 2
  const turned = [...head]
  frequencies.forEach((frequency, i) => {
    const [cos, sin] = [Math.cos(position * frequency), Math.sin(position * frequency)]
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
