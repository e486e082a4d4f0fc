// Tables of the generated checks. They are texts, of which a line is read when a check first asks for it: as code, V8 would parse all of them at each start.
import { SCHEMAS } from '../generated/options.js'
import { RULES } from '../generated/rules.js'
import type { SchemaName } from '../generated/options.js'
import type { OptionSchema, Rule } from './check-options.js'

/** A rule as tables have it: itself, or its number among those that several entries share. */
export type WrittenRule = number | Rule

const rules = RULES.split('\n')
const shared: (Rule | undefined)[] = []

/** The rule that a table means. */
export function ruleOf(written: WrittenRule): Rule {
  return typeof written === 'number' ? (shared[written] ??= JSON.parse(rules[written]!) as Rule) : written
}

/** What a line of a table says behind its key: JSON. */
export function readLine(line: string): unknown {
  return JSON.parse(line.slice(line.indexOf(' ')))
}

interface WrittenSchema {
  readonly fields: Readonly<Record<string, WrittenRule>>
  readonly required?: readonly string[]
}

class TableSchema implements OptionSchema {
  readonly #line: string
  #schema: OptionSchema | undefined

  constructor(line: string) {
    this.#line = line
  }

  get fields(): OptionSchema['fields'] {
    return (this.#schema ??= this.#read()).fields
  }

  get required(): OptionSchema['required'] {
    return (this.#schema ??= this.#read()).required
  }

  #read(): OptionSchema {
    const { fields, required = [] } = readLine(this.#line) as WrittenSchema
    return { fields: Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, ruleOf(rule)])), required }
  }
}

/** The schemas of all options, by the names of their interfaces. */
export const schemas = Object.fromEntries(
  SCHEMAS.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), new TableSchema(line)]),
) as unknown as Readonly<Record<SchemaName, OptionSchema>>
