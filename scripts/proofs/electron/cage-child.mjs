// Everything that hands data of the engine to JavaScript, as hashes; run with and without the cage. argv: the text's file, the control addon.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { inRoot } from '../../lib/run.mjs'
import { work } from './work.mjs'
import { APP } from './world.mjs'

const [textFile, control] = process.argv.slice(2)
const hash = (array) =>
  createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex')
    .slice(0, 16)

async function readings() {
  const seen = {}
  for (const dtype of ['f32', 'f64', 'bf16', 'f16', 'i64', 'u8', 'bool']) {
    const tensor = lora.arange(0, 1000, 1).gt(500).to(dtype)
    seen[dtype] = hash(await tensor.data())
  }
  const large = lora
    .arange(0, 1 << 20, 1)
    .to('f32')
    .sin()
  const data = await large.data()
  seen.large = hash(data)
  // What JavaScript owns can be given away; what belongs to somebody else cannot.
  structuredClone(data.buffer, { transfer: [data.buffer] })
  seen.isOwned = data.buffer.byteLength === 0
  const folder = mkdtempSync(join(tmpdir(), 'loralib-cage-'))
  try {
    await lora.save({ large, half: large.to('bf16') }, join(folder, 'a.safetensors'))
    seen.file = hash(readFileSync(join(folder, 'a.safetensors')))
    const loaded = await lora.load(join(folder, 'a.safetensors'))
    seen.loaded = [hash(await loaded.large.data()), hash(await loaded.half.data())]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const tokenizer = lora.tokenizers.Tokenizer.fromFolder(inRoot('models/base'))
  const ids = await tokenizer.encodeAsync('In the beginning God created the heaven and the earth. '.repeat(200))
  seen.ids = hash(ids)
  return seen
}

const status = createRequire(import.meta.url)(control)
const seen = await readings()
const trained = await work({
  trainer: join(APP, 'trainer'),
  base: inRoot('models/base'),
  text: readFileSync(textFile, 'utf8'),
})
console.log(JSON.stringify({ status, seen, trained }))
process.exit()
