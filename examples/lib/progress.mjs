// Progress of a training run: a bar in a terminal, plain lines elsewhere. Keeps the losses for the curve.
import cliProgress from 'cli-progress'

const FORMAT = '{bar} {value}/{total}  loss {loss}  {speed} tokens/s  {memory} MB  {left} left'
const LINE_MS = 5000

export class Progress {
  /** @type {{ step: number, loss: number }[]} */
  train = []
  /** @type {{ step: number, loss: number }[]} */
  heldout = []
  /** Known at the end. */
  seconds = 0
  tokensPerSecond = 0
  #bar = null
  #steps
  #every
  #tokens = 0
  #began = performance.now()
  #waited = 0
  #lastLine = performance.now()
  #smooth = null

  /** @param {number} steps @param {number} checks how often the held-out loss is measured on the way */
  constructor(steps, checks = 8) {
    this.#steps = steps
    this.#every = Math.max(1, Math.ceil(steps / checks))
    if (!process.stdout.isTTY) return
    const { shades_classic: shades } = cliProgress.Presets
    this.#bar = new cliProgress.SingleBar({ format: FORMAT, barsize: 24, hideCursor: true, fps: 8 }, shades)
    this.#bar.start(steps, 0, { loss: '…', speed: '…', memory: '…', left: '…' })
  }

  /** After each step. */
  step(loss, tokens) {
    this.train.push({ step: this.train.length + 1, loss })
    this.#tokens += tokens
    this.#smooth = this.#smooth === null ? loss : 0.9 * this.#smooth + 0.1 * loss
    this.#show()
  }

  /** Whether it is time to measure the held-out loss; not at the last step, which is measured anyway. */
  get checkIsDue() {
    const done = this.train.length
    return done % this.#every === 0 && done < this.#steps
  }

  /** The held-out loss at this step. */
  held(loss) {
    this.heldout.push({ step: this.train.length, loss })
  }

  /** Measures the held-out loss; the time that takes is no training time. */
  async check(measure) {
    const start = performance.now()
    this.held(await measure())
    this.#waited += performance.now() - start
  }

  end() {
    this.#bar?.stop()
    if (!this.#bar && this.train.length > 0) this.#line(this.#state())
    this.seconds = (performance.now() - this.#began) / 1000
    this.tokensPerSecond = this.#speed()
  }

  /** Tokens a second of training alone. */
  #speed() {
    return (1000 * this.#tokens) / (performance.now() - this.#began - this.#waited)
  }

  #state() {
    const done = this.train.length
    const passed = performance.now() - this.#began
    return {
      loss: this.#smooth.toFixed(3),
      speed: Math.round(this.#speed()).toLocaleString('en'),
      memory: Math.round(process.memoryUsage.rss() / 1e6),
      left: clock((passed / done) * (this.#steps - done)),
    }
  }

  #show() {
    const state = this.#state()
    if (this.#bar) return this.#bar.update(this.train.length, state)
    if (performance.now() - this.#lastLine < LINE_MS && this.train.length > 1) return
    this.#lastLine = performance.now()
    this.#line(state)
  }

  #line({ loss, speed, memory, left }) {
    const step = String(this.train.length).padStart(String(this.#steps).length)
    console.log(`step ${step}/${this.#steps}  loss ${loss}  ${speed} tokens/s  ${memory} MB  ${left} left`)
  }
}

/** "1:05" */
function clock(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
