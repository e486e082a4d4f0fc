// Tables of the generated checks. They are texts, read line by line when a check first asks for an entry: as code, V8 would parse all of them at each start.
import { RULES } from '../generated/rules.js'
import type { OptionSchema, Rule } from './check-options.js'

/** A rule as tables have it: itself, or its number among those that several entries share. */
export type WrittenRule = number | Rule

let shared: readonly Rule[] | undefined

/** The rule that a table means. */
export function ruleOf(written: WrittenRule): Rule {
  return typeof written === 'number' ? (shared ??= JSON.parse(RULES) as Rule[])[written]! : written
}

/** Reads the entries of a table, a line for each: its key, a space, and what it is as JSON. */
export function readerOf<Entry>(table: string): (key: string) => Entry {
  let lines: Map<string, string> | undefined
  return (key) => {
    lines ??= new Map(table.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line]))
    return JSON.parse(lines.get(key)!.slice(key.length)) as Entry
  }
}

interface WrittenSchema {
  readonly fields: Readonly<Record<string, WrittenRule>>
  readonly required?: readonly string[]
}

/** Gives the schemas of a table by their keys. */
export function schemasOf(table: string): (key: string) => OptionSchema {
  const read = readerOf<WrittenSchema>(table)
  return (key) => new TableSchema(key, read)
}

class TableSchema implements OptionSchema {
  readonly #key: string
  readonly #read: (key: string) => WrittenSchema
  #schema: OptionSchema | undefined

  constructor(key: string, read: (key: string) => WrittenSchema) {
    this.#key = key
    this.#read = read
  }

  get fields(): OptionSchema['fields'] {
    return (this.#schema ??= this.#make()).fields
  }

  get required(): OptionSchema['required'] {
    return (this.#schema ??= this.#make()).required
  }

  #make(): OptionSchema {
    const { fields, required = [] } = this.#read(this.#key)
    return { fields: Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, ruleOf(rule)])), required }
  }
}
