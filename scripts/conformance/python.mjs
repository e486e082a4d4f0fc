// From the Python of a case to the package: option names, dtypes, layers and whole models.
import * as lora from 'loralib'

const { nn } = lora

/** The loralib layers that this runner supports. */
export const LORA_LAYERS = ['Linear', 'Embedding', 'MergedLinear', 'Conv1d', 'Conv2d', 'Conv3d']

const DTYPES = {
  F64: 'f64',
  F32: 'f32',
  BF16: 'bf16',
  F16: 'f16',
  float64: 'f64',
  float32: 'f32',
  bfloat16: 'bf16',
  float16: 'f16',
}

/** `lora_alpha` → `loraAlpha`. */
export const camelCase = (name) => name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase())

/** Keyword arguments as an options object. */
export function optionsOf(kwargs = {}) {
  return Object.fromEntries(
    Object.entries(kwargs).map(([key, value]) => [camelCase(key), key === 'dtype' ? dtypeOf(value) : value]),
  )
}

/** `F32` or `torch.float32` → `f32`. */
export const dtypeOf = (name) => DTYPES[String(name).replace(/^torch\./, '')] ?? name

/** A new loralib layer. */
export function makeLayer(layer, args, kwargs, dtype) {
  if (!LORA_LAYERS.includes(layer)) throw new Error(`this runner knows no layer ${layer}`)
  return new (Reflect.get(lora, layer))(...args, { ...optionsOf(kwargs), ...(dtype === undefined ? {} : { dtype }) })
}

/** A model from its spec: plain modules, lists, layers, own parameters and buffers, ties. */
export function buildModel(spec) {
  const model = buildModule(spec)
  for (const [alias, target] of Object.entries(spec.ties ?? {})) {
    const [owner, name] = parentOf(model, alias)
    owner[name] = parameterAt(model, target)
  }
  return model
}

// Children are set before own parameters, so that the order of a state dict is determined by the package.
class SpecModule extends nn.Module {
  constructor(spec) {
    super()
    for (const [name, child] of Object.entries(spec.children ?? {})) this[name] = buildModel(child)
    for (const [name, shape] of Object.entries(spec.buffers ?? {})) this.registerBuffer(name, lora.zeros(shape))
    for (const [name, shape] of Object.entries(spec.parameters ?? {})) this[name] = nn.parameter(lora.zeros(shape))
  }

  forward() {
    throw new Error('a model of a surgery case has no forward')
  }
}

function buildModule(spec) {
  if (spec.type === 'Module') return new SpecModule(spec)
  if (spec.type === 'List' || spec.type === 'ModuleList') return new nn.ModuleList((spec.items ?? []).map(buildModel))
  if (spec.type === 'Sequential') return new nn.Sequential(...(spec.items ?? []).map(buildModel))
  const [, name] = /^(?:lora|nn)?\.?(\w+)$/.exec(spec.type) ?? []
  if (spec.type.startsWith('lora.')) return makeLayer(name, spec.args ?? [], spec.kwargs)
  if (typeof nn[name] !== 'function') throw new Error(`this runner knows no module ${spec.type}`)
  return new nn[name](...(spec.args ?? []), optionsOf(spec.kwargs))
}

/** The module that holds a dotted name, and the field in it. `lora_A` and `lora_B` are the fields `loraA` and `loraB`. */
export function parentOf(model, path) {
  const cut = path.lastIndexOf('.')
  const owner = cut < 0 ? model : model.getSubmodule(path.slice(0, cut))
  const name = path.slice(cut + 1)
  return [owner, name === 'lora_A' ? 'loraA' : name === 'lora_B' ? 'loraB' : name]
}

/** The parameter for a state-dict key; aliases of tied parameters too. */
export function parameterAt(model, key) {
  const [owner, name] = parentOf(model, key)
  return owner[name]
}

/**
 * `[key of upstream, key of the package]` in upstream's order. A convolution's weight and bias appear there a second time, as those of an
 * inner module `conv` (bug B6); release 0.1.2 has only these.
 */
export function upstreamKeys(model, release = 'head') {
  const keys = []
  for (const [path, module] of model.namedModules()) {
    const prefix = path === '' ? '' : `${path}.`
    const aliases = Object.entries(module.keyAliases())
    const renamed = release === 'head' ? [] : aliases.map(([, key]) => key)
    const own = [...module.ownTensors()].map(([key]) => key).filter((key) => !renamed.includes(key))
    for (const key of own) keys.push([prefix + key, prefix + key])
    for (const [alias, key] of aliases) keys.push([prefix + alias, prefix + key])
  }
  return keys
}

/** `{key: requiresGrad}` under upstream's keys, in their order, without buffers. */
export function requiresGradOf(model) {
  const buffers = new Set([...model.namedBuffers()].map(([name]) => name))
  const keys = upstreamKeys(model).filter(([, key]) => !buffers.has(key))
  return Object.fromEntries(keys.map(([name, key]) => [name, parameterAt(model, key)?.requiresGrad]))
}

/** Elements of all trainable parameters, tied ones once. */
export function trainableNumel(model) {
  let count = 0
  for (const [, parameter] of model.namedParameters()) {
    if (parameter.requiresGrad) count += parameter.shape.reduce((product, size) => product * size, 1)
  }
  return count
}

/** The error that `fn` throws, or null. */
export function thrownBy(fn) {
  try {
    fn()
    return null
  } catch (error) {
    return error
  }
}

/** Whether it is an error of the package, with a code: not a crash. */
export const isLoraError = (error) => error instanceof lora.LoraError && String(error.code).startsWith('ERR_LORA_')
