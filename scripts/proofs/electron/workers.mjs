// The trainer's code in worker threads, as an app may run it that wants no utility process.
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { join } from 'node:path'
import { inRoot } from '../../lib/run.mjs'
import { work } from './work.mjs'
import { APP, sampleText } from './world.mjs'

const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.module).then(async ({ work }) => {
    const result = await work({ ...workerData.task, onStep: () => parentPort.postMessage('step') })
    parentPort.postMessage(result)
  })`

export async function prove(check, { short }) {
  const task = {
    trainer: join(APP, 'trainer'),
    base: inRoot('models/base'),
    text: sampleText(60),
    steps: short ? 4 : 8,
  }
  const here = await work(task)
  const [one, two] = await Promise.all([start(task).result, start(task).result])
  check(
    `a worker thread gives the bits of the main thread, loss ${here.losses.at(-1).toFixed(4)}`,
    isDeepStrictEqual(one, here),
  )
  check('a second one beside it, too', isDeepStrictEqual(two, here))

  const long = start({ ...task, steps: 10_000 })
  long.result.catch(() => {})
  await long.firstStep
  const before = performance.now()
  const code = await long.worker.terminate()
  const ms = Math.round(performance.now() - before)
  check(`terminated in the middle of a training, after ${ms} ms: exit code ${code}`, code === 1, '1: it was ended')
  await setTimeout(200)
  check('the main thread computes on', isDeepStrictEqual(await work(task), here))
  check('and so does a new worker', isDeepStrictEqual(await start(task).result, here))
  return null
}

function start(task) {
  const module = new URL('work.mjs', import.meta.url).href
  const worker = new Worker(PROGRAM, { eval: true, workerData: { module, task } })
  const firstStep = new Promise((resolve) => worker.once('message', resolve))
  const result = new Promise((resolve, reject) => {
    worker.on('message', (message) => message !== 'step' && resolve(message))
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the worker ended with ${code}`)))
  })
  return { worker, firstStep, result }
}
