import test from 'ava'
import { TRAIN, runProgram } from '../support/process.js'

/** A program whose main thread runs `main` with `start(text)` at hand, which starts a worker of this text. */
const withWorkers = (main: string): string => `
  import { Worker } from 'node:worker_threads'
  import { once } from 'node:events'
  import * as lora from 'loralib'
  ${TRAIN}
  const start = (text, workerData) => new Worker(\`
    const { parentPort, workerData } = require('node:worker_threads')
    import('loralib').then(async (lora) => { \${${JSON.stringify(TRAIN)}}; \${text} })\`, { eval: true, workerData, execArgv: [] })
  ${main}`

test.serial('a worker thread trains beside the main thread, and both get what they get alone', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      const alone = await train(lora)
      const worker = start('parentPort.postMessage(await train(lora))')
      const exit = once(worker, 'exit')
      const [[beside], here] = await Promise.all([once(worker, 'message'), train(lora)])
      await exit
      console.log(JSON.stringify(alone) === JSON.stringify(beside) && JSON.stringify(alone) === JSON.stringify(here))`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'true\n')
})

test.serial('a worker that ends while its work is queued leaves the engine to the others', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      for (let i = 0; i < 3; i++) {
        const worker = start('const x = lora.randn([900, 900]); x.matmul(x).matmul(x).data(); process.exit(5)')
        const [code] = await once(worker, 'exit')
        if (code !== 5) throw new Error('worker ended with ' + code)
      }
      console.log(JSON.stringify(await train(lora)).length > 0)`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'true\n')
})

test.serial('a worker that is terminated in the middle of training', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      const worker = start('parentPort.postMessage(1); await train(lora, 1e9, 128)')
      await once(worker, 'message')
      await new Promise((resolve) => setTimeout(resolve, 200))
      await worker.terminate()
      const losses = await train(lora)
      await lora.settle()
      console.log(losses.length, lora.memory().gradient.bytes)`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, '3 0\n')
})

test.serial('two workers train at once, and each gets what it gets alone', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      const trained = async (width) => {
        const [losses] = await once(start('parentPort.postMessage(await train(lora, 20, workerData))', width), 'message')
        return JSON.stringify(losses)
      }
      const alone = [await trained(48), await trained(96)]
      const together = await Promise.all([trained(48), trained(96)])
      console.log(alone.join() === together.join(), alone[0] !== alone[1])`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'true true\n')
})

for (const [how, end] of [
  ['by process.exit', 'process.exit(0)'],
  ['by itself, not waiting for the worker', 'worker.unref()'],
]) {
  test.serial(`the process ends while a worker trains, ${how}`, async (t) => {
    const ended = await runProgram(
      withWorkers(`
        const worker = start('parentPort.postMessage(1); await train(lora, 1e9, 128)')
        await once(worker, 'message')
        await train(lora)
        ${end}`),
    )
    t.deepEqual([ended.code, ended.signal, ended.errors], [0, null, ''])
  })
}

test.serial('a tensor sent to a worker is refused there with ERR_LORA_THREAD', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      const text = 'try { lora.ones([2]).add(workerData) } catch (e) { parentPort.postMessage({ code: e.code, name: e.name, hint: e.hint }) }'
      const [error] = await once(start(text, lora.ones([2])), 'message')
      console.log(JSON.stringify(error))`),
  )
  t.is(ended.code, 0, ended.errors)
  const error = JSON.parse(ended.out) as Record<string, string>
  t.is(error['code'], 'ERR_LORA_THREAD')
  t.is(error['name'], 'ThreadError')
  t.regex(error['hint']!, /postMessage/)
})

test.serial('the numbers of a tensor cross by data()', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      const worker = start('parentPort.postMessage(await lora.tensor(workerData).mul(2).data())', await lora.tensor([1, 2]).data())
      const [data] = await once(worker, 'message')
      console.log([...data].join())`),
  )
  t.is(ended.out, '2,4\n', ended.errors)
})

test.serial('workers that end in the middle of their work leave nothing behind', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      await train(lora)
      await lora.settle()
      const before = lora.memory()
      for (let i = 0; i < 6; i++) {
        const worker = start(\`
          const slow = lora.stream({ priority: workerData % 2 })
          const x = slow.run(() => { const x = lora.randn([800, 800]); return x.matmul(x).matmul(x) })
          x.add(1).data(); lora.setAnomalyMode(true)
          parentPort.postMessage(1); await train(lora, 1e9, 64)\`, i)
        await once(worker, 'message')
        await new Promise((resolve) => setTimeout(resolve, 20 * i))
        await worker.terminate()
      }
      const losses = await train(lora)
      await lora.settle()
      let after = lora.memory()
      const tensors = after.total.tensors - before.total.tensors
      // An operation that runs when its worker ends holds its buffers until it is through: on a busy machine that takes a while.
      for (let i = 0; i < 200 && after.liveBytes !== before.liveBytes; i++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        after = lora.memory()
      }
      console.log(JSON.stringify([losses.length, tensors, after.liveBytes - before.liveBytes]))`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, '[3,0,0]\n')
})

test.serial('an error names the module of its own thread', async (t) => {
  const text = (name: string): string => `
    class Outer extends lora.nn.Module { constructor() { super(); this.${name} = new lora.nn.Embedding(3, 2) } forward(x) { return this.${name}.forward(x) } }
    const told = await new Outer().forward(lora.tensor([9n])).sum().item().catch((e) => e.path)`
  const ended = await runProgram(
    withWorkers(`
      ${text('here')}
      const [there] = await once(start(${JSON.stringify(text('there') + '; parentPort.postMessage(told)')}), 'message')
      console.log(told, there)`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'here there\n')
})

if (process.platform === 'linux') {
  test('a base that several threads open is mapped once', async (t) => {
    const ended = await runProgram(
      withWorkers(`
        import { readFileSync, rmSync } from 'node:fs'
        import { tmpdir } from 'node:os'
        const path = tmpdir() + '/loralib-shared-base-' + process.pid + '.safetensors'
        await lora.save({ w: lora.ones([512, 512]) }, path)
        const text = 'const base = await lora.load(workerData, { mapped: true }); parentPort.postMessage(await base.w.sum().item()); await new Promise((r) => setTimeout(r, 1e6))'
        const workers = [start(text, path), start(text, path)]
        const sums = await Promise.all(workers.map((worker) => once(worker, 'message')))
        const own = [await lora.load(path, { mapped: true }), await lora.load(path, { mapped: true })]
        const count = readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.endsWith(path)).length
        console.log(JSON.stringify([sums.flat(), await own[1].w.sum().item(), count]))
        rmSync(path)
        process.exit(0)`),
    )
    t.is(ended.code, 0, ended.errors)
    t.is(ended.out, '[[262144,262144],262144,1]\n')
  })
}

// V8's flags belong to the process: workers that switch the same one at once took it from each other.
test.serial('workers that collect for the first time at the same moment', async (t) => {
  const ended = await runProgram(
    withWorkers(`
      const errors = []
      for (let round = 0; round < 6; round++) {
        const gate = new Int32Array(new SharedArrayBuffer(4))
        const workers = Array.from({ length: 8 }, () => start('Atomics.add(workerData, 0, 1); while (Atomics.load(workerData, 0) < 8); await lora.settle()', gate))
        for (const worker of workers) worker.on('error', (error) => errors.push(error.message))
        await Promise.all(workers.map((worker) => once(worker, 'exit').catch(() => {})))
      }
      console.log(errors.length, errors[0], typeof globalThis.gc)`),
  )
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, '0 undefined undefined\n')
})

test.serial('a collector that cannot be reached is a warning, and work goes on', async (t) => {
  const ended = await runProgram(`
    import vm from 'node:vm'
    import { syncBuiltinESMExports } from 'node:module'
    vm.runInNewContext = () => undefined
    syncBuiltinESMExports()
    const lora = await import('loralib')
    process.on('warning', (warning) => console.log(warning.code))
    await lora.settle()
    await lora.settle()
    console.log((await lora.ones([2]).sum().item()))`)
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'LORA_NO_COLLECTOR\n2\n')
})
