// Calls that are right, found by trying sample values of the types of the parameters until one call succeeds.
import ts from 'typescript'
import { bases, outside } from './bases.mjs'
import { Samples } from './samples.mjs'

/** Tries for one function at most. */
const TRIES = 1500
const SEARCH_MS = 3000
const WAIT_MS = 4000

export class Calls {
  #lora
  #surface
  #samples
  #instances = new Map()
  #bases = new Map()
  #given
  #outside

  constructor(lora, world, surface) {
    this.#lora = lora
    this.#surface = surface
    this.#given = bases(lora, world)
    this.#outside = outside(lora, world)
    this.#samples = new Samples(lora, world, surface.checker, (type) => this.instances(type))
  }

  /**
   * A right call of a function: `{ call, args }`, where `args` are functions that make the arguments; or `{ error }`, what the last try said.
   * Parameters that may be left out are left out.
   */
  async base(callable) {
    const known = this.#bases.get(callable)
    if (known) return known
    this.#bases.set(callable, { error: new Error('it needs an instance of itself') })
    const found = await this.#search(callable)
    this.#bases.set(callable, found)
    return found
  }

  async #search(callable) {
    const given = this.#given[callable.name] ?? this.#outside[callable.name]
    if (given) return this.#withGiven(callable, given)
    let last = new Error('no sample value for a type')
    const receivers = callable.kind === 'method' ? await this.instances(callable.owner) : [() => undefined]
    const calls = callable.calls.filter((call) => !(call.getReturnType().flags & ts.TypeFlags.Never))
    for (const call of calls.sort((a, b) => required(a).length - required(b).length)) {
      const lists = []
      const wanted = [...required(call), ...call.getParameters().filter(isRest)]
      for (const parameter of wanted) lists.push(await this.#samples.of(this.typeOf(parameter, call), parameter.name))
      if (lists.some((list) => list.length === 0)) continue
      const hasRest = wanted.some(isRest)
      let tries = 0
      const end = performance.now() + SEARCH_MS
      for (const choice of byRank([receivers, ...lists])) {
        if (tries++ >= TRIES || performance.now() > end) break
        const [receiver, ...all] = choice
        // The items of a rest parameter, first without any.
        const args = hasRest ? await spread(all) : all
        const outcome = await this.run(callable, receiver, args)
        if (outcome.error === undefined) return { call, receiver, args, tries }
        last = outcome.error
      }
    }
    return { error: last }
  }

  async #withGiven(callable, { receiver = () => undefined, args }) {
    const { error } = await this.run(callable, receiver, args)
    const isOutside = callable.name in this.#outside
    // The overload with the parameters that were given.
    const call = callable.calls.find((each) => required(each).length <= args.length) ?? callable.calls[0]
    if (isOutside)
      return error instanceof this.#lora.LoraError
        ? { call, receiver, args, refusal: error.message }
        : { error: error ?? new Error('it can be called here') }
    return error ? { error } : { call, receiver, args }
  }

  /** Makes the arguments anew, calls, and waits for the result. Returns `{ error }`, undefined when it succeeded. */
  async run(callable, receiver, args) {
    try {
      const given = []
      for (const arg of args) given.push(await arg())
      const self = await receiver()
      return await within(async () => {
        const result = this.#invoke(callable, self, given)
        const value = await result
        // A generator checks its arguments when it begins.
        if (typeof value?.next === 'function') await value.next()
      })
    } catch (error) {
      return { error }
    }
  }

  #invoke({ kind, path, member }, self, given) {
    const found = path.reduce((at, name) => at[name], this.#lora)
    if (kind === 'constructor') return new found(...given)
    if (kind === 'function') return found(...given)
    return kind === 'static' ? found[member](...given) : self[member](...given)
  }

  typeOf(parameter, call) {
    return this.#surface.checker.getTypeOfSymbolAtLocation(
      parameter,
      parameter.valueDeclaration ?? call.getDeclaration(),
    )
  }

  /** Functions that make instances of a class: by a sample of its type, or by its constructor or that of a class below it. */
  async instances(type) {
    const symbol = type.getSymbol()
    if (!symbol || !(symbol.flags & ts.SymbolFlags.Class)) return []
    const known = this.#instances.get(symbol)
    if (known) return known
    const made = []
    this.#instances.set(symbol, made)
    const sample = this.#samples.known(symbol.name)
    if (sample) {
      made.push(...sample)
      return made
    }
    const { checker, classes, callables } = this.#surface
    const fitting = classes.filter(
      (each) => each.isOpen && (each.symbol === symbol || checker.isTypeAssignableTo(each.instance, type)),
    )
    fitting.sort((a, b) => Number(b.symbol === symbol) - Number(a.symbol === symbol))
    for (const { path } of fitting.slice(0, 12)) {
      const callable = callables.find((each) => each.kind === 'constructor' && each.path.join() === path.join())
      const base = callable && (await this.base(callable))
      if (!base?.args) continue
      made.push(async () => {
        const given = []
        for (const arg of base.args) given.push(await arg())
        const made = this.#invoke(callable, undefined, given)
        // Models generate in evaluation mode alone.
        return typeof made.eval === 'function' ? made.eval() : made
      })
      if (made.length >= 3) break
    }
    return made
  }
}

const isRest = ({ valueDeclaration: at }) => at?.dotDotDotToken !== undefined

async function spread(all) {
  const rest = await all.at(-1)()
  return [...all.slice(0, -1), ...(Array.isArray(rest) ? rest : [rest]).map((item) => () => item)]
}

/** Parameters that are needed, and the config of a model, which is a large one without. */
export function required(call) {
  return call
    .getParameters()
    .filter(
      ({ name, valueDeclaration: at }) =>
        name === 'config' || (!at?.questionToken && !at?.initializer && !at?.dotDotDotToken),
    )
}

/** Choices of one candidate from each list, those with early candidates first. */
function* byRank(lists) {
  const most = lists.reduce((sum, list) => sum + list.length - 1, 0)
  for (let rank = 0; rank <= most; rank++) yield* withRank(lists, rank)
}

function* withRank([list, ...rest], rank) {
  if (list === undefined) {
    if (rank === 0) yield []
    return
  }
  for (let i = 0; i < list.length && i <= rank; i++)
    for (const tail of withRank(rest, rank - i)) yield [list[i], ...tail]
}

/** Runs something, at most for a while. */
async function within(run) {
  let timer
  const late = new Promise((done) => {
    timer = setTimeout(() => done({ error: new Error(`no result in ${WAIT_MS / 1000} s`) }), WAIT_MS)
  })
  try {
    return await Promise.race([run().then(() => ({ error: undefined })), late])
  } finally {
    clearTimeout(timer)
  }
}
