// What the utility process can do: open a base, read the user's words, train, write, save. Every method is one request of the main process.
import { existsSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as lora from 'loralib'
import { adapt, adapterBytes, learn } from './learn.mjs'
import { asPrompt, makeLessons } from './lessons.mjs'
import { Problem, inPlainWords } from './problems.mjs'
import { readDocuments } from './texts.mjs'

const NEW_TOKENS = 80
const SAMPLING = { doSample: true, temperature: 0.8, topP: 0.95 }
/** Room that must stay free beside what is written: a full disk harms every program. */
const SPARE_BYTES = 50e6

export class Studio {
  #say
  #base = null
  #tokenizer = null
  #lessons = null
  /** The model with the adapter, from its first step on. */
  #adapted = null
  /** How the user's words were laid out when the adapter was trained. */
  #kind = 'text'
  #training = null
  #writing = null
  // Answers go before training: their stream is served first.
  #answers = lora.stream({ priority: 10 })

  /** @param {(event: object) => void} say tells the main process what happens between request and result */
  constructor(say) {
    this.#say = say
  }

  /** Opens a folder with a model and its tokenizer. */
  async open({ folder }) {
    this.#refuseWhileTraining('another model can be opened')
    if (!existsSync(join(folder, 'config.json'))) {
      throw new Problem('This folder holds no model', {
        why: `there is no config.json in ${folder}`,
        fix: 'Choose a folder as Hugging Face has them: config.json, model.safetensors and tokenizer.json.',
      })
    }
    const model = (await lora.models.AutoModelForCausalLM.fromPretrained(folder)).requiresGrad_(false).eval()
    const tokenizer = await lora.tokenizers.Tokenizer.fromFolderAsync(folder)
    if (tokenizer.vocabSize > model.config.vocab_size) {
      throw new Problem('The tokenizer in this folder belongs to another model', {
        why: `it has ${tokenizer.vocabSize} tokens, the model has ${model.config.vocab_size}`,
        fix: 'Copy the tokenizer files of this very model into the folder.',
      })
    }
    this.#base = model
    this.#tokenizer = tokenizer
    this.#lessons = null
    this.#adapted = null
    const parameters = model.parameters().reduce((sum, { numel }) => sum + numel, 0)
    return { name: basename(folder), folder, family: model.config.model_type, parameters, reads: model.maxPositions }
  }

  /** Takes what the user dropped or pasted, and says what is in it. */
  async read({ documents }) {
    this.#refuseWhileTraining('another text can be read')
    const lessons = await makeLessons(readDocuments(documents), { tokenizer: this.#tokenizer, model: this.#base })
    this.#lessons = lessons
    const { kind, items, tokens, begins, heldBack } = lessons
    return { kind, items, tokens, begins, isMeasured: heldBack.length > 0 }
  }

  /** Trains a new adapter for some minutes. It is saved to `file` on the way, so that a crash costs some seconds. */
  async train({ minutes, file, seed = 1, steps }) {
    this.#refuseWhileTraining('another training can begin')
    const signal = (this.#training = new AbortController()).signal
    try {
      const model = adapt(this.#base, { seed })
      await checkRoom(dirname(file), adapterBytes(model))
      this.#kind = this.#lessons.kind
      let isSaved = false
      const save = async () => {
        const problem = await this.#write(model, file, { sync: false }).then(() => null, inPlainWords)
        isSaved = problem === null
        this.#say(isSaved ? { event: 'saved' } : { event: 'not saved', reason: problem })
      }
      const result = await learn(model, this.#lessons, {
        minutes,
        steps,
        seed,
        signal,
        onStep: (step) => {
          this.#adapted = model
          this.#say({ event: 'step', ...step })
        },
        onMeasured: (measured) => this.#say({ event: 'measured', ...measured }),
        save,
      })
      if (result.steps > 0) await save()
      return { ...result, isSaved }
    } finally {
      this.#training = null
    }
  }

  /** Ends the training at once; its last whole step counts. */
  stop() {
    this.#training?.abort()
  }

  /** Continues a prompt with the base and with the adapter, both at once, with the same luck; what they write comes in events. */
  async write({ prompt, seed }) {
    this.quiet()
    const { signal } = (this.#writing = new AbortController())
    // While the training goes on, the words come from a copy of what it has learnt so far.
    const adapted =
      this.#adapted && (this.#training ? lora.cloneModule(this.#adapted, { shareFrozen: true }) : this.#adapted)
    if (!adapted) throw new Problem('There is no adapter yet', { fix: 'Train first.' })
    const side = (name, model, kind) =>
      this.#answers.run(() => this.#continue(name, model.eval(), { prompt, kind, seed, signal }))
    try {
      const cuts = await Promise.all([side('base', this.#base, this.#kind), side('adapted', adapted, this.#kind)])
      return { isCut: cuts.some(Boolean), wasStopped: false }
    } catch (error) {
      if (signal.aborted) return { isCut: false, wasStopped: true }
      throw error
    }
  }

  /** Ends the writing. */
  quiet() {
    this.#writing?.abort()
  }

  /** Writes the adapter as safetensors; `lora.loadAdapter` and Python read it. */
  async save({ path }) {
    if (!this.#adapted) throw new Problem('There is no adapter yet', { fix: 'Train first.' })
    await checkRoom(dirname(path), adapterBytes(this.#adapted))
    await this.#write(this.#adapted, path)
    return { bytes: (await stat(path)).size }
  }

  /** Takes the adapter of a file that `train` saved before this process was started. */
  async restore({ file, kind }) {
    const model = lora.cloneModule(this.#base, { shareFrozen: true })
    await lora.loadAdapter(model, file)
    this.#adapted = model.eval()
    this.#kind = kind
  }

  async #write(model, path, options = {}) {
    await lora.save(lora.loraStateDict(model), path, options)
  }

  /** Whether the model reads only the end of the prompt. */
  async #continue(side, model, { prompt, kind, seed, signal }) {
    const end = [this.#base.config.eos_token_id].flat().slice(0, 1).filter(Number.isInteger)
    const all = [...(await this.#tokenizer.encodeAsync(asPrompt(prompt, kind), { specialAsText: true }))]
    if (all.length === 0 && end.length === 0)
      throw new Problem('This model needs a prompt', { fix: 'Type some words.' })
    const room = Math.max(1, this.#base.maxPositions - NEW_TOKENS)
    const ids = all.length === 0 ? end : all.slice(-room)
    const maxNewTokens = Math.min(NEW_TOKENS, this.#base.maxPositions - ids.length)
    const text = this.#tokenizer.decodeStream({ skipSpecialTokens: true })
    for await (const { id, finish } of model.stream(ids, { ...SAMPLING, maxNewTokens, seed, signal })) {
      const piece = text.push(id) + (finish === null ? '' : text.end())
      // What was not at its end shows that it could go on.
      this.#say({ event: 'piece', side, text: finish === 'length' ? `${piece}…` : piece })
    }
    return all.length > room
  }

  #refuseWhileTraining(what) {
    if (this.#training) throw new Problem(`The training goes on: ${what} when it has ended`, { fix: 'Stop it first.' })
  }
}

async function checkRoom(folder, bytes) {
  const { bavail, bsize } = await statfs(folder)
  const free = Number(bavail) * Number(bsize)
  if (free >= bytes + SPARE_BYTES) return
  const mb = (count) => `${Math.ceil(count / 1e6)} MB`
  throw new Problem('There is not enough room on the disk', {
    why: `${mb(bytes + SPARE_BYTES)} are needed in ${folder}, ${mb(free)} are free`,
    fix: 'Make some room, or choose another folder, and try again.',
  })
}
