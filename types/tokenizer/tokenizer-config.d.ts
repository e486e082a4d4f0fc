// Generated from src/tokenizer/tokenizer-config.ts by `npm run api`. Do not edit.

/** A chat template, or several by name; null when there is none. */
export type ChatTemplates = string | Readonly<Record<string, string>> | null
/** The special tokens by role, as far as the files define them. */
export interface SpecialTokensMap {
  bosToken?: string
  eosToken?: string
  unkToken?: string
  sepToken?: string
  padToken?: string
  clsToken?: string
  maskToken?: string
}
