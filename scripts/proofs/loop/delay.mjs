// How late the event loop comes, here and in an idle process beside it.
import { spawn } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Begins to measure; the function returned ends it: `{ p50, p99, worst, count }` in ms, the timer's own millisecond included. */
export function watchDelay() {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  return () => {
    histogram.disable()
    const ms = (nanoseconds) => nanoseconds / 1e6
    return {
      p50: ms(histogram.percentile(50)),
      p99: ms(histogram.percentile(99)),
      worst: ms(histogram.max),
      count: histogram.count,
    }
  }
}

/** The same in a process that does nothing else: what the machine itself makes late. */
export function watchIdleDelay() {
  const source = `import { monitorEventLoopDelay } from 'node:perf_hooks'
    ${watchDelay}
    const stop = watchDelay()
    process.on('message', () => process.send(stop(), () => process.exit()))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code) => reject(new Error(`the idle process ended with ${code}`)))
      child.send('stop')
    })
}
