// Cases about the zip archive: names that are paths, inconsistent records, sizes that expand.
import { deflateRawSync } from 'node:zlib'
import { FLOATS, bytes, dictOf, little, op, pickle, storage, tensor, zip, zipFile } from './write.mjs'

const FORMAT = 'ERR_LORA_FORMAT'
const UNSUPPORTED = 'ERR_LORA_UNSUPPORTED'
const program = pickle(dictOf(['w', tensor()]))
const pickled = { name: 'a/data.pkl', data: program }
const numbers = { name: 'a/data/0', data: FLOATS }
const loaded = { object: [['w', { dtype: 'f32', shape: [2, 2], data: [1, 2, 3, 4] }]] }

const refused = (name, file, code = FORMAT) => ({ group: 'archive that lies', name, file, refuse: code })
const loads = (name, file) => ({ group: 'odd but good', name, file, loads: loaded })
const packed = (data) => ({ data: deflateRawSync(data), method: 8, size: data.length })
const whole = zipFile(program)
const at = (text) => whole.indexOf(text)

/** The archive with one byte replaced at an offset. */
function patched(offset, value) {
  const copy = Buffer.from(whole)
  copy.set(value, offset)
  return copy
}

const wide = (first, ...sizes) =>
  bytes(little(first, 2), little(8 * sizes.length, 2), ...sizes.map((size) => little(size, 8)))

export const archiveCases = [
  refused('a record twice', zip([pickled, numbers, numbers])),
  refused('the pickle twice', zip([pickled, { ...pickled, data: pickle(op.none) }, numbers])),
  refused(
    'records that overlap',
    zip([pickled, numbers, { name: 'a/data/1', data: '', size: 16, packed: 16, at: 0, absent: true }]),
  ),
  refused(
    'two names for one offset',
    zip([pickled, numbers, { ...numbers, name: 'a/data/1', at: bytes('PK\x03\x04').length, absent: true }]),
  ),
  refused('a record at 2^31', zip([pickled, { ...numbers, at: 2 ** 31 }])),
  refused('a record in the directory', zip([pickled, { ...numbers, size: 400, packed: 400 }])),
  refused('a record with two sizes', zip([pickled, { ...numbers, size: 15 }])),
  refused('a record of 4 GiB', zip([pickled, { ...numbers, size: 2 ** 32 - 2, packed: 2 ** 32 - 2 }])),
  refused(
    'a record of 2^63 bytes',
    zip([pickled, { ...numbers, size: 2 ** 32 - 1, packed: 2 ** 32 - 1, extra: wide(1, 2n ** 63n, 2n ** 63n) }]),
  ),
  refused(
    'a large record without its extra field',
    zip([pickled, { ...numbers, size: 2 ** 32 - 1, packed: 2 ** 32 - 1 }]),
  ),
  refused('a record under another name than the directory says', zip([pickled, { ...numbers, localName: 'a/data/9' }])),
  refused(
    'a name that is not UTF-8',
    zip([pickled, numbers, { name: Buffer.from([0x61, 0x2f, 0xff]), localName: Buffer.from([0x61, 0x2f, 0xff]) }]),
  ),
  refused('a compressed pickle', zip([{ ...pickled, ...packed(program) }, numbers]), UNSUPPORTED),
  refused('a zip bomb: 400 MB of zeros', zip([{ ...pickled, ...packed(Buffer.alloc(400e6)) }, numbers]), UNSUPPORTED),
  refused('a compressed storage', zip([pickled, { ...numbers, ...packed(FLOATS) }]), UNSUPPORTED),
  refused('an encrypted record', zip([{ ...pickled, flags: 1 }, numbers]), UNSUPPORTED),
  refused(
    'a TorchScript program',
    zip([pickled, numbers, { name: 'a/constants.pkl', data: pickle(op.none) }]),
    UNSUPPORTED,
  ),
  refused('an empty archive', zip([])),
  refused('no pickle', zip([numbers])),
  refused('the pickle in another folder', zip([{ ...numbers, name: 'b/data/0' }, pickled])),
  refused('a byte order of its own', zip([pickled, numbers, { name: 'a/byteorder', data: 'middle' }])),
  refused('more records than there are', zip([pickled, numbers], { count: 3 })),
  refused('65,535 records', zip([pickled, numbers], { count: 65535 })),
  refused('a directory past the end', zip([pickled, numbers], { start: 2 ** 31 })),
  refused('a directory of 4 GiB', zip([pickled, numbers], { size: 2 ** 32 - 1 })),
  refused('a directory that begins elsewhere', zip([pickled, numbers], { start: 1 })),
  refused('bytes after the end', bytes(whole, 'more')),
  refused('a damaged directory', patched(at('PK\x01\x02'), [0])),
  refused('a damaged local head', patched(at('PK\x03\x04') + 1, [0])),
  ...Array.from({ length: 12 }, (_, i) => Math.floor((whole.length * (i + 0.5)) / 12)).map((length) =>
    refused(`cut after ${length} of ${whole.length} bytes`, whole.subarray(0, length)),
  ),
  {
    ...refused(
      'a wrong end record in 64 bits',
      bytes(
        zip([pickled, numbers]).subarray(0, -22),
        'PK\x06\x07',
        little(0, 4),
        little(2n ** 63n, 8),
        little(1, 4),
        zip([pickled, numbers]).subarray(-22),
      ),
    ),
  },
  loads(
    'a wrong checksum, which torch does not read either',
    zip([
      { ...pickled, crc: 1 },
      { ...numbers, crc: 2 },
    ]),
  ),
  loads('a comment', zip([pickled, numbers], { comment: 'PK\x05\x06 is no end' })),
  loads(
    'records named ../',
    zip([pickled, numbers, { name: '../../evil', data: 'x' }, { name: '/etc/evil', data: 'x' }]),
  ),
  loads(
    'bytes that the directory does not mention',
    zip([pickled, { name: 'a/hidden', data: 'x'.repeat(100), hidden: true }, numbers]),
  ),
  loads(
    'no folder name at all',
    zip([
      { ...pickled, name: '/data.pkl' },
      { ...numbers, name: '/data/0' },
    ]),
  ),
  {
    group: 'odd but good',
    name: 'a storage under a path that is in the archive',
    file: zip([
      { name: 'a/data.pkl', data: pickle(dictOf(['w', tensor({ on: storage({ key: '../x' }) })])) },
      { name: 'a/data/../x', data: FLOATS },
    ]),
    loads: loaded,
  },
]
