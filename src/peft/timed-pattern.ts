// Regular expressions from the files of adapters. JavaScript tries every way in which one may match: `(a+)+$` takes for ever on a long name that nearly fits. An
// expression that might is given a limit of time.
import type { Context } from 'node:vm'
import { OptionError } from '../errors.js'

/** The longest time for one name. Others are decided in microseconds. */
const MOST_MS = 500

/** A regular expression whose test ends. */
export class TimedPattern {
  readonly #pattern: RegExp
  readonly #mayBacktrack: boolean

  /** @throws {SyntaxError} */
  constructor(
    private readonly owner: string,
    source: string,
  ) {
    this.#pattern = new RegExp(source, 's')
    const repeats = source.match(/(?<!\\)[*+{]/g)?.length ?? 0
    this.#mayBacktrack = repeats > 3 || /\)[*+{]/.test(source) || /\\[1-9k]/.test(source)
  }

  test(text: string): boolean {
    return this.exec(text) !== null
  }

  /** @throws {OptionError} when it takes too long. */
  exec(text: string): RegExpExecArray | null {
    if (!this.#mayBacktrack) return this.#pattern.exec(text)
    // At its first use: few adapters need it.
    const vm = process.getBuiltinModule('node:vm')
    context ??= vm.createContext({})
    Object.assign(context, { pattern: this.#pattern, text })
    try {
      return vm.runInContext('pattern.exec(text)', context, { timeout: MOST_MS }) as RegExpExecArray | null
    } catch (cause) {
      throw new OptionError({
        what: `${this.owner}: a regular expression takes too long`,
        expected: `one that is decided within ${MOST_MS} ms for each name`,
        received: `${this.#pattern.source.slice(0, 100)}, for ${text}`,
        fix: 'repeat nothing that repeats inside, such as (a+)+, or list the names',
        cause,
      })
    }
  }
}

let context: Context | undefined
