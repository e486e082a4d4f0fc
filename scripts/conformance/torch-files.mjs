// Kind `torch_file`: files of torch.save, their objects and their tensors.
import { createHash } from 'node:crypto'
import * as lora from 'loralib'
import { toHost } from './compare.mjs'

const { nn } = lora

export const torchKinds = {
  torch_file: {
    run: runTorchFile,
    settings: ['input'],
    words: {
      container: 'how the file was saved; load() finds that out by itself',
      strides: 'how tensors lie in the file; what load() gives is contiguous',
      torch_weights_only_reads_it: 'what torch says, for information',
    },
  },
}

async function runTorchFile(fixture, check) {
  const { entry } = fixture
  check.rule(
    ['compare'],
    /^(?:tensor values bit for bit; expected tensors are in file; order of keys as in object|sha256 of the little-endian bytes of each tensor)$/,
  )
  for (const where of ['read', 'mapped']) {
    const { object, hosts, digests, fits } = await fixture
      .shared(['input', 'kind'], async (inputs) => ({
        read: await loadWhole(inputs.path(inputs.entry.input.path), false),
        mapped: await loadWhole(inputs.path(inputs.entry.input.path), true),
      }))
      .then((both) => both[where])
    check.fact(['object'], describe(object, entry.object))
    for (const [name, host] of hosts) if (fixture.has(name)) await check.exact(name, host, { where })
    if (entry.expected_digest !== undefined) {
      // The sum is computed in another order.
      check.fact(['expected_digest'], digests, { tolerance: { atol: 1e-9, rtol: 1e-9 } })
    }
    check.that('object', fits === null, fits)
  }
}

/** The object of a file, with the numbers of each tensor under its path, and whether a model accepts its state dict. */
async function loadWhole(path, mapped) {
  const loaded = await lora.load(path, { mapped })
  const hosts = new Map()
  const object = await outline(loaded, [], hosts)
  const digests = Object.fromEntries([...hosts].map(([name, host]) => [name, digest(host)]))
  return { object, hosts, digests, fits: await fitsModel(loaded) }
}

/** The object with each tensor replaced by its path. */
async function outline(value, path, hosts) {
  if (value instanceof lora.Tensor) {
    hosts.set(path.join('.'), await toHost(value))
    return { tensorAt: path.join('.') }
  }
  if (Array.isArray(value)) {
    const items = []
    for (const [i, item] of value.entries()) items.push(await outline(item, [...path, i], hosts))
    return items
  }
  if (typeof value !== 'object' || value === null) return value
  const pairs = []
  for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
    pairs.push([key, await outline(item, [...path, key], hosts)])
  }
  return { pairs }
}

/** An outline in the terms of the manifest. JavaScript has one type of list and of number, so the manifest's own names are used. */
function describe(value, stated) {
  if (value === null) return { NoneType: null }
  if (Array.isArray(value)) {
    const name = Array.isArray(stated?.tuple) ? 'tuple' : 'list'
    return { [name]: value.map((item, i) => describe(item, stated?.[name]?.[i])) }
  }
  if (typeof value === 'object') {
    if ('tensorAt' in value) return { tensor: value.tensorAt }
    return { dict: value.pairs.map(([key, item], i) => [key, describe(item, stated?.dict?.[i]?.[1])]) }
  }
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number')
    return { [stated !== null && typeof stated === 'object' && 'int' in stated ? 'int' : 'float']: value }
  return { [typeof value === 'string' ? 'str' : 'bool']: value }
}

function digest({ dtype, shape, data }) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return {
    dtype: dtype.toUpperCase(),
    shape,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sum_f64: Array.from(data, Number).reduce((sum, value) => sum + value, 0),
    first: Array.from(data.slice(0, 4), Number),
  }
}

/** A module of other modules and parameters by name. */
class Tree extends nn.Module {
  forward() {
    throw new Error('only its state dict counts')
  }
}

/** Whether a model with the keys of the file's state dict accepts it as loaded: null, or the error. */
async function fitsModel(loaded) {
  const state = loaded.model_state_dict ?? loaded
  if (!Object.values(state).every((value) => value instanceof lora.Tensor)) return null
  const names = Object.keys(state)
  const bare = names.every((name) => name.startsWith('module.')) ? names.map((name) => name.slice(7)) : names
  const model = new Tree()
  const want = new Map(bare.map((name, i) => [name, state[names[i]]]))
  for (const [name, tensor] of want) setAt(model, name.split('.'), want, name, tensor)
  const { missingKeys, unexpectedKeys } = model.loadStateDict(loaded, { strict: false })
  const base = missingKeys.filter((key) => !/\.(weight|bias)$/.test(key))
  if (base.length + unexpectedKeys.length > 0) return `missing ${base}, unexpected ${unexpectedKeys}`
  for (const [name, tensor] of Object.entries(model.stateDict())) {
    if (!want.has(name)) continue
    const [got, wanted] = [await toHost(tensor), await toHost(want.get(name))]
    if (String(got.data) !== String(wanted.data)) return `${name} differs in the model`
  }
  return null
}

/** Sets a parameter, or the LoRA layer that has it, at its path. */
function setAt(model, path, all, name, tensor) {
  const [own, layer] = [path.at(-1), path.at(-2)]
  const above = own === 'lora_A' || own === 'lora_B' ? path.slice(0, -2) : path.slice(0, -1)
  let at = model
  for (const part of above) at = at[part] ??= new Tree()
  if (own !== 'lora_A' && own !== 'lora_B') {
    if (at instanceof Tree) at[own] = nn.parameter(lora.zeros(tensor.shape, { dtype: tensor.dtype }), false)
    return
  }
  const [a, b] = ['lora_A', 'lora_B'].map((factor) => all.get([...above, layer, factor].join('.')).shape)
  const isPlain = layer !== 'emb' && a[0] === b[1] && !all.has([...above, layer, 'weight'].join('.'))
  if (isPlain) at[layer] ??= new lora.Linear(a[1], b[0], { r: a[0] })
  else (at[layer] ??= new Tree())[own] = nn.parameter(lora.zeros(tensor.shape, { dtype: tensor.dtype }), false)
}
