// Bases in mapped files that another program cuts short: an error, never a signal, and signals of others go where they went.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { isOnCandle } from '../support/kernels.js'
import { TRAIN, runProgram } from '../support/process.js'
import { removeFolder } from '../support/files.js'

const unix = process.platform === 'win32' ? test.skip : test
const folder = mkdtempSync(join(tmpdir(), 'loralib-mapped-'))
test.after.always(() => removeFolder(folder))

/** A file of a weight (1024, 1024) of ones. */
async function base(name: string): Promise<string> {
  const path = join(folder, `${name}.safetensors`)
  await lora.save({ w: lora.ones([1024, 1024]) }, path)
  return path
}

/** What a thread does with the base: products, while a process of its own cuts the file to `BYTES`. */
const CUT = `
  const { execFile } = require('node:child_process')
  ${TRAIN}
  const told = (work) => work().then(() => null, (e) => ({ name: e.name, code: e.code, op: e.op, message: e.message }))
  async function cut(lora, path, bytes) {
    const product = (w) => lora.ones([64, 1024]).matmul(w).sum().item()
    const { w } = await lora.load(path, { mapped: true })
    const copy = w.clone()
    const before = await product(w)
    let done = false
    const program = 'require("node:fs").truncateSync(process.argv[1], Number(process.argv[2]))'
    const child = new Promise((resolve) => execFile(process.execPath, ['-e', program, path, String(bytes)], resolve))
    child.then(() => (done = true))
    const sums = []
    let failed = null
    // Products run before, while and after the file is cut.
    while (failed === null && sums.length < 20_000) failed = await told(async () => sums.push(await product(w)))
    await child
    const after = await told(() => product(w))
    const read = await told(() => w.data())
    const saved = await told(() => lora.save({ w }, path + '.copy'))
    return { before, wrong: sums.filter((sum) => sum !== before).length, failed, after, read, saved, copy: await product(copy), losses: await train(lora) }
  }
`

interface Told {
  name: string
  code: string
  op: string
  message: string
}
interface Outcome {
  before: number
  wrong: number
  failed: Told
  after: Told
  read: Told
  saved: Told
  copy: number
  losses: number[]
}

for (const bytes of [0, 1_000_000, 4 * 2 ** 20 - 100]) {
  for (const where of ['main thread', 'worker']) {
    unix(
      `a base that is cut to ${bytes} bytes while it is read, ${where}: ERR_LORA_FILE, and all else goes on`,
      async (t) => {
        if (isOnCandle(t, 'nothing is mapped')) return
        const path = await base(`cut-${bytes}-${where.slice(0, 4)}`)
        // The line is the same in a worker, whose console is the process's.
        const run = `${CUT} import('loralib').then(async (lora) => console.log(JSON.stringify(await cut(lora, ${JSON.stringify(path)}, ${bytes}))))`
        const inWorker = `new (require('node:worker_threads').Worker)(${JSON.stringify(run)}, { eval: true, execArgv: [] })`
        const ended = await runProgram(where === 'worker' ? inWorker : run, { module: 'cjs' })
        t.is(ended.signal, null, ended.errors)
        t.is(ended.code, 0, ended.errors)
        const { before, wrong, failed, after, read, saved, copy, losses } = JSON.parse(ended.out) as Outcome
        t.is(before, 64 * 1024 * 1024)
        t.is(wrong, 0, 'no product of zeros came out')
        for (const error of [failed, after, read, saved]) {
          t.is(error.code, 'ERR_LORA_FILE', JSON.stringify(error))
          t.is(error.name, 'FileError')
          t.regex(error.message, /was cut short or rewritten while its weights are in use/)
          t.true(error.message.includes(path), error.message)
        }
        t.is(failed.op, 'matmul')
        t.is(copy, before, 'what was copied before is sound')
        t.is(losses.length, 3)
      },
    )
  }
}

unix('a base that is rewritten in place by another of the same size is refused, and loads anew', async (t) => {
  if (isOnCandle(t, 'nothing is mapped')) return
  const [path, other] = [await base('rewritten'), await base('other')]
  const ended = await runProgram(`import * as lora from 'loralib'
    import { copyFileSync, renameSync } from 'node:fs'
    const [path, other] = ${JSON.stringify([path, other])}
    const sum = async () => (await lora.load(path, { mapped: true })).w.sum().item()
    const { w } = await lora.load(path, { mapped: true })
    copyFileSync(other, path + '.new')
    // A rename leaves what is mapped alone.
    renameSync(path + '.new', path)
    const renamed = await w.sum().item()
    const next = (await lora.load(path, { mapped: true })).w
    await new Promise((resolve) => setTimeout(resolve, 20))
    copyFileSync(other, path)
    const code = await next.sum().item().catch((e) => e.code)
    console.log(JSON.stringify([renamed, code, await sum()]))`)
  t.is(ended.code, 0, ended.errors)
  t.deepEqual(JSON.parse(ended.out), [2 ** 20, 'ERR_LORA_FILE', 2 ** 20])
})

/** A module whose function reads memory at an address. */
const WASM = '0061736d0100000001060160017f017f030201000503010001070501016600000a0901070020002802000b'

unix('signals of others beside mapped files: WebAssembly traps, a listener, and what ends the process', async (t) => {
  if (isOnCandle(t, 'nothing is mapped')) return
  const path = await base('signals')
  const load = `const lora = await import('loralib')
    const { w } = await lora.load(${JSON.stringify(path)}, { mapped: true })
    await w.sum().item()`
  const wasm = await runProgram(`${load}
    const { instance } = await WebAssembly.instantiate(Buffer.from('${WASM}', 'hex'))
    let trap
    try { instance.exports.f(1 << 20) } catch (e) { trap = e instanceof WebAssembly.RuntimeError }
    console.log(JSON.stringify([instance.exports.f(0), trap, await w.mean().item()]))`)
  t.is(wasm.code, 0, wasm.errors)
  t.deepEqual(JSON.parse(wasm.out), [0, true, 1])
  const heard = await runProgram(`process.on('SIGBUS', () => { console.log('heard'); process.exit(3) })
    ${load}
    process.kill(process.pid, 'SIGBUS')
    setTimeout(() => process.exit(4), 5000)`)
  t.deepEqual([heard.code, heard.out.trim()], [3, 'heard'], heard.errors)
  const killed = await runProgram(`${load}
    process.kill(process.pid, 'SIGBUS')
    setTimeout(() => process.exit(4), 5000)`)
  t.is(killed.signal, 'SIGBUS', killed.errors)
})

test('overwriting a mapped model that does not fit changes nothing', async (t) => {
  if (isOnCandle(t, 'bytes are not counted')) return
  const path = join(folder, 'two.safetensors')
  await lora.save({ a: lora.ones([4, 1024, 1024]), b: lora.ones([4, 1024, 1024]) }, path)
  const ended = await runProgram(
    `import * as lora from 'loralib'
    const { a, b } = await lora.load(${JSON.stringify(path)}, { mapped: true })
    const module = new (class extends lora.nn.Module { a = lora.nn.parameter(a); b = lora.nn.parameter(b) })()
    const source = lora.full([1], 2).expand([4, 1024, 1024])
    const sums = async () => [await module.a.sum().item(), await module.b.sum().item()]
    module.loadStateDict({ a: source, b: source })
    const after = await sums()
    let code = null
    // What nobody awaited is reported by the next backward.
    try { lora.ones([1], { requiresGrad: true }).sum().backward() } catch (e) { code = e.code }
    console.log(JSON.stringify([code, after]))`,
    { env: { LORALIB_MEMORY_LIMIT: '40MB' } },
  )
  t.is(ended.code, 0, ended.errors)
  const [code, sums] = JSON.parse(ended.out) as [string, number[]]
  t.is(code, 'ERR_LORA_MEMORY', ended.out)
  t.deepEqual(sums, [2 ** 22, 2 ** 22], 'neither weight was changed')
})
