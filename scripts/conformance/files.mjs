// Kinds of weight files: their content, their shards, and files that must be refused.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as lora from 'loralib'
import { Loader } from '../lib/loader.mjs'
import { toHost } from './compare.mjs'
import { torchKinds } from './torch-files.mjs'

const loader = new Loader()
process.once('exit', () => loader.close())

const MB = 2 ** 20
/** A sentence of `must_hold` → the check of a load. */
const MUST_HOLD = [
  [/^no file whose name begins with loralib_fixture_code_was_run may appear in the working directory$/, marker],
  [
    /^no crash(?: of the process)?, no panic: an error that names the file(?: and the tensor where one is known)?$/,
    sound,
  ],
  [/^no more than (\d+) MB of memory beyond the file(?: itself)?(?:,(?: and)? at most (\d+) seconds)?$/, bounded],
]

export const fileKinds = {
  ...torchKinds,
  hostile_torch_file: {
    run: (fixture, check) => runHostile(fixture, check, MAY_LOAD),
    settings: ['input'],
    words: { why: 'what is wrong with the file', torch_weights_only: 'what torch says, for information' },
  },
  safetensors_file: { run: runSafetensors, settings: ['input'], words: {} },
  hostile_safetensors: {
    run: (fixture, check) => runHostile(fixture, check, STATED),
    settings: ['input'],
    words: { why: 'what is wrong with the file', reference_reader: 'what another reader says, for information' },
  },
  hostile_gguf: {
    run: (fixture, check) => runHostile(fixture, check, [...STATED, ...MAY_LOAD, [BIG_ENDIAN, () => true]]),
    settings: ['input'],
    words: { why: 'what is wrong with the file' },
  },
  safetensors_sharded: { run: runSharded, settings: ['model_dir', 'same_as'], words: {} },
  hostile_safetensors_index: {
    run: runHostileIndex,
    settings: ['index', 'shards_dir'],
    words: { why: 'what is wrong with the index' },
  },
}

/** What a file that need not be refused may do, as a test of the outcome that `load-child.mjs` describes. */
const MAY_LOAD = [
  [/^refuse, or keep it a view; never allocate it$/, () => true],
  [/^refuse(?:,)? or load an empty dict$/, (object) => object?.object?.length === 0],
  [/^refuse, or keep it shared and not expand it$/, () => true],
  [/^refuse \(too deep\), or load without a stack overflow$/, () => true],
  [/^refuse, or (?:load|read)$/, () => true],
  [/^load$/, () => true],
]
/** A refusal that must say why. */
const BIG_ENDIAN = /^refuse and say (big-endian), or read$/
/** Files that must load. */
const STATED = [
  [/^load: no tensors$/, (object) => object?.object?.length === 0],
  [/^load: a is the first 16 bytes$/, () => true],
  // Names are any text.
  [/^load: (.+ is \w+ \[[\d,]*\](?:, .+ is \w+ \[[\d,]*\])*)$/su, () => true],
]

async function runHostile(fixture, check, loads) {
  const { input, expect } = fixture.entry
  const outcome = await fixture.shared(['input'], (inputs) => observe(inputs.path(inputs.entry.input.path)))
  checkMustHold(fixture, check, outcome)
  const known = [/^refuse$/, ...loads.map(([pattern]) => pattern)].map(({ source }) => `(?:${source})`).join('|')
  const others = outcome.read.state === 'refused' ? ['load', 'load: no tensors'] : ['refuse', 'load: a is F32 [9,9]']
  if (check.rule(['expect'], new RegExp(known), { mutants: others }) === null) return
  for (const how of ['read', 'mapped']) {
    const { state, object } = outcome[how]
    if (state === 'refused') check.that('expect', !expect.startsWith('load'), `${how}: refused`)
    const [, said] = BIG_ENDIAN.exec(expect) ?? []
    if (state === 'refused' && said)
      check.that('expect', outcome[how].message.includes(said), `${how}: the error does not say ${said}`)
    if (state !== 'loaded') continue
    const row = loads.find(([pattern]) => pattern.test(expect))
    check.that('expect', row?.[1](object) ?? row !== undefined, `${how}: loaded ${JSON.stringify(object)}`)
    if (expect.startsWith('load: ') && expect !== 'load: no tensors')
      await checkStated(fixture.path(input.path), expect, how === 'mapped', check)
  }
}

/** A file loaded whole and mapped. */
async function observe(path) {
  return { name: basename(path), read: await loader.load(path), mapped: await loader.load(path, { mapped: true }) }
}

function checkMustHold({ entry }, check, outcome) {
  for (const [i, sentence] of (entry.must_hold ?? []).entries()) {
    const row = MUST_HOLD.find(([pattern]) => pattern.test(sentence))
    const mutant = sentence.replace(/at most \d+ seconds/, 'at most 0 seconds')
    const mutants = mutant === sentence ? [] : [mutant]
    const match = check.rule(['must_hold', i], row?.[0] ?? /(?!)/, { mutants })
    if (match === null) continue
    for (const how of ['read', 'mapped']) {
      const wrong = row[1](outcome[how], match, outcome.name)
      check.that(`must_hold.${i}`, wrong === null, `${how}: ${wrong}`)
    }
  }
}

function marker({ made }) {
  return made.length === 0 ? null : `made ${made.join(', ')}`
}

function sound({ state, how, message, code }, _, name) {
  if (state === 'loaded') return null
  if (state !== 'refused') return `${state} ${how ?? message}`
  // A single file always exists; only an index can name one that does not.
  const codes = ['ERR_LORA_FORMAT', 'ERR_LORA_UNSUPPORTED', ...(name.endsWith('.json') ? ['ERR_LORA_FILE'] : [])]
  if (!codes.includes(code)) return `refused with ${code}`
  return message.includes(name) ? null : `the error does not name ${name}: ${message}`
}

function bounded({ grownBytes = 0, ms = 0 }, [, megabytes, seconds = Infinity]) {
  if (grownBytes > megabytes * MB) return `took ${(grownBytes / MB).toFixed(1)} MB`
  return ms > seconds * 1000 ? `took ${(ms / 1000).toFixed(1)} s` : null
}

/** `a is F32 [2,2], b is …`, or that `a` is the first 16 bytes after the header. */
async function checkStated(path, expect, mapped, check) {
  const dict = await lora.load(path, { mapped })
  if (expect.endsWith('first 16 bytes')) {
    const { readFileSync } = await import('node:fs')
    const bytes = readFileSync(path)
    const start = 8 + Number(bytes.readBigUInt64LE(0))
    const got = Buffer.from((await dict.a.data()).buffer)
    return check.that('expect', got.equals(bytes.subarray(start, start + 16)), 'a holds other bytes')
  }
  const { tensors } = await (path.endsWith('.gguf') ? lora.loadGgufHeader(path) : lora.loadHeader(path))
  const said = tensors.map(({ name, fileDtype, shape }) => `${name} is ${fileDtype} [${shape}]`)
  check.that('expect', expect === `load: ${said.join(', ')}`, `got ${said.join(', ')}`)
  for (const { name, dtype, shape } of tensors) {
    const host = await toHost(dict[name])
    const count = shape.reduce((product, size) => product * size, 1)
    const fits = host.dtype === dtype && String(host.shape) === String(shape) && host.data.length === count
    check.that('expect', fits, `${name} is loaded as ${host.dtype} [${host.shape}]`)
  }
}

async function runSafetensors(fixture, check) {
  const path = fixture.path(fixture.entry.input.path)
  const { tensors, metadata } = await lora.loadHeader(path)
  check.fact(['metadata'], metadata)
  for (const mapped of [false, true]) {
    const dict = await lora.load(path, { mapped })
    const got = {}
    for (const { name, fileDtype, shape } of tensors) {
      const { data } = await toHost(dict[name])
      const plain = fileDtype === 'BOOL' ? (value) => value === 1 : Number
      got[name] = { dtype: fileDtype, shape, values: Array.from(data, plain) }
    }
    check.fact(['expected'], got)
  }
}

async function runSharded(fixture, check) {
  const { model_dir: dir, same_as: whole } = fixture.entry
  const index = join(dir, 'model.safetensors.index.json')
  check.fact(['shards'], new Set(Object.values(fixture.json(index).weight_map)).size)
  const want = await lora.load(fixture.path(join(whole, 'model.safetensors')))
  for (const mapped of [false, true]) {
    const got = await lora.load(fixture.path(index), { mapped })
    const names = (dict) => Object.keys(dict).sort().join()
    check.that('same_as', names(got) === names(want), `got the names ${names(got)}`)
    for (const [name, tensor] of Object.entries(want)) {
      const [a, b] = [await toHost(got[name]), await toHost(tensor)]
      const same =
        a !== null && a.dtype === b.dtype && String(a.shape) === String(b.shape) && bitsOf(a).equals(bitsOf(b))
      check.that('same_as', same, `${name} differs`)
    }
  }
}

const bitsOf = ({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)

async function runHostileIndex(fixture, check) {
  const { entry } = fixture
  check.rule(
    ['how'],
    /^copy the shards and config\.json from shards_dir beside this index into a temporary folder, then load that folder$/,
  )
  const outcome = await fixture.shared(['index', 'shards_dir'], (inputs) => observeIndex(inputs))
  checkMustHold(fixture, check, outcome)
  check.rule(['expect'], /^(?:refuse|load: no tensors)$/, { mutants: ['load: no tensors'] })
  for (const { state } of [outcome.read, outcome.mapped]) {
    check.that('expect', entry.expect === 'refuse' && state === 'refused', `${state}, which is not: ${entry.expect}`)
  }
}

async function observeIndex(inputs) {
  const { entry } = inputs
  const folder = mkdtempSync(join(tmpdir(), 'loralib-index-'))
  try {
    const shards = inputs.path(entry.shards_dir)
    for (const name of readdirSync(shards)) cpSync(join(shards, name), join(folder, name))
    const index = join(folder, basename(entry.index.path))
    rmSync(index, { force: true })
    cpSync(inputs.path(entry.index.path), index)
    return await observe(index)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
