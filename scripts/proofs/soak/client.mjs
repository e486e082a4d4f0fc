// Requests of one user, each of which is counted: answered, refused, left by the user, or lost.
// The timeout is long, since a busy machine is slow; a response that never comes is counted as lost.
const LOST_AFTER_MS = 600_000

/** The outcomes of all requests. */
export class Tally {
  sent = 0
  answered = 0
  refused = 0
  left = 0
  /** Requests without a response that were not left by the user, and wrong responses: in words. */
  lost = []
  wrong = []
}

export class Client {
  #address
  #tally

  constructor(address, tally) {
    this.#address = address
    this.#tally = tally
  }

  /**
   * Sends a request and reads the whole response.
   * @returns {Promise<{ status: number, bytes: Buffer, lines: object[], code?: string }>} also for a refusal; null when the request was left
   */
  async ask(route, body, { leave, onLine = () => {} } = {}) {
    this.#tally.sent += 1
    try {
      return await this.#answer(route, body, leave, onLine)
    } catch (error) {
      if (leave?.aborted) this.#tally.left += 1
      else this.#tally.lost.push(`${route}: ${error.cause?.message ?? error.message}`)
      return null
    }
  }

  /** Records a wrong response. */
  wrong(text) {
    this.#tally.wrong.push(text)
  }

  async #answer(route, body, leave, onLine) {
    const [method, path] = route.split(' ')
    const isRaw = body === undefined || Buffer.isBuffer(body)
    // A timer and a listener keep what they end alive. Signals of AbortSignal.timeout and any may be collected while they are awaited, and then never abort.
    const end = new AbortController()
    const late = setTimeout(() => end.abort(new Error('no answer')), LOST_AFTER_MS)
    const gone = () => end.abort(leave.reason)
    leave?.addEventListener('abort', gone)
    try {
      const asked = { method, body: isRaw ? body : JSON.stringify(body), signal: end.signal }
      return await Promise.race([this.#read(fetch(this.#address + path, asked), onLine), aborted(end.signal)])
    } finally {
      clearTimeout(late)
      leave?.removeEventListener('abort', gone)
    }
  }

  async #read(answer, onLine) {
    const response = await answer
    const [parts, decoder] = [[], new TextDecoder()]
    const isLines = response.headers.get('content-type')?.includes('json') === true
    let rest = ''
    const lines = []
    for await (const part of response.body) {
      parts.push(part)
      if (!isLines) continue
      const whole = (rest + decoder.decode(part, { stream: true })).split('\n')
      rest = whole.pop()
      for (const line of whole) {
        lines.push(JSON.parse(line))
        onLine(lines.at(-1), lines.length)
      }
    }
    if (response.ok) this.#tally.answered += 1
    else this.#tally.refused += 1
    return { status: response.status, bytes: Buffer.concat(parts), lines, code: lines.at(-1)?.error?.code }
  }
}

/** Rejects when a signal aborts: a fetch whose connection is closed by then may never settle. */
function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}
