// What a training script prints, and the numbers that it leaves behind.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as lora from 'loralib'
import { shortPath } from '../../lib/problem.mjs'
import { count, percent } from '../../lib/table.mjs'

/** Updates whose time does not count: the first ones reserve memory. */
const WARM = 2

export class Log {
  #flags
  #trained
  #times = []
  #tokens = []
  #losses = []
  #window = []

  constructor(flags, { rows, trained, all }) {
    this.#flags = flags
    this.#trained = trained
    const total = all.reduce((n, tensor) => n + tensor.numel, 0)
    const { threads, isa } = lora.backend()
    console.log(
      `${shortPath(flags.model)}: ${count(total)} parameters, ${count(trained)} trained (${percent(trained / total, 2)})`,
    )
    console.log(`${shortPath(flags.train_data)}: ${count(rows)} rows; ${threads} threads, ${isa} kernels`)
  }

  step({ step, steps, epoch, loss, lr, timeMs, tokens }) {
    this.#times.push(timeMs)
    this.#tokens.push(tokens)
    this.#losses.push(loss)
    this.#window.push(loss)
    if (step % this.#flags.log_interval !== 0 && step !== steps) return
    const mean = this.#window.reduce((a, b) => a + b) / this.#window.length
    this.#window = []
    const speed = Math.round(this.#speed()).toLocaleString('en')
    const ppl = Math.exp(mean).toFixed(2)
    console.log(
      `epoch ${epoch.toFixed(2)}  step ${step} of ${steps}  lr ${lr.toExponential(2)}  loss ${mean.toFixed(3)}  ppl ${ppl}  ${speed} tokens/s`,
    )
  }

  measured({ step, loss, perplexity }) {
    console.log(`held out after ${step} updates: loss ${loss.toFixed(4)}, perplexity ${perplexity.toFixed(2)}`)
  }

  saved(path, step) {
    console.log(`saved after ${step} updates: ${shortPath(path)}`)
  }

  /** Says how it ended. @returns the numbers of the run */
  end({ step, steps, aborted, checkpoint, evaluations }, fileBytes) {
    const peakBytes = 1024 * process.resourceUsage().maxRSS
    const stepMs = middle(this.#times.slice(WARM).length > 0 ? this.#times.slice(WARM) : this.#times)
    const speed = this.#speed()
    const rest = { stepMs, tokensPerSecond: speed, peakBytes, fileBytes, trained: this.#trained }
    console.log(
      `${aborted ? 'stopped' : 'done'} after ${step} of ${steps} updates: ${Math.round(speed)} tokens/s, ${stepMs.toFixed(0)} ms an update, peak memory ${(peakBytes / 2 ** 20).toFixed(0)} MiB, trained parameters ${count(fileBytes)} bytes on disk`,
    )
    return { step, steps, aborted, checkpoint, evaluations, losses: this.#losses, ...rest }
  }

  #speed() {
    const from = this.#times.length > WARM ? WARM : 0
    const sum = (list) => list.slice(from).reduce((a, b) => a + b, 0)
    return (1000 * sum(this.#tokens)) / Math.max(1e-9, sum(this.#times))
  }
}

/** Leaves the numbers of a run in its folder. */
export async function writeResult(folder, result) {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'result.json'), `${JSON.stringify(result, null, 1)}\n`)
}

function middle(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}
