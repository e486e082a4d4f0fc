// How responsive the event loop is: a timer that records its delay, and the same timer in an idle process beside it.
import { spawn } from 'node:child_process'

/** On a machine without other load, the delay of an idle process is at most this. */
const IDLE_LATE_MS = 10

/**
 * Starts a timer that fires every `every` ms and records its delay. The function returned stops it: `{ ticks, worst }`, in ms.
 * Also used as the source of another process, so it refers to nothing outside.
 */
export function watchTimer(every) {
  let [worst, ticks] = [0, 0]
  let due = performance.now() + every
  let handle = setTimeout(tick, every)
  function tick() {
    worst = Math.max(worst, performance.now() - due)
    ticks += 1
    due = performance.now() + every
    handle = setTimeout(tick, every)
  }
  return () => {
    clearTimeout(handle)
    // A timer that has not fired yet is delayed until now.
    return { ticks, worst: Math.max(worst, performance.now() - due) }
  }
}

/** The same in a process that does nothing else: the delay due to the machine. The function returned ends it. */
export function watchIdleProcess(every) {
  return inIdleProcess(`${watchTimer}; const stop = watchTimer(${every})`)
}

/** Runs `source`, which defines `stop`, in a process that does nothing else. The function returned ends it and returns the result of `stop()`. */
export function inIdleProcess(source) {
  const whole = `${source}; process.on('message', () => process.send(stop(), () => process.exit()))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', whole], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`the idle process ended with ${code}`)))
      child.send('stop')
    })
}

/** The delay of our timer, minus that of the idle process. */
export function lateness(ours, idle) {
  return ours.worst - Math.max(0, idle.worst - IDLE_LATE_MS)
}
