// Generated from src/data/loader/collate.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint16Array
  | Uint32Array
  | Uint8Array
  | BigInt64Array
/** The batch that {@link defaultCollate} makes from samples of type `S`. */
export type Collated<S> = S extends Tensor | number | bigint | boolean | TypedArray
  ? Tensor
  : S extends string
    ? string[]
    : S extends readonly unknown[]
      ? {
          -readonly [K in keyof S]: Collated<S[K]>
        }
      : {
          -readonly [K in keyof S]: Collated<S[K]>
        }
/**
 * Joins samples into a batch, as PyTorch's default_collate does: tensors and typed arrays of one shape are stacked to (B, …), numbers become a
 * tensor (B), strings a list; arrays and objects are joined element by element and key by key, to any depth.
 *
 * Numbers give f32, BigInts i64 and booleans bool, as with `lora.tensor`: labels are BigInts, or come from an integer array.
 * @throws {ShapeError} when tensors or arrays differ in shape or length; {@link OptionError} for null, functions and samples of different kinds.
 */
export declare function defaultCollate<S>(samples: readonly S[]): Collated<S>
export {}
