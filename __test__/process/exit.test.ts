import test from 'ava'
import { TRAIN, runProgram } from '../support/process.js'

const IMPORT = `import * as lora from 'loralib'\n${TRAIN}`

test('a program that trains three steps ends by itself within seconds', async (t) => {
  const ended = await runProgram(`${IMPORT}console.log(JSON.stringify(await train(lora)))`)
  t.is(ended.code, 0, ended.errors)
  const losses = JSON.parse(ended.out) as number[]
  t.true(losses[2]! < losses[0]!)
  t.is(ended.errors, '')
  t.true(ended.ms < 20_000, `${ended.ms} ms`)
})

test('a program that only imports the package ends at once', async (t) => {
  const ended = await runProgram(`import * as lora from 'loralib'; console.log(typeof lora.Linear)`)
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'function\n')
})

test('a program that leaves work in the queue, and awaits nothing, ends', async (t) => {
  const ended = await runProgram(`${IMPORT}
    const x = lora.randn([700, 700], { requiresGrad: true })
    x.matmul(x).matmul(x).sum().backward()
    console.log('recorded')`)
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'recorded\n')
})

test('process.exit during training ends the process with its code', async (t) => {
  const ended = await runProgram(`${IMPORT}
    setTimeout(() => process.exit(7), 300)
    await train(lora, 1e9, 256)`)
  t.is(ended.code, 7, ended.errors)
  t.is(ended.signal, null)
  t.is(ended.errors, '')
})

test('process.exit with reads and saves under way ends cleanly', async (t) => {
  const ended = await runProgram(`${IMPORT}
    import { tmpdir } from 'node:os'
    const x = lora.randn([1200, 1200])
    for (let i = 0; i < 4; i++) x.matmul(x).data()
    lora.save({ x: x.matmul(x) }, tmpdir() + '/loralib-exit-test.safetensors')
    process.exit(3)`)
  t.is(ended.code, 3, ended.errors)
  t.is(ended.signal, null)
})

test('an uncaught error of the library ends the process with its message, not with a crash', async (t) => {
  const ended = await runProgram(`${IMPORT}lora.zeros([2, 3]).matmul(lora.zeros([2, 3]))`)
  t.is(ended.code, 1)
  t.is(ended.signal, null)
  t.regex(ended.errors, /ShapeError \[ERR_LORA_SHAPE\]/)
  t.regex(ended.errors, /\(2, 3\)/)
})

test('a failed step that is not awaited does not end the process by itself', async (t) => {
  const ended = await runProgram(`${IMPORT}
    const table = new lora.nn.Embedding(3, 2)
    table.forward(lora.tensor([9n])).sum().backward()
    await new Promise((resolve) => setTimeout(resolve, 200))
    console.log('alive')`)
  t.is(ended.code, 0, ended.errors)
  t.is(ended.out, 'alive\n')
})

test('the loop runs timers while a long product computes', async (t) => {
  const ended = await runProgram(`${IMPORT}
    const x = lora.randn([1500, 1500])
    await x.data()
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    await x.matmul(x).matmul(x).sum().item()
    clearInterval(timer)
    console.log(ticks)`)
  t.is(ended.code, 0, ended.errors)
  t.true(Number(ended.out) >= 5, ended.out)
})
