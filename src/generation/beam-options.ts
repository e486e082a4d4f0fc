import { bad } from '../runtime/options.js'
import type { SamplingOptions } from './sampling.js'

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

/** Checked beam options. */
export interface BeamSettings {
  readonly numBeams: number
  readonly lengthPenalty: number
  readonly earlyStopping: boolean | 'never'
  readonly rules: BeamRules
  /** Continuations considered in a step: by transformers' rules enough that `numBeams` remain, whichever end with a stop token. */
  readonly candidates: number
  /** Sequences to return. */
  readonly returned: number
}

/**
 * The beam options; null for one beam by transformers' rules, which is greedy decoding.
 * @throws {OptionError} for a value out of range, and for options that exclude beams.
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
