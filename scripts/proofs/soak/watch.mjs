// Memory of the server's process during the proof, and a line about it now and then.
import { residentParts } from '../lib/peak.mjs'
import { mb, quantile } from '../lib/report.mjs'

const SAMPLE_MS = 1000

export class Watch {
  /** Private memory of the server's process, sampled each second: `{ share, bytes }`, share of the time that has passed. */
  samples = []
  #world
  #began = performance.now()
  #timers = []

  constructor(world, { minutes, everyMs }) {
    this.#world = world
    const whole = minutes * 60_000
    this.#timers.push(setInterval(() => this.#sample(whole), SAMPLE_MS))
    this.#timers.push(setInterval(() => console.log(this.#line()), everyMs))
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** The ninth decile of the samples between two shares of the time: who trains at the same moment is chance, and so is the peak. */
  usual(from, to) {
    const some = this.samples.filter(({ share }) => share >= from && share < to)
    return quantile(
      some.map(({ bytes }) => bytes),
      0.9,
    )
  }

  #sample(whole) {
    if (this.#world.server.crash !== null) return
    const bytes = residentParts(this.#world.server.pid)?.anonymous ?? NaN
    this.samples.push({ share: (performance.now() - this.#began) / whole, bytes })
  }

  #line() {
    const { tally, users, tokens, firstTokens, workers } = this.#world
    const seconds = Math.round((performance.now() - this.#began) / 1000)
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    const trained = users.reduce((sum, user) => sum + user.trained.length, 0)
    const first = [0.5, 0.99].map((share) => quantile(firstTokens, share).toFixed(0)).join(' / ')
    return [
      clock.padStart(6),
      `${tally.sent} requests: ${tally.answered} answered, ${tally.refused} refused, ${tally.left} left, ${tally.lost.length} lost`,
      `${trained} adapters trained`,
      `${tokens} tokens, the first after ${first} ms (p50 / p99)`,
      `${workers.ended} workers ended`,
      `${mb(this.samples.at(-1)?.bytes ?? NaN)} MB`,
    ].join('   ')
  }
}
