// Work that goes on by itself, and that any number of clients may watch.
import { Refusal, asJson } from './http.mjs'

/** Jobs whose progress is remembered after their end. */
const MOST_REMEMBERED = 1000

/** Jobs by name: one at a time for each, and only so many at once. */
export class Jobs {
  #jobs = new Map()
  #most

  constructor({ most = 8 } = {}) {
    this.#most = most
  }

  /**
   * Starts a job and answers at once.
   * @param {(signal: AbortSignal) => AsyncIterable<object>} work yields its progress
   */
  start(name, work) {
    const running = [...this.#jobs.values()].filter((job) => !job.over).length
    if (this.#jobs.get(name)?.over === false) throw new Refusal(409, 'JOB_RUNS', `there is a job for ${name} already`)
    if (running >= this.#most) throw new Refusal(429, 'TOO_MANY_JOBS', `${running} jobs run: try again later`)
    this.#forget()
    const controller = new AbortController()
    this.#jobs.set(name, new Job(work(controller.signal), controller))
    return { job: name }
  }

  /** Its progress from the beginning, then what comes; the last line is `{ done: true }` or `{ error }`. */
  follow(name) {
    return this.#get(name).follow()
  }

  /** Ends a job; answers when it is over. */
  async abort(name) {
    await this.#get(name).abort()
    return { job: name }
  }

  /** Makes room: the oldest that are over go first. */
  #forget() {
    for (const [name, job] of this.#jobs) {
      if (this.#jobs.size < MOST_REMEMBERED) return
      if (job.over) this.#jobs.delete(name)
    }
  }

  #get(name) {
    if (this.#jobs.has(name)) return this.#jobs.get(name)
    throw new Refusal(404, 'NO_JOB', `there was no job for ${name}`)
  }
}

class Job {
  over = false
  #controller
  #ended
  #events = []
  #news
  #wake

  constructor(work, controller) {
    this.#controller = controller
    this.#listen()
    this.#ended = this.#run(work)
  }

  abort() {
    this.#controller.abort(new Error('the job was aborted'))
    return this.#ended
  }

  async *follow() {
    for (let i = 0; i < this.#events.length || !this.over;) {
      if (i < this.#events.length) yield this.#events[i++]
      else await this.#news
    }
  }

  async #run(work) {
    try {
      for await (const event of work) this.#tell(event)
      this.over = true
      this.#tell({ done: true })
    } catch (error) {
      if (asJson(error).code === 'INTERNAL') console.error(error)
      this.over = true
      this.#tell({ error: asJson(error) })
    }
  }

  #tell(event) {
    this.#events.push(event)
    this.#wake()
    this.#listen()
  }

  #listen() {
    this.#news = new Promise((resolve) => (this.#wake = resolve))
  }
}
