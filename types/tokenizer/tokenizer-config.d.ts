// Generated from src/tokenizer/tokenizer-config.ts by `npm run api`. Do not edit.

/** A chat template, or several by name; null for none. */
export type ChatTemplates = string | Readonly<Record<string, string>> | null
/** What each special token is for, as far as the files say. */
export interface SpecialTokensMap {
  bosToken?: string
  eosToken?: string
  unkToken?: string
  sepToken?: string
  padToken?: string
  clsToken?: string
  maskToken?: string
}
