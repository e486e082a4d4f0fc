import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { TRAIN, runProgram } from '../support/process.js'
import { isOnCandle } from '../support/kernels.js'
import { removeFolder } from '../support/files.js'

const folder = mkdtempSync(join(tmpdir(), 'loralib-trace-'))
test.after.always(() => removeFolder(folder))

interface Event {
  ph: string
  name: string
  cat?: string
  tid: number
  ts: number
  dur: number
  args: Record<string, unknown> & { ms: number; interrupted_ms?: number; outputs?: string[]; module?: string }
}

const read = (path: string): Event[] => JSON.parse(readFileSync(path, 'utf8')) as Event[]

const MODEL = `import * as lora from 'loralib'
  ${TRAIN}
  class Net extends lora.nn.Module {
    first = new lora.Linear(8, 16, { r: 2 })
    last = new lora.nn.Linear(16, 1)
    forward(x) { return this.last.forward(this.first.forward(x).relu()) }
  }
  const net = new Net()
  const optimizer = new lora.optim.SGD(net.parameters().filter((p) => p.requiresGrad), { lr: 0.1 })
  const step = async () => {
    net.forward(lora.randn([4, 8])).square().sum().backward()
    await optimizer.step()
    optimizer.zeroGrad()
  }
`

test('LORALIB_TRACE: a row for each stream, ops with module, shapes, time, and backward under its rule', async (t) => {
  const path = join(folder, 'train.json')
  const ended = await runProgram(
    `${MODEL}
    await step()
    const other = lora.stream({ priority: 2 })
    await other.run(async () => { await lora.ones([32, 32]).matmul(lora.ones([32, 32])).sum().item() })
    console.log(other.number)`,
    { env: { LORALIB_TRACE: path } },
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.errors, '')
  const events = read(path)
  const rows = events.filter((e) => e.name === 'thread_name').map((e) => [e.tid, e.args['name']])
  t.deepEqual(rows, [
    [1, 'stream 1, priority 0'],
    [Number(ended.out), `stream ${ended.out.trim()}, priority 2`],
  ])
  const spans = events.filter((e) => e.ph === 'X')
  for (const e of spans) {
    t.true(e.ts >= 0 && e.dur >= 0 && e.args.ms <= e.dur / 1e3 + 1e-6, JSON.stringify(e))
  }
  const first = spans.find((e) => e.name === 'loraLinear')!
  t.is(first.args.module, 'first')
  t.is(first.cat, 'forward')
  t.deepEqual(first.args['inputs'], ['(4, 8) f32', '(16, 8) f32', '(16,) f32', '(2, 8) f32', '(16, 2) f32'])
  t.is(first.args.outputs![0], '(4, 16) f32')
  t.true((first.args['gflops_per_s'] as number) > 0)
  const backward = spans.filter((e) => e.cat === 'backward')
  t.true(backward.some((e) => e.name === 'loraBackward' && e.args['gradient_of'] === 'loraLinear'))
  t.true(backward.every((e) => typeof e.args['gradient_of'] === 'string'))
  t.true(spans.some((e) => e.name === 'sgdStep' && e.cat === 'optimizer'))
  t.true(events.some((e) => e.ph === 'i' && e.name === 'step 1'))
  t.true(events.some((e) => e.ph === 'C' && (isOnCandle(t, 'bytes are not counted') || Number(e.args['live']) > 0)))
  const product = spans.find((e) => e.name === 'matmul')!
  t.is(product.tid, Number(ended.out))
  // One thread computes: what one stream does takes no time of another's.
  const own = spans.reduce((sum, e) => sum + e.args.ms, 0)
  const [from, to] = [Math.min(...spans.map((e) => e.ts)), Math.max(...spans.map((e) => e.ts + e.dur))]
  t.true(own <= (to - from) / 1e3 + 0.1, `${own} ms of ${(to - from) / 1e3}`)
})

test('LORALIB_TRACE: the file is complete after process.exit and after a signal', async (t) => {
  for (const [name, end] of [
    ['exit', 'process.exit(3)'],
    ['signal', "setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)"],
  ] as const) {
    const path = join(folder, `${name}.json`)
    const ended = await runProgram(`${MODEL}; await step(); await step(); ${end}; for (;;) await step()`, {
      env: { LORALIB_TRACE: path },
    })
    t.is(ended.code, name === 'exit' ? 3 : null, ended.errors)
    const steps = read(path).filter((e) => e.ph === 'i')
    t.true(steps.length >= 2, `${name}: ${steps.length} steps`)
  }
})

test('LORALIB_TRACE: a bar that another stream interrupted says how much of it was its own', async (t) => {
  if (isOnCandle(t, 'products are not interrupted')) return
  const path = join(folder, 'interrupted.json')
  const ended = await runProgram(
    `import * as lora from 'loralib'
    const x = await lora.stream().run(async () => { const x = lora.randn([2400, 2400]); await x.sum().item(); return x })
    const chat = lora.stream({ priority: 3 })
    let isDone = false
    const long = x.matmul(x).sum().item().then(() => (isDone = true))
    const one = () => lora.randn([400, 400]).matmul(lora.randn([400, 400])).sum().item()
    await chat.run(async () => { while (!isDone) await one() })
    await long
    console.log(chat.number)`,
    // Beside busy programs of the same session compute threads get next to nothing.
    { env: { LORALIB_TRACE: path }, limitMs: 240_000 },
  )
  t.is(ended.code, 0, ended.errors)
  const spans = read(path).filter((e) => e.ph === 'X')
  const long = spans.find((e) => e.name === 'matmul' && e.args.outputs![0] === '(2400, 2400) f32')!
  const within = spans.filter((e) => e.tid === Number(ended.out) && e.ts > long.ts && e.ts + e.dur < long.ts + long.dur)
  t.true(within.length > 0, 'nothing was served within a long product')
  const others = within.reduce((sum, e) => sum + e.dur, 0) / 1e3
  t.true(long.args.interrupted_ms! >= others * 0.99, `${long.args.interrupted_ms} of ${others} ms`)
  t.true(Math.abs(long.args.ms + long.args.interrupted_ms! - long.dur / 1e3) < 0.01)
})

test('LORALIB_TRACE: %p is the process, and a path that cannot be written is a file error', async (t) => {
  const ended = await runProgram(`${MODEL}; await step(); console.log(process.pid)`, {
    env: { LORALIB_TRACE: join(folder, 'of-%p.json') },
  })
  t.true(read(join(folder, `of-${ended.out.trim()}.json`)).length > 5, ended.errors)
  const failed = await runProgram(
    `import * as lora from 'loralib'; try { lora.ones([1]) } catch (e) { console.log(e.code) }`,
    { env: { LORALIB_TRACE: join(folder, 'none', 'out.json') } },
  )
  t.is(failed.out, 'ERR_LORA_FILE\n', failed.errors)
})

const lines = (text: string, kind: string) => text.split('\n').filter((line) => line.startsWith(`loralib ${kind}`))

test('LORALIB_DEBUG: 1 says what runs, 2 adds steps, 3 adds operations', async (t) => {
  const errors: string[] = []
  for (const level of ['0', '1', '2', '3']) {
    const ended = await runProgram(`${MODEL}; await step(); await step()`, { env: { LORALIB_DEBUG: level } })
    t.is(ended.code, 0, ended.errors)
    errors.push(ended.errors)
  }
  t.is(errors[0], '')
  const counts = errors.map((text) => ['backend', 'step', 'op'].map((kind) => lines(text, kind).length))
  t.deepEqual(counts.slice(1, 3), [
    [1, 0, 0],
    [1, 2, 0],
  ])
  if (isOnCandle(t, 'bytes are not counted')) return
  t.regex(
    lines(errors[2]!, 'step')[1]!,
    /^loralib step +2 +[\d.]+ ms {2}stream 1 {2}live [\d.]+ KB {2}peak .+ {2}pool /,
  )
  const ops = lines(errors[3]!, 'op')
  t.true(
    ops.some((line) => /loraLinear +[\d.]+ ms {2}stream 1 {2}\(4, 8\) f32, .* → \(4, 16\) f32.* first$/.test(line)),
    ops.join('\n'),
  )
  t.true(
    ops.some((line) => /gradient of loraLinear {2}first$/.test(line)),
    ops.join('\n'),
  )
})

test('LORALIB_LOG filters, whatever LORALIB_DEBUG says', async (t) => {
  const run = async (env: Record<string, string>) => (await runProgram(`${MODEL}; await step()`, { env })).errors
  t.is(await run({ LORALIB_LOG: 'warn', LORALIB_DEBUG: '3' }), '')
  const debug = await run({ LORALIB_LOG: 'debug' })
  t.deepEqual(
    ['backend', 'step', 'op'].map((kind) => lines(debug, kind).length),
    [1, 1, 0],
  )
  t.true(lines(await run({ LORALIB_LOG: 'trace' }), 'op').length > 5)
  const wrong = await runProgram(
    `import * as lora from 'loralib'; try { lora.ones([1]) } catch (e) { console.log(e.message) }`,
    {
      env: { LORALIB_LOG: 'loud' },
    },
  )
  t.regex(wrong.out, /LORALIB_LOG[^]*error, warn, info, debug or trace[^]*loud/)
})

test('LORALIB_DEBUG=2: a late error shows the very call that queued the operation', async (t) => {
  const program = `import * as lora from 'loralib'
    const table = new lora.nn.Embedding(3, 2)
    function deep(x) { return table.forward(x) }
    function step() { return deep(lora.tensor([9n])).sum() }
    await step().item().catch((e) => console.log(e.stack))`
  const { out } = await runProgram(program, { env: { LORALIB_DEBUG: '2' } })
  const recorded = out.slice(out.indexOf('recorded'))
  for (const name of ['Embedding.forward', 'deep', 'step']) t.true(recorded.includes(name), out)
})

test('anomaly mode names the operation, the module and the stream', async (t) => {
  const ended = await runProgram(
    `import * as lora from 'loralib'
    class Bad extends lora.nn.Module { forward(x) { return x.log() } }
    class Outer extends lora.nn.Module { inner = new Bad(); forward(x) { return this.inner.forward(x).sum() } }
    lora.setAnomalyMode(true)
    const s = lora.stream()
    await s.run(() => new Outer().forward(lora.tensor([-1]))).item()
      .catch((e) => console.log(JSON.stringify([e.op, e.path, e.received.endsWith('in stream ' + s.number)])))`,
  )
  t.is(ended.out, '["log","inner",true]\n', ended.errors)
})
