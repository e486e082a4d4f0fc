// Loaded into the server's process before the server: starts worker threads that train, and ends them on request, at any time.
import { isMainThread, Worker } from 'node:worker_threads'

const WORKER = new URL('worker.mjs', import.meta.url)

if (isMainThread && process.send) {
  process.on('message', ({ number, ms }) => {
    // Without the parent's flags: they would load this file into the worker, too.
    const worker = new Worker(WORKER, { execArgv: [] })
    const timer = setTimeout(() => worker.terminate(), ms)
    let losses = null
    worker.on('message', (message) => (losses = message))
    worker.on('error', (error) => console.error(error))
    worker.on('exit', () => {
      clearTimeout(timer)
      process.send({ number, losses })
    })
  })
  // The channel alone does not keep the server alive.
  process.channel.unref()
}
