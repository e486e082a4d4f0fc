// Weight files that are missing, truncated or inconsistent, and state dicts that do not fit.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as lora from 'loralib'
import { rejects, sync } from './judge.mjs'

const { nn, models } = lora
/** The folder of the files; the runner removes it. */
export const folder = mkdtempSync(join(tmpdir(), 'loralib-errors-'))
let last = 0

function file(bytes, name = `f${++last}.safetensors`) {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** A safetensors file of a header and a number of data bytes; `length` is the stated length of the header. */
function safetensors(header, dataBytes, { length, name } = {}) {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const claim = Buffer.alloc(8)
  claim.writeBigUInt64LE(BigInt(length ?? text.length))
  return file(Buffer.concat([claim, text, Buffer.alloc(dataBytes)]), name)
}

const x = (begin, end, shape = [2], dtype = 'F32') => ({ dtype, shape, data_offsets: [begin, end] })
const good = Buffer.concat([Buffer.from([64, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(JSON.stringify({ x: x(0, 8) }).padEnd(64)), Buffer.alloc(8)]) // prettier-ignore

/** Loaded as an adapter and mapped as a base: both must refuse it alike. The error must name the file. */
function hostile(name, make, fields = {}) {
  const path = make()
  const run = async () => {
    let first
    await lora.load(path, { mapped: true }).catch((error) => (first = error))
    await lora.load(path).catch((error) => {
      if (first?.message !== error.message) throw new Error(`mapped it says: ${first?.message}`)
      throw error
    })
  }
  return [name, run, { what: new RegExp(basename(path).replaceAll('.', '\\.')), ...fields }]
}

/** A folder whose index names this shard. */
function sharded(shard, tensors = { x: shard }) {
  const home = join(folder, `sharded-${++last}`)
  mkdirSync(home)
  writeFileSync(join(home, 'good.safetensors'), good)
  const path = join(home, 'model.safetensors.index.json')
  writeFileSync(path, JSON.stringify({ metadata: { total_size: 8 }, weight_map: tensors }))
  return path
}

const linear = () => new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1))
const dict = () => linear().stateDict()

function without(key) {
  const { [key]: _, ...rest } = dict()
  return rest
}

const many = () =>
  `{${Array.from({ length: 3 }, (_, i) => `"x${i}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`).join()}}`

export const group = 'weight files and state dicts'
export const cases = [
  ...rejects('ERR_LORA_FORMAT', [
    hostile('an empty file', () => file('')),
    hostile('a text', () => file('this is no weight file, only text')),
    hostile('an image', () => file(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'))),
    hostile('a header of 2^60 bytes', () => safetensors('{}', 0, { length: 1n << 60n }), {
      received: /1152921504606846976/,
    }),
    hostile('a header length of -1', () => safetensors('{}', 0, { length: (1n << 64n) - 1n })),
    hostile('a header one byte longer than the file', () => safetensors({ x: x(0, 8) }, 0, { length: 60 })),
    hostile('a header length of 0', () => safetensors({ x: x(0, 8) }, 8, { length: 0 })),
    hostile('a file cut in its header', () => file(good.subarray(0, 20))),
    hostile('a file cut in its numbers', () => file(good.subarray(0, good.length - 1))),
    hostile('bytes after the numbers', () => file(Buffer.concat([good, Buffer.alloc(4)]))),
    hostile('a header that is no JSON', () => safetensors('{"x": ', 0)),
    hostile('a header that is a list', () => safetensors('[1, 2]', 0)),
    hostile('a header that is no UTF-8', () =>
      file(Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0xff, 0xfe])])),
    ),
    hostile('a header nested 100,000 deep', () => safetensors(`{"x":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 0)),
    hostile('a name twice', () => safetensors(`{"x":${JSON.stringify(x(0, 8))},"x":${JSON.stringify(x(8, 16))}}`, 16)),
    hostile('tensors that overlap', () => safetensors({ x: x(0, 8), y: x(4, 12) }, 12)),
    hostile('three tensors at one offset', () => safetensors(many(), 4)),
    hostile('a hole between tensors', () => safetensors({ x: x(0, 8), y: x(12, 20) }, 20)),
    hostile('offsets that run backwards', () => safetensors({ x: x(8, 0) }, 8)),
    hostile('offsets beyond the file', () => safetensors({ x: x(1e15, 1e15 + 8) }, 8)),
    hostile('negative offsets', () => safetensors({ x: x(-8, 0) }, 8)),
    hostile('offsets with fractions', () => safetensors({ x: x(0, 7.5) }, 8)),
    hostile('a shape that is larger than the bytes', () => safetensors({ x: x(0, 8, [3]) }, 8)),
    hostile('a shape that overflows', () => safetensors({ x: x(0, 8, [2 ** 40, 2 ** 40]) }, 8)),
    hostile('a shape of negative sizes', () => safetensors({ x: x(0, 8, [-1, -2]) }, 8)),
    hostile('a dtype that lies', () => safetensors({ x: x(0, 8, [2], 'F64') }, 8)),
    hostile('a dtype that there is not', () => safetensors({ x: x(0, 2, [2], 'F7') }, 2)),
    hostile('metadata that is no text', () => safetensors({ __metadata__: { step: 1 }, x: x(0, 8) }, 8)),
    hostile('an index that is no JSON', () => file('{"weight_map": ', 'broken.safetensors.index.json')),
    hostile('an index without a map', () => file('{"metadata": {}}', 'empty.safetensors.index.json')),
    hostile('an index whose shard lies outside of its folder', () => sharded('../f1.safetensors')),
    hostile('an index with an absolute path', () => sharded('/etc/passwd')),
    hostile('an index of a tensor that its shard lacks', () => sharded('good.safetensors', { y: 'good.safetensors' })),
  ]),
  ...rejects('ERR_LORA_FILE', [
    ['a file that is not there', () => lora.load(join(folder, 'none.safetensors')), { what: /none\.safetensors/ }],
    ['a folder instead of a file', () => lora.load(folder), { received: /folder/ }],
    ['a device instead of a file', () => lora.load('/dev/zero'), { received: /device/ }],
    ['a path with a NUL', () => lora.load('a\0b'), { received: /NUL|nul|null/ }],
    [
      'an index whose shard is missing',
      () => lora.load(sharded('gone.safetensors')),
      { received: /gone\.safetensors/ },
    ],
    [
      'a model folder without config.json',
      () => models.GPT2LMHeadModel.fromPretrained(folder),
      { what: /config\.json/ },
    ],
    [
      'saving into a folder that is not there',
      () => lora.save({ x: lora.ones([1]) }, join(folder, 'none', 'x')),
      { what: /none/ },
    ],
    ['saving onto a folder', () => lora.save({ x: lora.ones([1]) }, folder), { fix: /folder/ }],
    ['a header of a file that is not there', () => lora.loadHeader(join(folder, 'none')), { what: /none/ }],
  ]),
  ...rejects('ERR_LORA_UNSUPPORTED', [
    [
      'a dtype that is not supported',
      () => lora.load(safetensors({ x: x(0, 2, [2], 'F8_E4M3') }, 2)),
      { received: /F8/ },
    ],
  ]),
  ...rejects('ERR_LORA_OPTION', [
    ['saving what is no value', () => lora.save({ x: () => 1 }, join(folder, 'x')), { what: /x cannot be saved/ }],
    [
      'saving under the name of the metadata',
      () => lora.save({ __metadata__: lora.ones([1]) }, join(folder, 'x')),
      { what: /__metadata__/ },
    ],
  ]),
  ...sync('ERR_LORA_KEY', [
    ['a missing key', () => linear().loadStateDict(without('1.bias')), { received: /1\.bias/ }],
    ['a key too many', () => linear().loadStateDict({ ...dict(), extra: lora.ones([1]) }), { received: /extra/ }],
    [
      'a tensor of another shape',
      () => linear().loadStateDict({ ...dict(), '1.bias': lora.ones([2]) }),
      { received: /\(2\) for \(1\)/ },
    ],
    ['the state of another model', ({ model }) => model.loadStateDict(dict()), { received: /./ }],
  ]),
]
