// Generated from src/tensor/shapes.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { InPlace } from './in-place.js'
/** The same numbers under other shapes, in other orders, and in pieces. */
export declare abstract class Shapes extends InPlace {
  /** The same numbers under another shape, shared; one size may be -1. */
  reshape(...shape: number[] | [readonly number[]]): Tensor
  /** As {@link reshape}: every tensor is contiguous. */
  view(...shape: number[] | [readonly number[]]): Tensor
  flatten(start?: number, end?: number): Tensor
  unsqueeze(dim: number): Tensor
  /** Without a dimension of size 1, or without all of them. */
  squeeze(dim?: number): Tensor
  /** Repeats dimensions of size 1; -1 keeps a size. */
  expand(...shape: number[] | [readonly number[]]): Tensor
  permute(...dims: number[] | [readonly number[]]): Tensor
  transpose(a: number, b: number): Tensor
  /** The transposed matrix. */
  t(): Tensor
  /** `length` places from `start` along a dimension. */
  narrow(dim: number, start: number, length: number): Tensor
  /** Pieces of the given sizes, or of one size. */
  split(sizes: number | readonly number[], dim?: number): Tensor[]
  /** `count` pieces of nearly equal size. */
  chunk(count: number, dim?: number): Tensor[]
  /** Slices along a dimension, without it. */
  unbind(dim?: number): Tensor[]
}
