import { bad, checkInteger, checkNumber } from '../nn/options.js'
import type { SamplingOptions } from './sampling.js'

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
}

/** Option names of {@link BeamOptions}. */
export const BEAM_KEYS = ['numBeams', 'lengthPenalty', 'earlyStopping'] as const

/** Checked beam options. */
export interface BeamSettings {
  readonly numBeams: number
  readonly lengthPenalty: number
  readonly earlyStopping: boolean | 'never'
  /** Continuations looked at in a step: so many that, whatever ends with a stop token, `numBeams` go on. */
  readonly candidates: number
}

/**
 * The beam options; null for one beam.
 * @throws {OptionError} for a value out of range, and for what does not go with beams.
 */
export function beamSettings(
  owner: string,
  options: BeamOptions & Pick<SamplingOptions, 'doSample'> & { onToken?: unknown },
  stopTokens: number,
): BeamSettings | null {
  const numBeams = checkInteger(owner, 'numBeams', options.numBeams ?? 1, 1)
  const lengthPenalty = checkNumber(owner, 'lengthPenalty', options.lengthPenalty ?? 1)
  const earlyStopping = options.earlyStopping ?? false
  if (![true, false, 'never'].includes(earlyStopping))
    throw bad(owner, 'earlyStopping', "true, false or 'never'", earlyStopping)
  if (numBeams === 1) return null
  if (owner === 'stream')
    throw bad(owner, 'numBeams', '1, since beams choose their tokens at the end', numBeams, 'call generate')
  if (options.onToken)
    throw bad(owner, 'onToken', 'left out with beams, which choose their tokens at the end', options.onToken)
  if (options.doSample)
    throw bad(owner, 'doSample', 'false with beams: they are searched, not drawn', true, 'set numBeams to 1')
  return { numBeams, lengthPenalty, earlyStopping, candidates: Math.max(2, 1 + stopTokens) * numBeams }
}
