// What the window shows, kept in the main process: a page that reloads finds it again, and so does a trainer that was started anew.
import { rmSync } from 'node:fs'
import { Refusal } from './trainer.mjs'

const MOST_CRASHES = 3
const CRASHES_WITHIN_MS = 60_000
const LARGEST_SEED = 2 ** 31
const EXCERPT = 600

/**
 * @typedef {{ about: 'text' | 'base' | 'training' | 'writing' | 'export' | 'trainer', what: string, why: string, fix: string }} Problem
 * @typedef {{
 *   state: 'training' | 'stopping' | 'done' | 'stopped' | 'failed', minutes: number, step: number, share: number, secondsLeft: number,
 *   tokensPerSecond: number | null, points: [step: number, loss: number][], heldBack: [step: number, loss: number][], savedStep: number,
 * }} Run
 */

export class Session {
  #trainer
  #publish
  #places
  #revision = 0
  /** Counts how often the trainer was started. */
  #turn = 0
  #documents = null
  #crashes = []
  /** The adapter that lies in the file: how the user's words were laid out when it was trained. Null for none. */
  #kept = null
  #state = {
    /** 'starting', 'ready', or 'gone' when it crashed too often. */
    trainer: 'starting',
    base: null,
    isOpening: true,
    text: null,
    isReading: false,
    /** @type {Run | null} */
    run: null,
    adapter: null,
    writing: null,
    exported: null,
    /** @type {Problem | null} */
    problem: null,
  }

  /**
   * @param {import('./trainer.mjs').Trainer} trainer
   * @param {(change: { revision: number, set?: object, steps?: object, piece?: object }) => void} publish tells the window
   * @param {{ base: string, adapter: string }} places the folder of the base to begin with, and the file of the adapter
   */
  constructor(trainer, publish, places) {
    this.#trainer = trainer
    this.#publish = publish
    this.#places = places
    trainer.on('event', (event) => this.#hear(event))
    trainer.on('gone', (code) => this.#lose(code))
  }

  /** All of it, for a page that has just loaded. Changes up to this revision are in it. */
  get snapshot() {
    return { revision: this.#revision, state: this.#state }
  }

  get isTraining() {
    return ['training', 'stopping'].includes(this.#state.run?.state)
  }

  /** Starts the trainer, and brings it to where the one before was. */
  async start() {
    const turn = (this.#turn += 1)
    this.#set({ trainer: 'starting', isOpening: true })
    this.#trainer.start()
    const folder = this.#state.base?.folder ?? this.#places.base
    const isUp = await this.#attempt(
      'trainer',
      async () => {
        const base = await this.#trainer.ask('open', { folder })
        if (this.#documents) await this.#trainer.ask('read', { documents: this.#documents })
        await this.#restore()
        this.#set({ trainer: 'ready', base: this.#describe(base) })
      },
      // Why it is started may be a problem that the user has not read yet.
      { keepProblem: true },
    )
    // It crashed meanwhile, and another one is being started.
    if (turn !== this.#turn) return
    this.#set({ isOpening: false })
    // It runs and cannot work: a package is missing, or the base is. Where it does not even run, its end was told.
    if (!isUp && this.#trainer.isRunning) this.#set({ trainer: 'gone' })
  }

  /** After it crashed too often, the user may try again. */
  async restart() {
    if (this.#state.trainer !== 'gone') return
    this.#crashes = []
    this.#trainer.end()
    this.#set({ problem: null })
    await this.start()
  }

  async useText(documents) {
    this.#set({ isReading: true })
    await this.#attempt('text', async () => {
      const read = await this.#trainer.ask('read', { documents })
      this.#documents = documents
      this.#set({
        text: { name: nameOf(documents), words: countWords(documents), excerpt: excerptOf(documents), ...read },
      })
    })
    this.#set({ isReading: false })
  }

  async useBase(folder = this.#places.base) {
    this.#set({ isOpening: true })
    await this.#attempt('base', async () => {
      const base = await this.#trainer.ask('open', { folder })
      // What was learnt and read belongs to the base before.
      this.#kept = null
      this.#set({ base: this.#describe(base), text: null, run: null, adapter: null, writing: null, exported: null })
    })
    this.#set({ isOpening: false })
    if (this.#documents && !this.#state.text && !this.#state.problem) await this.useText(this.#documents)
  }

  /** Begins a training; how it goes on is told by changes. */
  train({ minutes }) {
    if (this.isTraining || !this.#state.text) return
    const run = { state: 'training', minutes, step: 0, share: 0, secondsLeft: 60 * minutes, tokensPerSecond: null }
    this.#kept = null
    this.#set({ run: { ...run, points: [], heldBack: [], savedStep: 0 }, adapter: null, writing: null, exported: null })
    void this.#follow(minutes)
  }

  async stopTraining() {
    if (this.#state.run?.state !== 'training') return
    this.#setRun({ state: 'stopping' })
    await this.#attempt('training', () => this.#trainer.ask('stop'))
  }

  /** Begins to write with the base and the adapter; the words come in changes. */
  write({ prompt }) {
    if (!this.#state.adapter) return
    const seed = Math.floor(LARGEST_SEED * Math.random())
    const writing = { prompt, base: '', adapted: '', isRunning: true, isCut: false }
    this.#set({ writing })
    void this.#listen(writing, seed)
  }

  async stopWriting() {
    await this.#attempt('writing', () => this.#trainer.ask('quiet'))
  }

  async export(path) {
    await this.#attempt('export', async () => {
      const { bytes } = await this.#trainer.ask('save', { path })
      this.#set({ exported: { path, bytes } })
    })
  }

  /** Tells the user what the main process itself could not do. */
  tell(problem) {
    this.#set({ problem })
  }

  /** Before the app ends. What was learnt from somebody's text does not stay behind: the user exports what shall last. */
  end() {
    this.#trainer.end()
    rmSync(this.#places.adapter, { force: true })
  }

  /** Does something that the trainer may refuse, which the window then says. Whether it was done. */
  async #attempt(about, work, { keepProblem = false } = {}) {
    if (!keepProblem) this.#set({ problem: null })
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // That the trainer is gone is told once, with what it means.
      if (!error.isGone) this.#set({ problem: { about, ...error.problem } })
      return false
    }
  }

  /** A training to its end. */
  async #follow(minutes) {
    const isDone = await this.#attempt('training', async () => {
      const { steps, wasStopped, isSaved } = await this.#trainer.ask('train', { minutes, file: this.#places.adapter })
      if (isSaved) this.#keep(steps)
      const { share } = this.#state.run
      this.#setRun({ state: wasStopped ? 'stopped' : 'done', share: wasStopped ? share : 1, secondsLeft: 0 })
      this.#set({ adapter: steps > 0 ? { steps } : null })
    })
    // A crash has told so already.
    if (isDone || !this.isTraining) return
    this.#setRun({ state: 'failed', secondsLeft: 0 })
    this.#set({ adapter: null })
    await this.#attempt('training', () => this.#restore(), { keepProblem: true })
  }

  /** A text to its end. */
  async #listen(writing, seed) {
    await this.#attempt('writing', async () => {
      const { isCut } = await this.#trainer.ask('write', { prompt: writing.prompt, seed })
      writing.isCut = isCut
    })
    // Another one may have begun meanwhile.
    if (this.#state.writing !== writing) return
    writing.isRunning = false
    this.#set({ writing })
  }

  /** Gives the trainer what was saved last, if anything was. */
  async #restore() {
    if (!this.#kept) return
    await this.#trainer.ask('restore', { file: this.#places.adapter, kind: this.#kept.kind })
    this.#set({ adapter: { steps: this.#kept.steps } })
  }

  #hear({ event, ...told }) {
    const { run, writing } = this.#state
    if (event === 'steps') {
      const { points, ...rest } = told
      run.points.push(...points)
      Object.assign(run, rest, { step: points.at(-1)[0] })
      if (!this.#state.adapter) this.#set({ adapter: { steps: 0 } })
      this.#change({ steps: { points, ...rest, step: run.step } })
    } else if (event === 'measured') {
      this.#setRun({ heldBack: [...run.heldBack, [told.step, told.loss]] })
    } else if (event === 'saved') {
      this.#keep(run.step)
      this.#setRun({ savedStep: run.step })
    } else if (event === 'not saved') {
      this.#set({ problem: { about: 'training', ...told.reason } })
    } else if (event === 'piece' && writing?.isRunning) {
      writing[told.side] += told.text
      this.#change({ piece: told })
    }
  }

  /** The trainer ended by itself. Its work is taken up again, unless it does so too often. */
  #lose(code) {
    const now = performance.now()
    this.#crashes = [...this.#crashes.filter((at) => now - at < CRASHES_WITHIN_MS), now]
    const wasTraining = this.isTraining
    if (wasTraining) this.#setRun({ state: 'failed', secondsLeft: 0 })
    const { writing } = this.#state
    if (writing?.isRunning) this.#set({ writing: { ...writing, isRunning: false } })
    const isHopeless = this.#crashes.length >= MOST_CRASHES
    this.#set({
      trainer: isHopeless ? 'gone' : 'starting',
      isReading: false,
      adapter: null,
      problem: { about: wasTraining ? 'training' : 'trainer', ...this.#loss(code, wasTraining, isHopeless) },
    })
    if (!isHopeless) void this.start()
  }

  #loss(code, wasTraining, isHopeless) {
    const what = wasTraining ? 'The training has ended: the trainer crashed' : 'The trainer crashed'
    const why = `its process ended with code ${code}; this window is not affected`
    if (isHopeless) {
      return {
        what: `${what} ${MOST_CRASHES} times within a minute`,
        why,
        fix: 'Close other programs, then start the trainer again.',
      }
    }
    if (!wasTraining) return { what, why, fix: 'It is started again. Nothing that was learnt is lost.' }
    const kept = this.#kept
      ? `what it had learnt up to step ${this.#kept.steps} is kept`
      : 'it had not saved anything yet'
    return { what, why, fix: `It is started again: ${kept}. You can train once more.` }
  }

  #keep(steps) {
    this.#kept = { steps, kind: this.#state.text.kind }
  }

  #describe(base) {
    return { ...base, isDefault: base.folder === this.#places.base }
  }

  #setRun(changes) {
    this.#set({ run: Object.assign(this.#state.run, changes) })
  }

  #set(changes) {
    Object.assign(this.#state, changes)
    this.#change({ set: changes })
  }

  #change(change) {
    this.#revision += 1
    this.#publish({ revision: this.#revision, ...change })
  }
}

function nameOf(documents) {
  return documents.length === 1 ? documents[0].name : `${documents.length} files`
}

function excerptOf(documents) {
  return documents[0].text.trim().slice(0, EXCERPT)
}

function countWords(documents) {
  return documents.reduce((sum, { text }) => sum + (text.match(/\S+/g)?.length ?? 0), 0)
}
