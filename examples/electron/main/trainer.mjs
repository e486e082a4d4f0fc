// The main process's end of the utility process: requests with answers, events, and what happens when it is gone.
import { EventEmitter } from 'node:events'

/** The trainer could not do what it was asked; `problem` is `{ what, why, fix }`. */
export class Refusal extends Error {
  constructor(problem, { isGone = false } = {}) {
    super(problem.what)
    Object.assign(this, { problem, isGone })
  }
}

/** Events: `event` with what the trainer tells, `gone` with the exit code when it ended by itself. */
export class Trainer extends EventEmitter {
  #fork
  #process = null
  #waiting = new Map()
  #lastId = 0

  /** @param {() => import('electron').UtilityProcess} fork */
  constructor(fork) {
    super()
    this.#fork = fork
  }

  get isRunning() {
    return this.#process !== null
  }

  start() {
    const child = this.#fork()
    this.#process = child
    child.on('message', (message) => this.#take(message))
    // V8 has run out of its heap, or worse. The exit that follows is what counts; without a listener this would end the main process.
    child.on('error', () => {})
    child.on('exit', (code) => {
      // One that was replaced is of no interest.
      if (this.#process !== child) return
      this.#process = null
      const waiting = [...this.#waiting.values()]
      this.#waiting.clear()
      this.emit('gone', code)
      for (const { reject } of waiting) reject(new Refusal(gone(code), { isGone: true }))
    })
  }

  /** Asks for something and waits for the answer. @throws {Refusal} */
  ask(what, given = {}) {
    if (!this.#process) return Promise.reject(new Refusal(gone(null), { isGone: true }))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process has no origin
      this.#process.postMessage({ id, ask: what, with: given })
    })
  }

  /** Ends the process. Nothing is told about it: it was meant. */
  end() {
    const child = this.#process
    this.#process = null
    child?.kill()
  }

  #take({ id, result, problem, ...event }) {
    if (id === undefined) return void this.emit('event', event)
    const asked = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (problem) asked?.reject(new Refusal(problem))
    else asked?.resolve(result)
  }
}

function gone(code) {
  return {
    what: 'The trainer has stopped unexpectedly',
    why: code === null ? 'it does not run' : `its process ended with code ${code}`,
    fix: 'It is started again. If this repeats, the computer may be short of memory: close other programs.',
  }
}
