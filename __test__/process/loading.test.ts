import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { TRAIN, runProgram } from '../support/process.js'
import { removeFolder } from '../support/files.js'

const folder = mkdtempSync(join(tmpdir(), 'loralib-loading-'))
test.after.always(() => removeFolder(folder))

test("require('loralib') from CommonJS gives the same package", async (t) => {
  const ended = await runProgram(
    `const lora = require('loralib'); ${TRAIN}
     train(lora).then((losses) => console.log(losses.length, typeof lora.nn.Linear, typeof lora.models.GPT2LMHeadModel))`,
    { module: 'cjs' },
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, '3 function function\n')
})

test('import and require share one engine and one set of classes', async (t) => {
  const ended = await runProgram(
    `const lora = require('loralib')
     import('loralib').then((esm) => console.log(lora.Tensor === esm.Tensor, lora.ones([1]) instanceof esm.Tensor))`,
    { module: 'cjs' },
  )
  t.is(ended.out, 'true true\n', ended.errors)
})

const PRINT = `try { await import('loralib'); console.log('loaded') }
  catch (error) { console.log(JSON.stringify({ code: error.code, name: error.name, message: error.message, fix: error.hint })) }`

test('an addon path that leads nowhere: the error names file and machine', async (t) => {
  const path = join(folder, 'none.node')
  const ended = await runProgram(PRINT, { env: { LORALIB_NATIVE_PATH: path } })
  const error = JSON.parse(ended.out) as Record<string, string>
  t.is(error['code'], 'ERR_LORA_UNSUPPORTED')
  t.is(error['name'], 'UnsupportedError')
  t.true(error['message']!.includes(path))
  t.regex(error['message']!, new RegExp(process.platform))
  t.regex(error['fix']!, /LORALIB_NATIVE_PATH/)
})

test('an addon that is not a library: the error has the message of the system', async (t) => {
  const path = join(folder, 'broken.node')
  writeFileSync(path, 'not a library')
  const ended = await runProgram(PRINT, { env: { LORALIB_NATIVE_PATH: path } })
  const error = JSON.parse(ended.out) as Record<string, string>
  t.is(error['code'], 'ERR_LORA_UNSUPPORTED')
  t.true(error['message']!.includes(path))
  t.regex(error['message']!, /cannot be loaded/)
})

const USE = `import * as lora from 'loralib'
  try { lora.ones([1]); console.log(JSON.stringify(lora.backend())) }
  catch (error) { console.log(JSON.stringify({ code: error.code, expected: error.expected, received: error.received })) }`

test('environment: what is set is what runs', async (t) => {
  const { out } = await runProgram(USE, { env: { LORALIB_THREADS: '3', LORALIB_ISA: 'candle' } })
  const backend = JSON.parse(out) as { threads: number; isa: string; device: string }
  t.is(backend.threads, 3)
  t.is(backend.isa, 'candle')
  t.is(backend.device, 'cpu')
})

const wrong: [name: string, value: string, code: string][] = [
  ['LORALIB_THREADS', '0', 'ERR_LORA_OPTION'],
  ['LORALIB_THREADS', 'many', 'ERR_LORA_OPTION'],
  ['LORALIB_ISA', 'sse2', 'ERR_LORA_OPTION'],
  ['LORALIB_DEBUG', '9', 'ERR_LORA_OPTION'],
  ['LORALIB_PRIORITY', 'high', 'ERR_LORA_OPTION'],
  ['LORALIB_DEVICE', 'tpu', 'ERR_LORA_DEVICE'],
]
for (const [name, value, code] of wrong) {
  test(`environment: ${name}=${value} is ${code}`, async (t) => {
    const { out, errors } = await runProgram(USE, { env: { [name]: value } })
    const error = JSON.parse(out || '{}') as Record<string, string>
    t.is(error['code'], code, errors)
    t.regex(error['received'] ?? '', new RegExp(value))
  })
}

/** DT_FLAGS of a 64-bit little-endian ELF library. */
function flagsOf(path: string): bigint {
  const file = readFileSync(path)
  const [headers, size, count] = [Number(file.readBigUInt64LE(0x20)), file.readUInt16LE(0x36), file.readUInt16LE(0x38)]
  for (let at = headers; at < headers + size * count; at += size) {
    if (file.readUInt32LE(at) !== 2) continue // PT_DYNAMIC
    const start = Number(file.readBigUInt64LE(at + 8))
    const end = start + Number(file.readBigUInt64LE(at + 32))
    for (let entry = start; entry < end; entry += 16) {
      if (file.readBigUInt64LE(entry) === 30n) return file.readBigUInt64LE(entry + 8)
    }
  }
  return 0n
}

const linux = process.platform === 'linux' ? test : test.skip
linux('the addon needs no thread-local memory from the start of the process: musl would refuse to load it', (t) => {
  const folder = fileURLToPath(new URL('../../native', import.meta.url))
  const addons = readdirSync(folder).filter((name) => name.endsWith('.node'))
  t.true(addons.length > 0)
  const STATIC_TLS = 0x10n
  for (const name of addons) t.is(flagsOf(join(folder, name)) & STATIC_TLS, 0n, name)
})

const DEVICE = `import * as lora from 'loralib'
  try {
    const { device, cuda, cudaReport } = lora.backend({ explain: true })
    console.log(JSON.stringify({ device, cuda, reasons: cudaReport.reasons }))
  } catch (error) { console.log(JSON.stringify({ code: error.code, received: error.received, hint: error.hint })) }`

interface DeviceFound {
  device?: string
  cuda?: boolean
  reasons?: string[]
  code?: string
  received: string
  hint: string
}

test('LORALIB_DEVICE=cuda where CUDA cannot be used: the error has the reasons, and the command that mends the first', async (t) => {
  const ended = await runProgram(DEVICE, { env: { LORALIB_DEVICE: 'cuda' } })
  const { cuda, code, received, hint } = JSON.parse(ended.out) as DeviceFound
  if (cuda) {
    t.pass('this build has CUDA')
    return
  }
  t.is(code, 'ERR_LORA_DEVICE')
  t.regex(received, /cuda:0: .*npm install @loralib\/cuda-linux-x64/)
  t.regex(hint, /LORALIB_DEVICE=auto/)
})

test('LORALIB_DEVICE=auto where CUDA cannot be used: the CPU, with the reasons', async (t) => {
  const ended = await runProgram(DEVICE, { env: { LORALIB_DEVICE: 'auto' } })
  const { device, cuda, reasons } = JSON.parse(ended.out) as DeviceFound
  if (cuda) {
    t.pass('this build has CUDA')
    return
  }
  t.is(device, 'cpu', ended.errors)
  t.true(
    reasons!.some((reason) => reason.includes('@loralib/cuda-linux-x64')),
    reasons!.join(),
  )
})

test('LORALIB_DEBUG=4: the operation that made the first NaN is named', async (t) => {
  const text = `import * as lora from 'loralib'
    const x = lora.tensor([-1, 1], { requiresGrad: true })
    try { await x.log().mul(2).sum().item(); console.log('{}') }
    catch (error) { console.log(JSON.stringify({ code: error.code, name: error.name, op: error.op, received: error.received })) }`
  const ended = await runProgram(text, { env: { LORALIB_DEBUG: '4' } })
  const error = JSON.parse(ended.out.trim().split('\n').at(-1)!) as Record<string, string>
  t.is(error['code'], 'ERR_LORA_NON_FINITE', ended.errors)
  t.is(error['name'], 'NonFiniteError')
  t.is(error['op'], 'log')
})
