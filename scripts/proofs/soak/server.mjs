// The example server as a child process, just as a user starts it. A module that is loaded before it can start and end worker threads in it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('../../../examples/server.mjs', import.meta.url))
const COMPANION = new URL('companion.mjs', import.meta.url).href

export class Server {
  address = ''
  /** Its output on the error stream, which must be empty. */
  complaints = ''
  /** How it ended, if it ended by itself. */
  crash = null
  #child
  #workers = new Map()
  #stopping = false

  /** Starts it with a folder of adapters; resolves when it listens. */
  static async start(model, adapters) {
    const server = new Server()
    const args = ['--import', COMPANION, SERVER, '--model', model, '--adapters', adapters, '--port', '0']
    server.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    await server.#listen()
    return server
  }

  get pid() {
    return this.#child.pid
  }

  /** Trains in a worker thread of the server's process, and ends it after `ms`. Resolves to the losses, or to null when it was ended before. */
  worker(ms) {
    const number = this.#workers.size + 1
    this.#child.send({ number, ms })
    return new Promise((resolve) => this.#workers.set(number, resolve))
  }

  async stop() {
    if (this.crash !== null) return
    this.#stopping = true
    this.#child.kill()
    await once(this.#child, 'close')
  }

  async #listen() {
    let out = ''
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.complaints += text))
    this.#child.on('message', ({ number, losses }) => this.#workers.get(number)(losses))
    this.#child.on('exit', (code, signal) => {
      if (!this.#stopping) this.crash = signal ?? `exit code ${code}`
      for (const resolve of this.#workers.values()) resolve(null)
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    await Promise.race([once(this.#child.stdout, 'data'), once(this.#child, 'exit')])
    this.address = /http:\S+/.exec(out)?.[0]
    if (this.address === undefined) throw new Error(`the server did not start\n${out}${this.complaints}`)
  }
}
