import test from 'ava'
import type * as lora from 'loralib'
import { TRAIN, runProgram } from '../support/process.js'
import { isOnCandle } from '../support/kernels.js'

const PROGRAM = `import * as lora from 'loralib'
  ${TRAIN}
  const told = async (work) => {
    try { await work(); return null }
    catch (e) { return { name: e.name, code: e.code, expected: e.expected, received: e.received, op: e.op } }
  }
`
interface Told {
  code: string
  name: string
  expected: string
  received: string
  op: string
}

test('LORALIB_MEMORY_LIMIT: what does not fit beside the live tensors rejects, and fits when they are gone', async (t) => {
  if (isOnCandle(t, 'bytes are not counted')) return
  const ended = await runProgram(
    `${PROGRAM}
    const held = []
    const full = await told(async () => {
      for (;;) held.push(lora.ones([4, 1024, 1024])), await held.at(-1).sum().item()
    })
    const recorded = await told(() => lora.zeros([200, 1024, 1024]))
    const count = held.length
    for (const tensor of held) tensor.dispose()
    const again = await lora.ones([8, 1024, 1024]).mean().item()
    console.log(JSON.stringify({ full, recorded, count, again, limit: lora.backend().memoryLimitBytes, losses: await train(lora) }))`,
    { env: { LORALIB_MEMORY_LIMIT: '128MB' } },
  )
  t.is(ended.code, 0, ended.errors)
  const { full, recorded, count, again, limit, losses } = JSON.parse(ended.out) as {
    full: Told
    recorded: Told
    count: number
    again: number
    limit: number
    losses: number[]
  }
  t.is(limit, 128 * 2 ** 20)
  t.is(full.code, 'ERR_LORA_MEMORY')
  t.is(full.name, 'MemoryError')
  t.regex(full.expected, /at most 128\.0 MB/)
  t.regex(full.received, /a request of 16\.0 MB beside 1\d\d\.\d MB of live tensors/)
  t.is(recorded.code, 'ERR_LORA_MEMORY')
  t.true(count >= 7 && count <= 9, String(count))
  t.is(again, 1)
  t.is(losses.length, 3)
})

test('the default limit is 80 % of what is available at the start, and backend() says where it comes from', async (t) => {
  const told = async (env: Record<string, string>, ulimit = '') => {
    const ended = await runProgram(
      `import * as lora from 'loralib'
      import { totalmem } from 'node:os'
      console.log(JSON.stringify({ ...lora.backend(), total: totalmem() }))`,
      { env, ulimit },
    )
    t.is(ended.code, 0, ended.errors)
    return JSON.parse(ended.out) as lora.Backend & { total: number }
  }
  const usual = await told({ LORALIB_MEMORY_LIMIT: '' })
  t.is(usual.memoryLimitSource, 'default')
  t.true(Math.abs(usual.memoryLimitBytes / usual.memoryAvailableBytes - 0.8) < 1e-6, JSON.stringify(usual))
  t.true(usual.memoryAvailableBytes <= usual.total, JSON.stringify(usual))
  const set = await told({ LORALIB_MEMORY_LIMIT: '200MB' })
  t.deepEqual([set.memoryLimitBytes, set.memoryLimitSource], [200 * 2 ** 20, 'LORALIB_MEMORY_LIMIT'])
  if (process.platform !== 'linux') return
  const bounded = await told({ LORALIB_MEMORY_LIMIT: '' }, '-v 2300000')
  t.true(bounded.memoryAvailableBytes <= 2_300_000 * 1024, JSON.stringify(bounded))
  t.true(bounded.memoryLimitBytes <= 0.8 * 2_300_000 * 1024, JSON.stringify(bounded))
})

test('a limit that is not a size is an option error', async (t) => {
  const ended = await runProgram(`${PROGRAM} console.log(JSON.stringify(await told(() => lora.backend())))`, {
    env: { LORALIB_MEMORY_LIMIT: 'plenty' },
  })
  const error = JSON.parse(ended.out) as Told
  t.is(error.code, 'ERR_LORA_OPTION', ended.errors)
  t.is(error.received, 'plenty')
})

// Work of all kinds, larger with each round, until something has no room. Kernels, their working memory, copies to the host and back.
const GROW = `${PROGRAM}
  const failures = []
  // An array of the program's own that finds no room is V8's RangeError, and no failure of the engine.
  const own = (length) => { try { return new Float32Array(length) } catch { return new Float32Array(1) } }
  for (let n = 256; failures.length < 3 && n < 1 << 15; n = Math.ceil(n * 1.3)) {
    const failed = await told(async () => {
      const model = new lora.Linear(n, n, { r: 8, loraDropout: 0.1 })
      const x = lora.randn([n, n], { requiresGrad: true })
      const y = lora.nn.functional.layerNorm(model.forward(x), [n], lora.ones([n], { requiresGrad: true }))
      y.softmax(-1).logsumexp(0).sum().add(y.sort(-1)[0].sum()).backward()
      await x.grad.data()
      await lora.tensor(own(n * n)).sum().item()
    })
    if (failed) failures.push(failed)
    await told(() => lora.settle())
  }
  const sum = await lora.arange(1000).sum().item()
  console.log(JSON.stringify({ failures, sum, losses: await train(lora) }))`

for (const isa of process.platform === 'linux' ? ['', 'candle'] : []) {
  for (const kilobytes of [1_900_000, 2_300_000]) {
    test(`address space of ${kilobytes} KB, ${isa || 'own kernels'}: errors, no abort, and the engine computes on`, async (t) => {
      const ended = await runProgram(GROW, {
        env: isa ? { LORALIB_ISA: isa } : {},
        ulimit: `-v ${kilobytes}`,
        limitMs: 240_000,
      })
      t.is(ended.signal, null, ended.errors)
      t.is(ended.code, 0, ended.errors)
      const { failures, sum, losses } = JSON.parse(ended.out) as { failures: Told[]; sum: number; losses: number[] }
      t.true(failures.length > 0)
      for (const error of failures) t.is(error.code, 'ERR_LORA_MEMORY', JSON.stringify(error))
      t.is(sum, 499_500)
      t.is(losses.length, 3)
    })
  }
}

test('an idle engine gives its memory back to the system', async (t) => {
  if (isOnCandle(t, 'there is no pool')) return
  const ended = await runProgram(`${PROGRAM}
    const rss = () => process.memoryUsage.rss()
    const model = new lora.nn.Sequential(new lora.nn.Linear(512, 2048), new lora.nn.GELU(), new lora.nn.Linear(2048, 512))
    const optimizer = new lora.optim.SGD(model.parameters(), { lr: 0.01 })
    for (let i = 0; i < 3; i++) {
      model.forward(lora.randn([4096, 512])).square().mean().backward()
      await optimizer.step()
      optimizer.zeroGrad()
    }
    await lora.settle()
    const before = { pool: lora.memory().poolBytes, rss: rss() }
    await new Promise((resolve) => setTimeout(resolve, 4000))
    console.log(JSON.stringify({ before, after: { pool: lora.memory().poolBytes, rss: rss() } }))`)
  t.is(ended.code, 0, ended.errors)
  const { before, after } = JSON.parse(ended.out) as Record<'before' | 'after', { pool: number; rss: number }>
  t.true(before.pool > 64 * 2 ** 20, `${before.pool} bytes in the pool`)
  t.is(after.pool, 0)
  t.true(before.rss - after.rss >= 0.6 * before.pool, JSON.stringify({ before, after }))
})

// From Node 22 on `gc(undefined)` is a young collection: what had survived two of them was never found.
test('settle() finds what young collections cannot: models that were used and dropped', async (t) => {
  const ended = await runProgram(`
    import { PerformanceObserver, constants } from 'node:perf_hooks'
    import * as lora from 'loralib'
    const kinds = new Set()
    new PerformanceObserver((list) => list.getEntries().forEach(({ detail }) => kinds.add(detail.kind))).observe({ entryTypes: ['gc'] })
    for (let i = 0; i < 3; i++) {
      new lora.Linear(16, 16, { r: 2 }).forward(lora.ones([4, 16])).sum().backward()
      await lora.settle()
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    console.log(lora.memory().total.tensors, kinds.has(constants.NODE_PERFORMANCE_GC_MAJOR))`)
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, '0 true\n')
})
