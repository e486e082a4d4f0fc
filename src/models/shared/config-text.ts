// config.json as text. JavaScript has one kind of number, and Python two: transformers checks the type of some fields and refuses a model whose 30.0 was written
// as 30. So fields that are floats there are written with a fraction, and so is what a file had written with one.

/** Fields of the supported architectures that are floats in transformers, also inside the rotary parameters; of a list, its elements. */
const FLOAT_FIELDS: ReadonlySet<string> = new Set([
  // Norms, fresh weights, dropout.
  ...['layer_norm_eps', 'layer_norm_epsilon', 'norm_eps', 'rms_norm_eps'],
  ...['initializer_cutoff_factor', 'initializer_range'],
  ...[
    'attention_dropout',
    'attention_probs_dropout_prob',
    'attn_pdrop',
    'classifier_dropout',
    'cls_dropout',
    'embd_pdrop',
  ],
  ...['embedding_dropout', 'hidden_dropout', 'hidden_dropout_prob', 'mlp_dropout', 'pooler_dropout', 'resid_pdrop'],
  // Gemma and Granite.
  ...['attn_logit_softcapping', 'final_logit_softcapping'],
  ...['attention_multiplier', 'embedding_multiplier', 'logits_scaling', 'residual_multiplier'],
  // Rotary positions.
  ...['global_rope_theta', 'local_rope_theta', 'rope_local_base_freq', 'rope_theta', 'partial_rotary_factor'],
  ...['attention_factor', 'beta_fast', 'beta_slow', 'factor', 'high_freq_factor', 'low_freq_factor'],
  ...['long_factor', 'mscale', 'mscale_all_dim', 'short_factor'],
])

/** The paths of the whole numbers that a file had written as floats: a hidden property, which `cloneModule` copies. */
const FLOATS = Symbol('fields that the file has as floats')

type Config = Record<string, unknown> & { [FLOATS]?: ReadonlySet<string> }

/** The value of a JSON text; an object remembers which of its whole numbers are floats. @throws {SyntaxError} */
export function parseConfig(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const floats = wholeFloats(text)
  if (floats.size > 0) Object.defineProperty(value, FLOATS, { value: floats })
  return value
}

/** Makes a configuration remember what the one that it was made from remembers. Returns it. */
export function withFloatsOf<C extends object>(config: C, from: object): C {
  const floats = (from as Config)[FLOATS]
  if (floats !== undefined && !Object.hasOwn(config, FLOATS)) Object.defineProperty(config, FLOATS, { value: floats })
  return config
}

/** The fields as indented JSON, with a line end; `model` is the configuration that they were read into. */
export function configText(config: object, model: object): string {
  return `${written(config, [], (model as Config)[FLOATS] ?? new Set(), '\n')}\n`
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],]/g

/** The paths of numbers such as `30.0` and `1e4` in a valid JSON text. */
function wholeFloats(text: string): Set<string> {
  const floats = new Set<string>()
  /** Of each open object its current key, of each open list its current index. */
  const path: (string | number)[] = []
  let isKey = false
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') path.push(token === '{' ? '' : 0)
    else if (token === '}' || token === ']') path.pop()
    else if (token === ',' && typeof path.at(-1) === 'number') path.push((path.pop() as number) + 1)
    else if (token.startsWith('"') && isKey) path.splice(-1, 1, JSON.parse(token) as string)
    else if (/^-?\d.*[.eE]/.test(token) && Number.isInteger(Number(token))) floats.add(pathOf(path))
    isKey = typeof path.at(-1) === 'string' && (token === '{' || token === ',')
  }
  return floats
}

function pathOf(path: readonly (string | number)[]): string {
  return path.join('/')
}

/** `line` is the line break before what stands at this depth. */
function written(
  value: unknown,
  path: readonly (string | number)[],
  floats: ReadonlySet<string>,
  line: string,
): string {
  if (typeof value === 'number') return numberText(value, path, floats)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${line}  `
  const text = (item: unknown, key: string | number) => written(item, [...path, key], floats, inner)
  if (Array.isArray(value))
    return block(
      '[',
      value.map((item: unknown, i) => text(item ?? null, i)),
      ']',
      line,
    )
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return block('{', entries.map(([key, item]) => `${JSON.stringify(key)}: ${text(item, key)}`), '}', line) // prettier-ignore
}

function block(open: string, items: readonly string[], close: string, line: string): string {
  return items.length === 0 ? open + close : `${open}${line}  ${items.join(`,${line}  `)}${line}${close}`
}

function numberText(value: number, path: readonly (string | number)[], floats: ReadonlySet<string>): string {
  const text = JSON.stringify(value)
  const field = path.findLast((key) => typeof key === 'string')
  const isFloat = floats.has(pathOf(path)) || (typeof field === 'string' && FLOAT_FIELDS.has(field))
  return isFloat && /^-?\d+$/.test(text) ? `${text}.0` : text
}
