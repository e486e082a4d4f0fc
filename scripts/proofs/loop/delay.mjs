// The delay of the event loop, here and in an idle process beside it.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { inIdleProcess } from '../lib/timer.mjs'

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

/** The same in a process that does nothing else: the delay due to the machine. */
export function watchIdleDelay() {
  return inIdleProcess(`import { monitorEventLoopDelay } from 'node:perf_hooks'
    ${watchDelay}
    const stop = watchDelay()`)
}
