// Ends of processes and workers while work is queued: the requested exit code, no crash, no hang, and other threads continue.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from './child.mjs'

export const group = 'ends of processes and workers'

const TRAINING = `
  const world = await makeWorld()
  const forever = async () => { for (;;) await train(world) }
`
const QUEUED = `
  const x = lora.randn([900, 900], { requiresGrad: true })
  for (let i = 0; i < 3; i++) x.matmul(x).matmul(x).sum().backward()
`

/** `[name, program, how it must end, what it must print]`. */
const ENDS = [
  [
    'process.exit(7) during training',
    `${TRAINING} setTimeout(() => process.exit(7), 200); await forever()`,
    { code: 7 },
  ],
  ['process.exit(3) with work queued', `${QUEUED} process.exit(3)`, { code: 3 }],
  ['process.exit(4) with reads under way', `${QUEUED} x.matmul(x).data(); x.data(); process.exit(4)`, { code: 4 }],
  [
    'an uncaught exception during training',
    `${TRAINING} setTimeout(() => { throw new Error('of the caller') }, 200); await forever()`,
    { code: 1, errors: /of the caller/ },
  ],
  [
    'an uncaught error of loralib',
    `${QUEUED} lora.ones([2]).add(lora.ones([3]))`,
    { code: 1, errors: /ShapeError \[ERR_LORA_SHAPE\]/ },
  ],
  [
    'an unhandled rejection of loralib',
    `${QUEUED} new lora.nn.Embedding(2, 2).forward(lora.tensor([5n])).data(); await new Promise((r) => setTimeout(r, 5000))`,
    { code: 1, errors: /IndexError \[ERR_LORA_INDEX\]/ },
  ],
  [
    'SIGTERM during training',
    `${TRAINING} setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200); await forever()`,
    { signal: 'SIGTERM' },
  ],
  [
    'SIGTERM with a handler',
    `${TRAINING} process.on('SIGTERM', () => process.exit(9)); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200); await forever()`,
    { code: 9 },
  ],
  ['the end of the program with work queued', `${QUEUED} say('recorded', true)`, { code: 0 }],
]

const WORKERS = `
  import { Worker } from 'node:worker_threads'
  import { once } from 'node:events'
  ${TRAINING}
  const step = await knownStep()
  const sum = await checksum(world)
  const start = (text) => new Worker(\`const { parentPort } = require('node:worker_threads')
    import('loralib').then(async (lora) => {
      const p = lora.nn.parameter(lora.ones([300, 300]))
      const optimizer = new lora.optim.AdamW([p], { lr: 0.1 })
      const train = async () => { for (;;) { p.matmul(p).sum().backward(); await optimizer.step(); optimizer.zeroGrad() } }
      parentPort.postMessage(1)
      \${text}
    })\`, { eval: true, execArgv: [] })
  const ended = async (text, end) => {
    const worker = start(text)
    const codes = once(worker, 'exit').catch((error) => [error.message])
    worker.on('error', () => {})
    // The error of a worker that ends may arrive before its message.
    await Promise.race([new Promise((resolve) => worker.once('message', resolve)), codes])
    await new Promise((resolve) => setTimeout(resolve, 150))
    await end?.(worker)
    return (await codes)[0]
  }
  await ended('await train()', (worker) => worker.terminate())
  say('terminated', 'the main thread goes on')
  say('exit 5', await ended('train(); process.exit(5)'))
  say('thrown', await ended('train(); throw new Error("in the worker")'))
  await Promise.all([ended('await train()', (worker) => worker.terminate()), ended('train(); process.exit(0)')])
  await lora.settle()
  const { gradient, optimizer } = lora.memory()
  say('same', sum === (await checksum(world)))
  say('step', step === (await knownStep()))
`

export async function prove(report) {
  for (const [name, text, want] of ENDS) {
    const ended = await runChild(text)
    const { code = null, signal = null, errors } = want
    const right = ended.code === code && ended.signal === signal && (!errors || errors.test(ended.errors))
    report.check(
      name,
      right,
      `ended with ${ended.signal ?? ended.code} after ${Math.round(ended.ms)} ms: ${ended.errors}`,
    )
  }
  const { code, signal, told, errors } = await runChild(WORKERS)
  const value = (name) => told.get(name)?.value
  report.check('worker.terminate() during training: the main thread goes on', value('terminated') !== undefined, errors)
  report.check('process.exit(5) in a worker during training', value('exit 5') === 5, `${value('exit 5')} ${errors}`)
  report.check(
    'an exception in a worker during training',
    value('thrown') === 1 || /in the worker/.test(value('thrown')),
    `${value('thrown')} ${errors}`,
  )
  report.check('afterwards the model of the main thread is what it was', value('same') === true, errors)
  report.check('afterwards the known step gives the known result', value('step') === true, errors)
  report.check(
    'the process with the workers ended by itself',
    code === 0 && signal === null,
    `${signal ?? code} ${errors}`,
  )
  await savedWhole(report)
}

/** A process that ends while it saves over a file leaves the old one or the new one. */
async function savedWhole(report) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-ends-'))
  const path = JSON.stringify(join(folder, 'model.safetensors'))
  try {
    const text = `
      await lora.save({ x: lora.ones([1 << 22]) }, ${path})
      lora.save({ x: lora.zeros([1 << 22]) }, ${path})
      setTimeout(() => process.exit(6), 5)`
    const ended = await runChild(text)
    report.check(
      'process.exit(6) while a file is saved',
      ended.code === 6,
      `${ended.signal ?? ended.code} ${ended.errors}`,
    )
    const { told, errors } = await runChild(`
      const { x } = await lora.load(${path})
      const mean = await x.mean().item()
      say('mean', mean)`)
    report.check('the file is the old one or the new one, whole', [0, 1].includes(told.get('mean')?.value), errors)
    report.note(`left in the folder by the process that was ended while it saved: ${readdirSync(folder).join(', ')}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
