// The Python process that makes models and answers: requests and answers are JSON objects, a line each, in order.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { inRoot } from '../../lib/run.mjs'

export class Reference {
  #child
  #waiting = []
  #complaints = ''
  #closed

  constructor(python) {
    this.#child = spawn(python, [inRoot('scripts/proofs/families/reference.py')], { stdio: ['pipe', 'pipe', 'pipe'] })
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift().resolve(JSON.parse(line)))
    this.#child.stderr.on('data', (text) => (this.#complaints = (this.#complaints + text).slice(-4000)))
    this.#child.stdin.on('error', () => {}) // the process has ended, which the answers tell
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        for (const { reject } of this.#waiting) reject(new Error(`the reference ended (${code})\n${this.#complaints}`))
        resolve()
      })
    })
  }

  /** The answer to a request. Several may be under way. */
  async ask(request) {
    const answer = await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    })
    if (answer.failed) throw new Error(`the reference failed: ${lastLines(answer.failed)}`)
    return answer
  }

  async end() {
    this.#child.kill()
    await this.#closed
  }
}

/** The end of a Python traceback: where in this proof or a library, and what. */
function lastLines(traceback) {
  const lines = traceback.trim().split('\n')
  return [...lines.filter((line) => line.startsWith('  File ')).slice(-2), lines.at(-1)].join('\n')
}
