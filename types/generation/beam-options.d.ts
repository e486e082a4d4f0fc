// Generated from src/generation/beam-options.ts by `npm run api`. Do not edit.

/** The rules of a beam search. */
export type BeamRules = 'transformers' | 'nlg'
/** Beam search: the likeliest whole sequences instead of the likeliest next token. */
export interface BeamOptions {
  /** Number of beams: continuations of a prompt that are searched in parallel; 1 is greedy decoding or sampling. @integer @minimum 1 @default 1 */
  numBeams?: number
  /**
   * A finished sequence of n new tokens has the score `Σ log p / n^lengthPenalty` (beams): above 0 favours long sequences, below 0 short ones.
   * @default 1
   */
  lengthPenalty?: number
  /**
   * When the search of a prompt ends (beams). true: as soon as `numBeams` sequences are finished. false: when the best running beam, at its current
   * length, has a lower score than all of them. 'never': when it could not beat them at any length up to `maxNewTokens`.
   * @default false
   */
  earlyStopping?: boolean | 'never'
  /**
   * The rules of the search. `transformers`: see above. `nlg`: those of the LoRA paper's NLG example (`gpt2_beam.py`):
   *
   * - the processors see new tokens alone, so that `noRepeatNgramSize` and `repetitionPenalty` ignore the prompt and `minLength` counts new
   *   tokens; they edit the logits, and `p` is the softmax of the result;
   * - only the best `numBeams` continuations are considered. One that ends with a stop token is a finished candidate, and its beam is not replaced; at
   *   `maxNewTokens` all others are candidates, too; the best candidate by `Σ log p / n^lengthPenalty` is the result;
   * - a single beam is searched by the same rules.
   *
   * It excludes `earlyStopping` and sampling. A search ends as soon as no running beam can beat the finished ones, which changes no result.
   * @default 'transformers'
   */
  beamRules?: BeamRules
}
