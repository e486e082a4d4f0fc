// How free the event loop is: a timer that notes how late it comes, and the same timer in an idle process beside it.
import { spawn } from 'node:child_process'

/** On a machine with nothing else to do, an idle process is late by no more than this. */
const IDLE_LATE_MS = 10

/**
 * Starts a timer each `every` ms that notes how late it comes. The function returned stops it: `{ ticks, worst }`, in ms.
 * Also the whole source of a process of its own, so it uses nothing from outside.
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
    // A timer that never came is as late as now.
    return { ticks, worst: Math.max(worst, performance.now() - due) }
  }
}

/** The same in a process that does nothing else: what a busy machine makes late by itself. The function returned ends it. */
export function watchIdleProcess(every) {
  return inIdleProcess(`${watchTimer}; const stop = watchTimer(${every})`)
}

/** Runs `source`, which defines `stop`, in a process that does nothing else. The function returned ends it and gives what `stop()` gave. */
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

/** How late our timer was, less what the machine made the idle process late by. */
export function lateness(ours, idle) {
  return ours.worst - Math.max(0, idle.worst - IDLE_LATE_MS)
}
