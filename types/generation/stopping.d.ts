// Generated from src/generation/stopping.ts by `npm run api`. Do not edit.

/** What may end a row. */
export interface StopOptions {
  /** Tokens that end a row; null for none. @integer @default the model's `eos_token_id` */
  eosTokenId?: number | readonly number[] | null
  /** Sequences of tokens that end a row. @integer @minimum 0 @default none */
  stopSequences?: readonly (readonly number[])[]
  /** Ends a row when it returns true for the tokens so far (prompt included); `row` is the index of the row in the result, with beams that of the prompt. @default none */
  stop?: (ids: readonly number[], row: number) => boolean
}
