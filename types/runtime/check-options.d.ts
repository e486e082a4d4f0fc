// Generated from src/runtime/check-options.ts by `npm run api`. Do not edit.

/** What a value must be; `text` describes it where the words for its kind would be too general. */
export type Rule = {
  readonly text?: string
} & Kind
type Kind =
  | {
      readonly kind: 'string'
      readonly minLength?: number
    }
  | {
      readonly kind: 'any' | 'boolean' | 'bigint' | 'null' | 'function' | 'iterable'
    }
  | NumberRule
  | {
      readonly kind: 'choice'
      readonly values: readonly (string | number | boolean)[]
    }
  | ListRule
  | {
      readonly kind: 'tuple'
      readonly items: readonly Rule[]
    }
  | {
      readonly kind: 'record'
      readonly values: Rule
      readonly shallow?: true
    }
  | {
      readonly kind: 'class'
      readonly name: string
    }
  /** `fields` are those that it must have. */
  | {
      readonly kind: 'object'
      readonly name: string
      readonly fields?: readonly string[]
    }
  | {
      readonly kind: 'union'
      readonly of: readonly Rule[]
    }
interface NumberRule {
  readonly kind: 'number'
  readonly integer?: true
  /** Allows Infinity. */
  readonly infinity?: true
  /** Allows every number, NaN among them: it is a value of a tensor. */
  readonly nan?: true
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}
interface ListRule {
  readonly kind: 'list'
  readonly items: Rule
  /** Only the kind of the first item is looked at: lists can be long, and whoever reads them looks at each. */
  readonly shallow?: true
  readonly minItems?: number
  readonly maxItems?: number
}
/** The options of one interface. */
export interface OptionSchema {
  readonly fields: Readonly<Record<string, Rule>>
  readonly required: readonly string[]
}
export {}
