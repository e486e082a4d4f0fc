// Progress of a training run: a bar in a terminal, plain lines elsewhere. It knows how far the run is, by steps or by the
// clock, and so what the learning rate should be; and it keeps the losses for the curve.
import cliProgress from 'cli-progress'
import { columns } from './screen.mjs'

const STATE = 'step {step}  loss {loss}  {speed} tokens/s  {memory} MB  {left} left'
// The bar says less: a line that wraps is drawn anew beneath itself.
const BAR_STATE = STATE.replace('  {memory} MB', '')
/** What is left of a line when the state is as long as it gets. */
const barSize = () => Math.max(5, Math.min(30, columns() - 60))
const LINE_MS = 10_000
const WARM_UP_STEPS = 20
const CHECKS = 8

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
  #ms
  #tokens = 0
  #checks = 0
  #checkMs = 0
  #began = performance.now()
  #lastLine = performance.now()
  #smooth = null
  #shown = 0

  /** @param {{ steps: number, minutes: number }} limits the run ends at the nearer one; the other may be Infinity */
  constructor({ steps, minutes }) {
    this.#steps = steps
    this.#ms = 60_000 * minutes
    if (!process.stdout.isTTY) return
    const { shades_classic: shades } = cliProgress.Presets
    const format = `{bar} {percentage} %  ${BAR_STATE}`
    this.#bar = new cliProgress.SingleBar({ format, barsize: barSize(), hideCursor: true, fps: 8 }, shades)
    this.#bar.start(100, 0, { step: 0, loss: '…', speed: '…', memory: '…', left: '…' })
  }

  /** How much of the run is done, 0 to 1. */
  get share() {
    return Math.min(1, Math.max(this.train.length / this.#steps, (performance.now() - this.#began) / this.#ms))
  }

  /** Factor of the learning rate for the next step: up in the first steps, then down along a cosine to 0. */
  learningRate() {
    const warm = Math.min(WARM_UP_STEPS, this.#steps / 20)
    return Math.min(1, (this.train.length + 1) / warm) * 0.5 * (1 + Math.cos(Math.PI * this.share))
  }

  /** After each step. */
  step(loss, tokens) {
    this.train.push({ step: this.train.length + 1, loss })
    this.#tokens += tokens
    this.#smooth = this.#smooth === null ? loss : 0.95 * this.#smooth + 0.05 * loss
    this.#show()
  }

  /** Whether it is time to measure the held-out loss: a few times on the way, not at the end. */
  get checkIsDue() {
    return this.share * CHECKS >= this.#checks + 1 && this.share < 1
  }

  /** The held-out loss at this step. */
  held(loss) {
    this.heldout.push({ step: this.train.length, loss })
  }

  /** Measures the held-out loss; the time that takes does not count in tokens per second. */
  async check(measure) {
    const start = performance.now()
    this.#checks = Math.floor(this.share * CHECKS)
    this.held(await measure())
    this.#checkMs += performance.now() - start
  }

  end() {
    if (this.train.length > this.#shown) this.#show(true)
    this.#bar?.stop()
    this.seconds = (performance.now() - this.#began) / 1000
    this.tokensPerSecond = this.#speed()
  }

  #speed() {
    return (1000 * this.#tokens) / (performance.now() - this.#began - this.#checkMs)
  }

  #show(last = false) {
    const now = performance.now()
    if (!this.#bar && now - this.#lastLine < LINE_MS && this.train.length > 1 && !last) return
    this.#lastLine = now
    this.#shown = this.train.length
    const state = {
      step: this.train.length,
      loss: this.#smooth.toFixed(3),
      speed: Math.round(this.#speed()).toLocaleString('en'),
      memory: Math.round(process.memoryUsage.rss() / 1e6),
      left: clock(((now - this.#began) / this.share) * (1 - this.share)),
    }
    if (this.#bar) return this.#bar.update(Math.round(100 * this.share), state)
    const line = STATE.replace(/\{(\w+)\}/g, (_, name) => state[name])
    console.log(`${String(Math.round(100 * this.share)).padStart(3)} %  ${line}`)
  }
}

/** "1:05" */
function clock(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
