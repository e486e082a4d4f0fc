// Generated from src/metrics/corpus.ts by `npm run api`. Do not edit.

/** The references of each segment: a text, or several. */
export type References = readonly (string | readonly string[])[]
/** Options of every metric over a corpus. */
export interface CorpusOptions {
  /** Stops at the next pause, with an `AbortedError`. @default none */
  signal?: AbortSignal
}
