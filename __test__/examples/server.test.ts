// The example server as it stands, in a process of its own, over HTTP.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { MemoryReport } from 'loralib'

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const TEXTS = [
  'name : The Eagle | area : riverside',
  'name : Blue Spice | food : Indian',
  'name : Zizzi',
  'a pub',
  'ä — 🦅',
]

interface Answer {
  status: number
  bytes: Buffer
  lines: Record<string, unknown>[]
  code: string | undefined
}

let [folder, address] = ['', '']
let server: ChildProcess
let log = ''

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loralib-server-'))
  const { makeTinyModel } = (await import(join(EXAMPLES, 'lib/tiny.mjs'))) as {
    makeTinyModel: (folder: string, data: string) => Promise<string>
  }
  await makeTinyModel(join(folder, 'model'), join(EXAMPLES, 'data/e2e/train.jsonl'))
  const args = ['--model', join(folder, 'model'), '--adapters', join(folder, 'adapters'), '--port', '0']
  server = spawn(process.execPath, [join(EXAMPLES, 'server.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [server.stdout!, server.stderr!]) stream.setEncoding('utf8').on('data', (text) => (log += text))
  await Promise.race([once(server.stdout!, 'data'), once(server, 'exit')])
  address = /http:\S+/.exec(log)?.[0] ?? ''
})

test.after.always(() => {
  server.kill()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach('the server runs and has nothing to complain of', (t) => {
  t.is(server.exitCode, null, log)
  t.is(log.split('\n').length, 2, log)
})

async function ask(route: string, body?: object | string | Buffer, signal?: AbortSignal): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ')
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
  const response = await fetch(address + path, {
    method,
    ...(body !== undefined && { body: raw ? new Uint8Array(Buffer.from(body as string)) : JSON.stringify(body) }),
    ...(signal && { signal }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const isJson = response.headers.get('content-type')?.includes('json')
  const lines = isJson ? bytes.toString().trim().split('\n').map((line) => JSON.parse(line) as Answer['lines'][0]) : [] // prettier-ignore
  return { status: response.status, bytes, lines, code: (lines.at(-1)?.['error'] as { code?: string })?.code }
}

async function trained(customer: string, task: object = {}): Promise<Answer> {
  await ask(`POST /adapters/${customer}`, { texts: TEXTS, epochs: 2, seed: 5, ...task })
  return ask(`GET /adapters/${customer}/job`)
}

async function text(question: object): Promise<string> {
  const { lines } = await ask('POST /complete', { prompt: 'name :', maxNewTokens: 12, seed: 3, ...question })
  return lines.map((line) => String(line['text'])).join('')
}

async function live(): Promise<MemoryReport> {
  return (await ask('GET /memory')).lines[0] as unknown as MemoryReport
}

test('server: 60 lines at most, and in the list of examples', (t) => {
  t.true(readFileSync(join(EXAMPLES, 'server.mjs'), 'utf8').split('\n').length - 1 <= 60)
  t.true(readFileSync(join(EXAMPLES, 'README.md'), 'utf8').includes('(server.mjs)'))
})

test.serial('server: trains an adapter, reports each step, lists it, and answers with it', async (t) => {
  const plain = await text({})
  const start = await ask('POST /adapters/ann', { texts: TEXTS, epochs: 2, seed: 5 })
  t.deepEqual([start.status, start.lines], [200, [{ job: 'ann' }]])
  const { lines } = await ask('GET /adapters/ann/job')
  t.is(lines.length, 2 * Math.ceil(TEXTS.length / 4) + 1)
  t.true(lines.slice(0, -1).every((line) => Number.isFinite(line['loss'])))
  t.deepEqual(lines.at(-1), { done: true })
  t.deepEqual((await ask('GET /adapters')).lines, [[{ customer: 'ann', inMemory: true }]] as unknown as Answer['lines'])
  t.not(await text({ customer: 'ann' }), plain)
  t.is(await text({}), plain)
  t.is(await text({ customer: 'ann' }), await text({ customer: 'ann' }))
})

test.serial('server: the same texts and seed give the same file beside others; another seed another one', async (t) => {
  const [one, two] = await Promise.all([trained('one'), trained('two'), trained('other', { seed: 6 }), text({})])
  t.deepEqual(one.lines, two.lines)
  const [a, b, c] = await Promise.all(['one', 'two', 'other'].map((name) => ask(`GET /adapters/${name}`)))
  t.deepEqual(a!.bytes, b!.bytes)
  t.notDeepEqual(a!.bytes, c!.bytes)
})

test.serial('server: an adapter is taken as a file, and gives what it gave', async (t) => {
  await trained('ann')
  const { bytes } = await ask('GET /adapters/ann')
  t.is((await ask('PUT /adapters/twin', bytes)).status, 200)
  t.is(await text({ customer: 'twin' }), await text({ customer: 'ann' }))
  t.deepEqual((await ask('GET /adapters/twin')).bytes, bytes)
  t.is((await ask('DELETE /adapters/twin')).status, 200)
  t.is((await ask('GET /adapters/twin')).code, 'NO_ADAPTER')
})

test.serial('server: a job is aborted and leaves the adapter as it was; the next one runs', async (t) => {
  await trained('ann')
  const before = (await ask('GET /adapters/ann')).bytes
  await ask('POST /adapters/ann', { texts: TEXTS, epochs: 100 })
  t.is((await ask('POST /adapters/ann', { texts: TEXTS })).code, 'JOB_RUNS')
  t.is((await ask('DELETE /adapters/ann/job')).status, 200)
  t.is((await ask('GET /adapters/ann/job')).code, 'ERR_LORA_ABORTED')
  t.deepEqual((await ask('GET /adapters/ann')).bytes, before)
  t.deepEqual((await trained('ann')).lines.at(-1), { done: true })
})

test.serial('server: clients that leave take nothing with them', async (t) => {
  const expected = await text({})
  for (let i = 0; i < 5; i++) {
    const leave = new AbortController()
    const answer = await fetch(`${address}/complete`, {
      method: 'POST',
      body: JSON.stringify({ prompt: 'name :', maxNewTokens: 150 }),
      signal: leave.signal,
    })
    await answer.body!.getReader().read()
    leave.abort()
  }
  t.is(await text({}), expected)
})

const BAD: [route: string, body: object | string | Buffer | undefined, status: number, code: string][] = [
  ['POST /complete', 'not json', 400, 'BAD_JSON'],
  ['POST /complete', '[]', 400, 'BAD_JSON'],
  ['POST /complete', Buffer.from([0xff, 0xfe, 0, 1]), 400, 'BAD_JSON'],
  ['POST /complete', undefined, 400, 'BAD_JSON'],
  ['POST /complete', {}, 400, 'BAD_FIELD'],
  ['POST /complete', { prompt: 'x '.repeat(300) }, 400, 'ERR_LORA_OPTION'],
  ['POST /complete', { prompt: 'x', maxNewTokens: 1e9 }, 400, 'ERR_LORA_OPTION'],
  ['POST /complete', { prompt: 'x', temperature: -1 }, 400, 'ERR_LORA_OPTION'],
  ['POST /complete', { prompt: 'x', maxNewTokens: 'many' }, 400, 'ERR_LORA_OPTION'],
  ['POST /complete', { prompt: 'x', seed: {} }, 400, 'ERR_LORA_OPTION'],
  ['POST /complete', { prompt: 'x', customer: 'nobody' }, 404, 'NO_ADAPTER'],
  ['POST /complete', { prompt: 'x', customer: '../../etc' }, 400, 'BAD_FIELD'],
  ['POST /complete', 'x'.repeat(5_000_000), 413, 'TOO_LONG'],
  ['POST /adapters/eve', { texts: [] }, 400, 'BAD_FIELD'],
  ['POST /adapters/eve', { texts: [1] }, 400, 'BAD_FIELD'],
  ['POST /adapters/eve', { texts: TEXTS, epochs: 1e9 }, 400, 'BAD_FIELD'],
  ['POST /adapters/..%2Fetc', { texts: TEXTS }, 400, 'BAD_FIELD'],
  ['PUT /adapters/eve', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 37) % 256)), 400, 'ERR_LORA_FORMAT'],
  ['PUT /adapters/eve', '', 400, 'ERR_LORA_FORMAT'],
  ['GET /adapters/nobody', undefined, 404, 'NO_ADAPTER'],
  ['DELETE /adapters/nobody', undefined, 404, 'NO_ADAPTER'],
  ['GET /adapters/nobody/job', undefined, 404, 'NO_JOB'],
  ['GET /nothing', undefined, 404, 'NO_SUCH_ROUTE'],
  ['PATCH /adapters', undefined, 405, 'NO_SUCH_METHOD'],
]
test.serial('server: bad input is answered with a status and a code', async (t) => {
  for (const [route, body, status, code] of BAD) {
    const answer = await ask(route, body)
    t.deepEqual([route, answer.status, answer.code], [route, status, code], answer.bytes.toString())
  }
  const files = readdirSync(join(folder, 'adapters'))
  t.true(
    files.every((name) => name.endsWith('.safetensors') && !name.startsWith('eve')),
    files.join(),
  )
})

test.serial('server: bytes that are not HTTP', async (t) => {
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.end(Buffer.from([0x16, 3, 1, 0, 0xff, 10, 13, 0]))
  const [first] = (await once(socket, 'data')) as [Buffer]
  t.regex(first.toString(), /^HTTP\/1\.1 400/)
})

test.serial('server: holds the base, the adapters in use, and nothing else', async (t) => {
  await Promise.all([trained('ann'), text({ customer: 'ann' })])
  const { adapter, base, total, tapeNodes } = await live()
  const [list] = (await ask('GET /adapters')).lines as unknown as [{ inMemory: boolean }[]]
  const models = list.filter(({ inMemory }) => inMemory).length
  t.deepEqual([adapter.tensors, tapeNodes], [16 * models, 0])
  t.is(total.tensors, base.tensors + adapter.tensors)
})
