import { bad } from '../runtime/options.js'
import type { SamplingOptions } from './sampling.js'

/** Whose rules a beam search follows. */
export type BeamRules = 'transformers' | 'nlg'

/** Beam search: the likeliest whole sequences instead of the likeliest next token. */
export interface BeamOptions {
  /** Continuations of a prompt that are followed at once; 1 is greedy decoding or sampling. @integer @minimum 1 @default 1 */
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

/** Checked beam options. */
export interface BeamSettings {
  readonly numBeams: number
  readonly lengthPenalty: number
  readonly earlyStopping: boolean | 'never'
  readonly rules: BeamRules
  /** Continuations looked at in a step: by transformers' rules so many that, whatever ends with a stop token, `numBeams` go on. */
  readonly candidates: number
  /** Sequences that are wanted in the end. */
  readonly returned: number
}

/**
 * The beam options; null for one beam by transformers' rules, which is greedy decoding.
 * @throws {OptionError} for what does not go with beams.
 */
export function beamSettings(
  owner: string,
  options: BeamOptions & Pick<SamplingOptions, 'doSample'> & { onToken?: unknown },
  stopTokens: number,
  returned: number,
): BeamSettings | null {
  const numBeams = options.numBeams ?? 1
  const lengthPenalty = options.lengthPenalty ?? 1
  const earlyStopping = options.earlyStopping ?? false
  const rules = options.beamRules ?? 'transformers'
  if (rules === 'nlg' && earlyStopping !== false)
    throw bad(owner, 'earlyStopping', "left out beside beamRules 'nlg', which have no such rule", earlyStopping)
  if (numBeams === 1 && rules === 'transformers') return null
  if (owner === 'stream') {
    const [name, value] = numBeams > 1 ? (['numBeams', '1'] as const) : (['beamRules', 'left out'] as const)
    throw bad(owner, name, `${value}, since beams choose their tokens at the end`, options[name], 'call generate')
  }
  if (options.onToken)
    throw bad(owner, 'onToken', 'left out with beams, which choose their tokens at the end', options.onToken)
  if (options.doSample)
    throw bad(owner, 'doSample', 'false with beams: they are searched, not drawn', true, 'set numBeams to 1')
  const candidates = rules === 'nlg' ? numBeams : Math.max(2, 1 + stopTokens) * numBeams
  return { numBeams, lengthPenalty, earlyStopping, rules, candidates, returned }
}
