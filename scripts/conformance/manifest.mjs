// A fixture folder: its manifest, the check of its files, and opening one case for a run.
//
// The reference values are read by the reader below and not by the package, so that an error in the package's own
// reader cannot affect the reference; what the package reads is compared with it bit for bit when a case is opened.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, normalize, isAbsolute, sep } from 'node:path'
import * as lora from 'loralib'
import { toHost } from './compare.mjs'
import { Reads } from './reads.mjs'

/** A folder, a file or a case that cannot be used: the message is shown to the user without a stack. */
export class FixtureError extends Error {
  name = 'FixtureError'
}

/**
 * Reads `manifest.json`.
 * @returns {{ dir: string, groups: object, cases: object[], files: Map<string, object> }} `files`: all files of which the
 * manifest states size and hash, by path
 */
export function readManifest(dir) {
  const path = join(dir, 'manifest.json')
  if (!existsSync(path)) throw new FixtureError(`no manifest.json in ${dir}`)
  let manifest
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new FixtureError(`${path} is not JSON: ${error.message}`)
  }
  if (manifest.format !== 1 || !Array.isArray(manifest.cases)) {
    throw new FixtureError(`${path}: expected format 1 with a list of cases, received format ${manifest.format}`)
  }
  const ids = new Set()
  for (const entry of manifest.cases) {
    if (ids.has(entry.id)) throw new FixtureError(`${path}: the case id ${entry.id} stands twice`)
    ids.add(entry.id)
  }
  const files = new Map()
  for (const entry of manifest.cases) for (const file of statedFiles(entry)) files.set(file.path, file)
  return { dir, groups: manifest.groups ?? {}, cases: manifest.cases, files }
}

/** Every file of a case with its size and hash: the tensor file, and each `{path, bytes, sha256}` anywhere in the entry. */
export function statedFiles(entry) {
  const found = []
  if (entry.file !== undefined) found.push({ path: entry.file, bytes: entry.bytes, sha256: entry.sha256 })
  const walk = (value) => {
    if (Array.isArray(value)) return value.forEach(walk)
    if (value === null || typeof value !== 'object') return
    if (typeof value.path === 'string' && 'sha256' in value) found.push(value)
    Object.values(value).forEach(walk)
  }
  walk(entry)
  return found
}

const hashes = new Map()

/**
 * Checks size and SHA-256 of all files that a case names, and of those that other cases state for its model folder.
 * @throws {FixtureError} naming the first file that is missing or altered
 */
export function verifyFiles(manifest, entry) {
  const wanted = statedFiles(entry)
  for (const folder of [entry.model_dir, entry.adapter_dir]) {
    if (folder === undefined) continue
    const inside = [...manifest.files.values()].filter((file) => file.path.startsWith(`${folder}/`))
    wanted.push(...inside)
  }
  for (const file of wanted) verifyFile(manifest.dir, file)
}

function verifyFile(dir, { path, bytes, sha256 }) {
  const { size, digest } = fileDigest(pathInside(dir, path))
  if (size !== bytes) throw new FixtureError(`altered file ${path}: expected ${bytes} bytes, received ${size}`)
  if (digest !== sha256) throw new FixtureError(`altered file ${path}: expected sha256 ${sha256}, received ${digest}`)
}

function fileDigest(path) {
  if (!hashes.has(path)) {
    if (!existsSync(path)) throw new FixtureError(`missing file ${path}`)
    const content = readFileSync(path)
    hashes.set(path, { size: content.length, digest: createHash('sha256').update(content).digest('hex') })
  }
  return hashes.get(path)
}

/** The path of a file in the folder. A path that leaves the folder is refused. */
function pathInside(dir, path) {
  const clean = typeof path === 'string' ? normalize(path) : ''
  if (clean === '' || isAbsolute(clean) || clean === '..' || clean.startsWith(`..${sep}`)) {
    throw new FixtureError(`the path ${JSON.stringify(path)} leaves the fixture folder`)
  }
  return join(dir, clean)
}

/**
 * Opens a case: checks its files, reads its tensors twice (here and by `lora.load`) and compares the two.
 * @throws {FixtureError} when a file is missing or altered, or when the package reads other values than those in the file
 */
export async function openFixture(manifest, entry) {
  verifyFiles(manifest, entry)
  if (entry.file === undefined) return new Fixture({ dir: manifest.dir, entry, tensors: new Map(), loaded: new Map() })
  const path = pathInside(manifest.dir, entry.file)
  const tensors = readSafetensors(path)
  const loaded = new Map()
  for (const [name, tensor] of Object.entries(await lora.load(path))) {
    loaded.set(name, { dtype: tensor.dtype, shape: [...tensor.shape] })
    const want = tensors.get(name)
    if (want !== undefined && !sameBits((await toHost(tensor)).data, want.data)) {
      throw new FixtureError(`lora.load gives other values than ${entry.file} holds, in ${name}`)
    }
    tensor.dispose()
  }
  return new Fixture({ dir: manifest.dir, entry, tensors, loaded })
}

/**
 * One case in memory. Inputs come from `tensor()`, expected values from `want()`: two views of one file, so that a proof
 * can change an expectation of a tensor that is also an input.
 */
export class Fixture {
  #wants
  #results

  constructor({ dir, entry, tensors, loaded, wants = new Map(), results = new Map(), isNoted = true }) {
    this.dir = dir
    /** The entry as it stands in the manifest, for those who change it. */
    this.raw = entry
    /** What of the entry this run has read; null when nobody asks. */
    this.reads = isNoted ? new Reads(entry) : null
    /** The entry for the run. */
    this.entry = this.reads?.entry ?? entry
    this.tensors = tensors
    this.loaded = loaded
    this.#wants = wants
    this.#results = results
    /** Names of the tensors that were taken as inputs. */
    this.used = new Set()
  }

  /**
   * The same case with another entry or other expected values. Only {@link shared} results are kept. What is read is not noted with `isNoted: false`:
   * where an expectation is changed the case must fail before that counts.
   */
  with({ entry = this.raw, wants = this.#wants, isNoted = true }) {
    return new Fixture({
      dir: this.dir,
      entry,
      tensors: this.tensors,
      loaded: this.loaded,
      wants,
      results: this.#results,
      isNoted,
    })
  }

  /**
   * A long computation that a changed copy of the case need not repeat. `compute` gets a case with only the inputs
   * and the entry's `settings`, so its result cannot depend on anything that a proof changes.
   */
  async shared(settings, compute) {
    const entry = Object.fromEntries(settings.filter((key) => key in this.raw).map((key) => [key, this.raw[key]]))
    const key = JSON.stringify(entry)
    if (!this.#results.has(key)) {
      const inputs = new Fixture({ dir: this.dir, entry, tensors: this.tensors, loaded: this.loaded })
      inputs.want = () => {
        throw new Error('a shared computation may not read what is expected')
      }
      this.#results.set(key, { value: await compute(inputs), inputs })
    }
    const { value, inputs } = this.#results.get(key)
    for (const name of inputs.used) this.used.add(name)
    this.reads?.add(inputs.reads)
    return value
  }

  has(name) {
    return this.tensors.has(name)
  }

  /** The names that begin with `prefix`. */
  names(prefix = '') {
    return [...this.tensors.keys()].filter((name) => name.startsWith(prefix))
  }

  /** The expected value `{dtype, shape, data}`. */
  want(name) {
    return this.#wants.get(name) ?? this.tensors.get(name)
  }

  /** The values of an input `{dtype, shape, data}`. */
  input(name) {
    const found = this.tensors.get(name)
    if (found === undefined) throw new FixtureError(`the file of ${this.entry.id} has no tensor ${name}`)
    this.used.add(name)
    return found
  }

  /** A new tensor of the package with the values of an input. */
  tensor(name, { dtype, requiresGrad = false } = {}) {
    const { dtype: own, shape, data } = this.input(name)
    return hostToTensor({ shape, data }, dtype ?? own, requiresGrad)
  }

  /** All inputs that begin with `prefix`, under their names without it. */
  group(prefix, options) {
    return Object.fromEntries(this.names(prefix).map((name) => [name.slice(prefix.length), this.tensor(name, options)]))
  }

  /** A file or folder of the case. */
  path(relative) {
    return pathInside(this.dir, relative)
  }

  /** A JSON file of the case. */
  json(relative) {
    return JSON.parse(readFileSync(this.path(relative), 'utf8'))
  }
}

/** `{shape, data}` as a tensor of the package. */
export function hostToTensor({ shape, data }, dtype, requiresGrad = false) {
  const values = dtype === 'f64' ? Float64Array.from(data) : data
  return lora.tensor(values, { dtype, shape, requiresGrad })
}

function sameBits(got, want) {
  if (got.length !== want.length) return false
  for (let i = 0; i < want.length; i++) if (!Object.is(got[i], want[i])) return false
  return true
}

// safetensors: 8 bytes header length, a JSON header, then the data. Half types come out as f32, which holds them exactly,
// and small integers as i64, as the package widens them.
const DECODERS = {
  F64: ['f64', 8, (view, at) => view.getFloat64(at, true), Float64Array],
  F32: ['f32', 4, (view, at) => view.getFloat32(at, true), Float32Array],
  F16: ['f16', 2, (view, at) => halfToFloat(view.getUint16(at, true)), Float32Array],
  BF16: ['bf16', 2, (view, at) => bf16ToFloat(view.getUint16(at, true)), Float32Array],
  I64: ['i64', 8, (view, at) => view.getBigInt64(at, true), BigInt64Array],
  I32: ['i64', 4, (view, at) => BigInt(view.getInt32(at, true)), BigInt64Array],
  I16: ['i64', 2, (view, at) => BigInt(view.getInt16(at, true)), BigInt64Array],
  I8: ['i64', 1, (view, at) => BigInt(view.getInt8(at)), BigInt64Array],
  U8: ['u8', 1, (view, at) => view.getUint8(at), Uint8Array],
  BOOL: ['bool', 1, (view, at) => view.getUint8(at), Uint8Array],
}

/** The dtype of the package for one of a safetensors file. */
export const packageDtype = (stored) => DECODERS[stored]?.[0]

/** Reads a safetensors file. @returns {Map<string, {dtype: string, stored: string, shape: number[], data: object}>} */
export function readSafetensors(path) {
  const bytes = readFileSync(path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headerLength = Number(view.getBigUint64(0, true))
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString('utf8'))
  const tensors = new Map()
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const decoder = DECODERS[info.dtype]
    if (decoder === undefined) throw new FixtureError(`${path}: ${name} has the dtype ${info.dtype}`)
    const [dtype, width, read, Values] = decoder
    const start = 8 + headerLength + info.data_offsets[0]
    const count = info.shape.reduce((product, size) => product * size, 1)
    const data = new Values(count)
    for (let i = 0; i < count; i++) data[i] = read(view, start + i * width)
    tensors.set(name, { dtype, stored: info.dtype, shape: info.shape, data })
  }
  return tensors
}

function bf16ToFloat(bits) {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, bits)
  return view.getFloat32(0)
}

function halfToFloat(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
