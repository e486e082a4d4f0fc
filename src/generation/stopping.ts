// When a row ends.

/** What may end a row. */
export interface StopOptions {
  /** Tokens that end a row; null for none. @integer @default the model's `eos_token_id` */
  eosTokenId?: number | readonly number[] | null
  /** Sequences of tokens that end a row. @integer @minimum 0 @default none */
  stopSequences?: readonly (readonly number[])[]
  /** Ends a row when it returns true for the tokens so far (prompt included); `row` is the index of the row in the result, with beams that of the prompt. @default none */
  stop?: (ids: readonly number[], row: number) => boolean
}

/** The stop tokens as a list. */
export function eosTokens(given: number | readonly number[] | null | undefined): readonly number[] {
  if (given === null || given === undefined) return []
  return typeof given === 'number' ? [given] : given
}

/** Why a row ends with its last token, or null. */
export function stopReason(
  options: StopOptions,
  eos: readonly number[],
  ids: readonly number[],
  promptLength: number,
  row: number,
): 'eos' | 'stop' | null {
  if (eos.includes(ids.at(-1)!)) return 'eos'
  const fresh = ids.length - promptLength
  const ends = (sequence: readonly number[]) =>
    sequence.length > 0 &&
    sequence.length <= fresh &&
    sequence.every((id, i) => ids[ids.length - sequence.length + i] === id)
  return options.stopSequences?.some(ends) || options.stop?.(ids, row) ? 'stop' : null
}
