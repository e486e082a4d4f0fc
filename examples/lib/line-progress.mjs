// Progress of a run as lines: at most one in five seconds, rewritten in place in a terminal.
const LINE_MS = 5000

export class LineProgress {
  #last = 0
  #began = performance.now()
  #first = 0

  /** After each update. */
  step({ step, steps, epoch, loss, lr, timeMs }) {
    this.#first ||= step
    const now = performance.now()
    if (now - this.#last < (process.stdout.isTTY ? 200 : LINE_MS) && step < steps) return
    this.#last = now
    const left = ((now - this.#began) / (step - this.#first + 1)) * (steps - step)
    const memory = Math.round(process.memoryUsage.rss() / 1e6)
    const line = `step ${step} of ${steps}  epoch ${epoch.toFixed(2)}  loss ${loss.toFixed(4)}  lr ${lr.toExponential(1)}  ${Math.round(timeMs)} ms  ${memory} MB  ${clock(left)} left`
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}${step === steps ? '\n' : ''}`)
    else console.log(line)
  }

  /** A line of its own. */
  say(line) {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
    console.log(line)
  }
}

/** "1:05" */
function clock(ms) {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
