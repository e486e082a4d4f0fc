// Generated from src/train/stateful.ts by `npm run api`. Do not edit.

import { Generator } from '../runtime/random.js'
import { Stream } from '../runtime/stream.js'
/** Something whose state a checkpoint can hold: plain values and tensors, such as early stopping, an average of the weights, or a second optimizer. */
export interface HasStateDict {
  stateDict(): unknown
  loadStateDict(state: unknown): unknown
}
/** What a checkpoint holds under a name of the caller's; of a generator or a stream, seed and position. */
export type Stateful = Generator | Stream | HasStateDict
