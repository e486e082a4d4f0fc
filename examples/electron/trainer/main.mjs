// The utility process. It answers each request `{ id, ask, with }` of the main process by `{ id, result }` or `{ id, problem }`, and sends events between them.
import { inPlainWords, notLoaded } from './problems.mjs'

const { parentPort } = process
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process has no origin
const send = (message) => parentPort.postMessage(message)
const POINTS_EVERY_MS = 100
const METHODS = ['open', 'read', 'train', 'stop', 'write', 'quiet', 'save', 'restore']

/** Steps wait here: some hundred messages a second would be work for three processes. */
let steps = []
let lastSent = 0

function say(event) {
  if (event.event === 'step') {
    steps.push(event)
    if (performance.now() - lastSent < POINTS_EVERY_MS) return
  }
  flush()
  if (event.event !== 'step') send(event)
}

function flush() {
  if (steps.length === 0) return
  const { secondsLeft, share, tokensPerSecond } = steps.at(-1)
  const points = steps.map(({ step, loss }) => [step, loss])
  steps = []
  lastSent = performance.now()
  send({ event: 'steps', points, secondsLeft, share, tokensPerSecond })
}

// The library is loaded behind a promise, so that what keeps it from loading is told and not only an exit code.
const studio = import('./studio.mjs').then(
  ({ Studio }) => new Studio(say),
  (error) => Promise.reject(notLoaded(error)),
)
// A request that finds it missing tells the reason again; until then nobody listens.
studio.catch(() => {})

parentPort.on('message', async ({ data: { id, ask, with: given } }) => {
  try {
    if (!METHODS.includes(ask)) throw new Error(`the trainer knows no ${ask}`)
    const result = await (await studio)[ask](given)
    flush()
    send({ id, result })
  } catch (error) {
    flush()
    send({ id, problem: inPlainWords(error) })
  }
})
