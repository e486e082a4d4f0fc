// Limits: tensors that can never fit, more queued work than allowed, tensors of other threads, aborted work.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import * as lora from 'loralib'
import { rejects, sync } from './judge.mjs'

const { nn, optim } = lora

/** Long work, which keeps what is recorded after it in the queue. */
function slow(n = 1200) {
  const x = lora.randn([n, n])
  return x.matmul(x).matmul(x)
}

/** Runs `record` after something slow; what it threw is thrown when the queue is empty. */
function behind(record) {
  return async () => {
    const wait = slow().sum().item()
    try {
      record()
    } finally {
      await wait
      await lora.settle()
    }
  }
}

function stepsAhead() {
  const p = nn.parameter(lora.ones([2]))
  p.grad = lora.ones([2])
  const optimizer = new optim.SGD([p], { lr: 0 })
  for (let i = 0; i < 70; i++) optimizer.step()
}

function dataAhead() {
  const numbers = new Float32Array(16 << 20)
  for (let i = 0; i < 6; i++) lora.tensor(numbers).dispose()
}

/** The result of a worker for `workerData`: its error as data. */
async function inWorker(text, workerData) {
  const code = `const { parentPort, workerData } = require('node:worker_threads')
    import('loralib').then(async (lora) => { try { ${text} } catch (e) {
      parentPort.postMessage({ name: e.name, code: e.code, what: e.message, op: e.op, path: e.path, expected: e.expected, received: e.received, hint: e.hint })
    } })`
  const worker = new Worker(code, { eval: true, workerData, execArgv: [] })
  const [data] = await once(worker, 'message')
  await worker.terminate()
  const [, Class] = Object.entries(lora).find(([name]) => name === data.name)
  throw new Class({ ...data, where: data.path, fix: data.hint })
}

/** A tensor that a worker makes from the id of another thread, which no export allows. */
const forged = 'new lora.Tensor(workerData.id, 0, [2])'

function aborted(work) {
  return async () => {
    const stream = lora.stream()
    try {
      const wait = stream.run(() => work(stream))
      stream.abort('the client left')
      await wait()
    } finally {
      stream.close()
    }
  }
}

// Which operation of the stream was skipped first depends on timing.
const ABORTED = { op: null, received: /the client left/ }

export const group = 'limits, threads and streams'
export const cases = [
  ...sync('ERR_LORA_MEMORY', [
    [
      'a tensor of 1e12 elements',
      () => lora.zeros([1e6, 1e6]),
      { op: 'full', expected: /MB/, received: /\(1000000, 1000000\)/ },
    ],
    ['a result of 1e12 elements', () => lora.zeros([1e6, 1]).add(lora.zeros([1, 1e6])), { op: 'add', expected: /MB/ }],
    ['a product of 1e12 elements', () => lora.zeros([1e6, 1]).matmul(lora.zeros([1, 1e6])), { op: 'matmul' }],
    ['a layer of 1e12 weights', () => new nn.Linear(1e6, 1e6), { received: /1000000/, op: 'full' }],
    ['an expand to 2^45', () => lora.ones([1]).expand(2 ** 45), { op: 'expand' }],
    ['more elements than can be counted', () => lora.zeros([2 ** 40, 2 ** 40]), { op: 'full' }],
    ['a range longer than memory', () => lora.arange(1e15), { received: /1000000000000000/ }],
  ]),
  ...rejects('ERR_LORA_BACKLOG', [
    ['70 steps ahead of the computation', behind(stepsAhead), { expected: /64 steps/, fix: /await/ }],
    ['384 MB of numbers ahead', behind(dataAhead), { expected: /256 MB/, fix: /await/ }],
  ]),
  ...sync('ERR_LORA_THREAD', [
    [
      'a copy of a tensor, as postMessage makes it',
      ({ trained }) => lora.ones([4, 8]).add(structuredClone(trained[0])),
      { fix: /postMessage/ },
    ],
  ]),
  ...rejects('ERR_LORA_THREAD', [
    [
      'a tensor posted to a worker',
      ({ trained }) => inWorker('lora.ones([2]).add(workerData)', trained[0]),
      { fix: /postMessage/ },
    ],
    [
      'a number of another thread',
      ({ trained }) => inWorker(`lora.ones([2]).add(${forged})`, { id: trained[0].id }),
      { op: 'add', received: /another/ },
    ],
    [
      'a state dict posted to a worker',
      ({ trained }) =>
        inWorker('new lora.nn.Linear(4, 8, { bias: false }).loadStateDict(workerData)', { weight: trained[0] }),
      { fix: /postMessage/ },
    ],
  ]),
  ...rejects('ERR_LORA_ABORTED', [
    [
      'values of an aborted stream',
      aborted(() =>
        (
          (t) => () =>
            t
        )(slow().sum().item()),
      ),
      ABORTED,
    ],
    ['a step of an aborted stream', aborted(abortedStep), ABORTED],
    [
      'a stream that is waited for',
      aborted(
        (stream) => (
          slow(),
          (
            (wait) => () =>
              wait
          )(stream.synchronize())
        ),
      ),
      ABORTED,
    ],
  ]),
]

function abortedStep() {
  const p = nn.parameter(lora.ones([1200, 1200]))
  slow().mul(p).sum().backward()
  const done = new optim.SGD([p], { lr: 1 }).step().then(() => null)
  return () => done
}
