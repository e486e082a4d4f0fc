// Generated from src/generation/beam-options.ts by `npm run api`. Do not edit.

/** Whose rules a beam search follows. */
export type BeamRules = 'transformers' | 'nlg'
/** Beam search: the likeliest whole sequences instead of the likeliest next token. */
export interface BeamOptions {
  /** Continuations of a prompt that are followed at once; 1 is greedy decoding or sampling. @default 1 */
  numBeams?: number
  /**
   * A finished sequence of n new tokens has the score `Σ log p / n^lengthPenalty` (beams): above 0 favours long ones, below 0 short ones.
   * @default 1
   */
  lengthPenalty?: number
  /**
   * When a prompt is done (beams). true: as soon as `numBeams` sequences are finished. false: when the best running beam, at its present
   * length, has a lower score than all of them. 'never': when it could not beat them at any length up to `maxNewTokens`.
   * @default false
   */
  earlyStopping?: boolean | 'never'
  /**
   * Whose rules the search follows. `transformers`: see above. `nlg`: those of the LoRA paper's NLG example (`gpt2_beam.py`):
   *
   * - the filters see new tokens alone, so that `noRepeatNgramSize` and `repetitionPenalty` pass over the prompt and `minLength` counts new
   *   tokens; they act on the logits, and what is left is normalised again: `p` is a softmax after the filters;
   * - only the best `numBeams` continuations are looked at. One that ends with a stop token is a candidate and gives up its place; at
   *   `maxNewTokens` all others are candidates, too; the best candidate by `Σ log p / n^lengthPenalty` is the result;
   * - one beam is a search like any other.
   *
   * `earlyStopping` and drawing do not go with it. A search ends as soon as nothing that runs can become better than what is found, which changes no result.
   * @default 'transformers'
   */
  beamRules?: BeamRules
}
