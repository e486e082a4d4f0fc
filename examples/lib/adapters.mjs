// The adapters of all customers on one base model: a file for each, and a model for those in use.
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as lora from 'loralib'
import { Refusal } from './http.mjs'

/** Models kept in memory; the files of others are read when they are asked for. */
const MOST_MODELS = 100
const ENDING = '.safetensors'

export class Adapters {
  #folder
  #base
  #options
  #models = new Map()

  /** @param {string} folder @param {import('loralib').nn.Module} base @param {object} options those of injectLora */
  constructor(folder, base, options) {
    this.#folder = folder
    this.#base = base.requiresGrad_(false)
    this.#options = options
    mkdirSync(folder, { recursive: true })
  }

  /** A model of its own with a new adapter. It uses the tensors of the base themselves: only the adapter costs memory. */
  fresh() {
    const model = lora.cloneModule(this.#base, { shareFrozen: true })
    lora.injectLora(model, this.#options)
    lora.markOnlyLoraAsTrainable(model)
    return model
  }

  /** Customers with an adapter. */
  list() {
    const files = readdirSync(this.#folder).filter((name) => name.endsWith(ENDING))
    return files
      .map((name) => ({ customer: name.slice(0, -ENDING.length) }))
      .map(({ customer }) => ({
        customer,
        inMemory: this.#models.has(customer),
      }))
  }

  /** The model of a customer, read from the file when it is not in memory. */
  async get(customer) {
    return this.#models.get(customer) ?? this.#keep(customer, await this.#read(this.#existing(customer)))
  }

  /** The file, byte for byte. */
  async bytes(customer) {
    return readFile(this.#existing(customer))
  }

  /** Takes a model: first into the file, which appears whole or not at all, then into use. Answers under way go on with the one before. */
  async save(customer, model) {
    await lora.save(lora.loraStateDict(model), this.#file(customer))
    this.#keep(customer, model)
  }

  /** Takes a file as {@link Adapters.bytes} gave it; what is no adapter of this base is refused, and the old one stays. */
  async saveBytes(customer, bytes) {
    const draft = join(this.#folder, `${randomUUID()}.upload`)
    try {
      await writeFile(draft, bytes)
      await this.save(customer, await this.#read(draft))
    } finally {
      await rm(draft, { force: true })
    }
  }

  async delete(customer) {
    await rm(this.#existing(customer), { force: true })
    this.#models.delete(customer)
  }

  async #read(file) {
    const model = this.fresh()
    const { missingKeys, unexpectedKeys } = model.loadStateDict(await lora.load(file), { strict: false })
    const missing = missingKeys.filter((key) => key.includes('lora_'))
    if (missing.length + unexpectedKeys.length > 0) {
      const wrong = `${missing.length} tensors are missing, ${unexpectedKeys.length} are unknown`
      throw new Refusal(400, 'WRONG_ADAPTER', `this is no adapter of this base: ${wrong}`)
    }
    return model.eval()
  }

  #keep(customer, model) {
    this.#models.delete(customer)
    this.#models.set(customer, model)
    if (this.#models.size > MOST_MODELS) this.#models.delete(this.#models.keys().next().value)
    return model
  }

  #file(customer) {
    return join(this.#folder, customer + ENDING)
  }

  #existing(customer) {
    if (existsSync(this.#file(customer))) return this.#file(customer)
    throw new Refusal(404, 'NO_ADAPTER', `${customer} has no adapter`)
  }
}
