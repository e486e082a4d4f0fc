// One user of the server, who repeatedly does something at random. The same seed gives the same user.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from './random.mjs'
import { KINDS, sendRubbish } from './rubbish.mjs'

/** The weights of a user's actions. A calm one disturbs nobody and is disturbed by nobody. */
const CALM = { train: 3, answer: 5, swap: 1, rest: 1 }
const WILD = { train: 2, answer: 3, leave: 3, abort: 3, rubbish: 4, swap: 2, copy: 2, drop: 1, worker: 2 }

export class User {
  /** Adapters that it trained to the end: `{ customer, task, hash }`. */
  trained = []
  /** What it did, counted. */
  did = {}
  #random
  #hash = null

  /** @param {{ name: string, calm: boolean, seed: number, client: import('./client.mjs').Client, world: object }} options */
  constructor({ name, calm, seed, client, world }) {
    Object.assign(this, { name, calm, client, world })
    this.#random = new Random(seed)
  }

  /** Does each thing once, and then something at random until the time is over. */
  async run() {
    const weights = this.calm ? CALM : WILD
    const first = Object.keys(weights)
    while (!this.world.isOver()) {
      const [next] = first.splice(this.#random.whole(0, first.length - 1), 1)
      const what = next ?? this.#random.weighted(weights)
      this.did[what] = (this.did[what] ?? 0) + 1
      await this[what]()
    }
  }

  async train() {
    const task = this.#task()
    if (!(await this.#start(task))) return sleep(500)
    const answer = await this.client.ask(`GET /adapters/${this.name}/job`)
    if (answer?.lines.at(-1)?.done !== true) return this.#wrong('a training did not end well', answer)
    this.#hash = await this.#fileHash()
    this.trained.push({ customer: this.name, task, hash: this.#hash })
  }

  /** The same question twice must get the same response. */
  async answer() {
    const question = this.#question(this.#hash === null ? undefined : this.name)
    const first = await this.#complete(question)
    if (first === null || this.#random.next() < 0.5) return
    const second = await this.#complete(question)
    if (second !== null && second !== first) this.#wrong('the same question had two answers')
  }

  /** Leaves in the middle of a response. */
  async leave() {
    const [away, after] = [new AbortController(), this.#random.whole(0, 12)]
    const onLine = (_, count) => count >= after && away.abort()
    if (after === 0) setTimeout(() => away.abort(), this.#random.whole(0, 30))
    await this.client.ask('POST /complete', this.#question(undefined, 60), { leave: away.signal, onLine })
  }

  /** Aborts a training, or stops reading its progress; the previous adapter stays. */
  async abort() {
    if (!(await this.#start({ ...this.#task(), epochs: 30 }))) return sleep(500)
    if (this.#random.next() < 0.3) {
      const away = new AbortController()
      setTimeout(() => away.abort(), this.#random.whole(0, 200))
      await this.client.ask(`GET /adapters/${this.name}/job`, undefined, { leave: away.signal })
    }
    await sleep(this.#random.whole(0, 800))
    await this.client.ask(`DELETE /adapters/${this.name}/job`)
    const end = (await this.client.ask(`GET /adapters/${this.name}/job`))?.lines.at(-1)
    if (end?.done !== true && end?.error?.code !== 'ERR_LORA_ABORTED') return this.#wrong('an aborted training', end)
    const hash = await this.#fileHash()
    if (end.error && hash !== this.#hash) this.#wrong('an aborted training changed the adapter')
    this.#hash = hash
  }

  /** Sends three kinds of rubbish at a time, all kinds in turn. */
  async rubbish() {
    for (let i = 0; i < 3; i++) {
      const kind = KINDS[this.world.nextRubbish++ % KINDS.length]
      this.world.rubbish[kind] = (this.world.rubbish[kind] ?? 0) + 1
      await sendRubbish(kind, this.client, this.world.address, this.#random)
    }
  }

  /** Asks with the adapters of others, one after the other. */
  async swap() {
    const others = (await this.client.ask('GET /adapters'))?.lines[0] ?? []
    for (let i = 0; i < 3 && others.length > 0; i++) {
      await this.#complete(this.#question(this.#random.pick(others).customer, 6), ['NO_ADAPTER'])
    }
  }

  /** Downloads the adapter as a file, and uploads it under another name. */
  async copy() {
    if (this.#hash === null) return
    const file = await this.client.ask(`GET /adapters/${this.name}`)
    const copy = `${this.name}-copy`
    await this.client.ask(`PUT /adapters/${copy}`, file?.bytes)
    const question = this.#question(this.name)
    const [own, copied] = [await this.#complete(question), await this.#complete({ ...question, customer: copy })]
    if (own !== copied) this.#wrong('a copied adapter answers in other words')
    await this.client.ask(`DELETE /adapters/${copy}`)
  }

  /** Deletes the adapter. */
  async drop() {
    if (this.#hash === null) return
    await this.client.ask(`DELETE /adapters/${this.name}`)
    this.#hash = null
    const answer = await this.client.ask(`GET /adapters/${this.name}`)
    if (answer?.code !== 'NO_ADAPTER') this.#wrong('a deleted adapter is there', answer)
  }

  /** Lets a worker thread train in the server's process, and ends it at some time. */
  async worker() {
    await this.world.worker(this.#random.next() < 0.3 ? 60_000 : this.#random.whole(0, 900))
  }

  rest() {
    return sleep(this.#random.whole(50, 500))
  }

  #task() {
    const texts = Array.from({ length: this.#random.whole(3, 9) }, () => this.#random.pick(this.world.texts))
    return { texts, epochs: this.#random.whole(1, 3), seed: this.#random.whole(0, 1e6), lr: 0.003 }
  }

  /** False when the server is busy. */
  async #start(task) {
    const answer = await this.client.ask(`POST /adapters/${this.name}`, task)
    if (answer !== null && answer.status !== 200 && answer.code !== 'TOO_MANY_JOBS') this.#wrong('no training', answer)
    return answer?.status === 200
  }

  #question(customer, maxNewTokens = this.#random.whole(4, 24)) {
    const prompt = this.#random.pick(this.world.texts).slice(0, 40)
    return { customer, prompt, maxNewTokens, seed: this.#random.whole(0, 1e6) }
  }

  async #complete(question, allowed = []) {
    const began = performance.now()
    const onLine = (_, count) => count === 1 && this.world.firstTokens.push(performance.now() - began)
    const answer = await this.client.ask('POST /complete', question, { onLine })
    if (answer === null || allowed.includes(answer.code)) return null
    if (answer.status !== 200 || answer.code) this.#wrong('no answer', answer)
    this.world.tokens += answer.lines.length
    return answer.lines.map(({ text }) => text).join('')
  }

  async #fileHash() {
    const answer = await this.client.ask(`GET /adapters/${this.name}`)
    return answer?.status === 200 ? createHash('sha256').update(answer.bytes).digest('hex') : null
  }

  #wrong(what, answer) {
    const said = answer?.lines?.at(-1) ?? answer
    this.client.wrong(`${this.name}: ${what}${said === undefined ? '' : ` ${JSON.stringify(said).slice(0, 300)}`}`)
  }
}
