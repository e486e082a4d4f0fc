// Tables of the generated checks. They are texts, read line by line when a check first asks for an entry: as code, V8 would parse all of them at each start.
import { SCHEMAS } from '../generated/options.js'
import { RULES } from '../generated/rules.js'
import type { SchemaName } from '../generated/options.js'
import type { OptionSchema, Rule } from './check-options.js'

/** A rule as tables have it: itself, or its number among those that several entries share. */
export type WrittenRule = number | Rule

let shared: readonly Rule[] | undefined

/** The rule that a table means. */
export function ruleOf(written: WrittenRule): Rule {
  return typeof written === 'number' ? (shared ??= JSON.parse(RULES) as Rule[])[written]! : written
}

/** The entries of a table, a line for each: its key, a space, and what it is as JSON. */
export class Table<Entry> {
  readonly #text: string
  #lines: Map<string, string> | undefined

  constructor(text: string) {
    this.#text = text
  }

  get keys(): Iterable<string> {
    return this.#linesByKey().keys()
  }

  read(key: string): Entry {
    return JSON.parse(this.#linesByKey().get(key)!.slice(key.length)) as Entry
  }

  #linesByKey(): Map<string, string> {
    return (this.#lines ??= new Map(this.#text.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line])))
  }
}

interface WrittenSchema {
  readonly fields: Readonly<Record<string, WrittenRule>>
  readonly required?: readonly string[]
}

const table = new Table<WrittenSchema>(SCHEMAS)

class TableSchema implements OptionSchema {
  readonly #name: string
  #schema: OptionSchema | undefined

  constructor(name: string) {
    this.#name = name
  }

  get fields(): OptionSchema['fields'] {
    return (this.#schema ??= this.#read()).fields
  }

  get required(): OptionSchema['required'] {
    return (this.#schema ??= this.#read()).required
  }

  #read(): OptionSchema {
    const { fields, required = [] } = table.read(this.#name)
    return { fields: Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, ruleOf(rule)])), required }
  }
}

/** The schemas of all options, by the names of their interfaces. */
export const schemas = Object.fromEntries(
  Array.from(table.keys, (name) => [name, new TableSchema(name)]),
) as unknown as Readonly<Record<SchemaName, OptionSchema>>
