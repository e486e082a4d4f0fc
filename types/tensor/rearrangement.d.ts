// Generated from src/tensor/rearrangement.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Shapes } from './shapes.js'
/** Numbers repeated, turned around, and picked by their place in a matrix. */
export declare abstract class Rearrangement extends Shapes {
  /** The whole tensor side by side with itself, so often along each dimension; more sizes than dimensions add dimensions in front. */
  repeat(...sizes: number[] | [readonly number[]]): Tensor
  /** As {@link repeat}; missing counts in front are 1. */
  tile(...sizes: number[] | [readonly number[]]): Tensor
  /** Each element so often in a row along a dimension, or in the flattened tensor; a list gives each its own count. */
  repeatInterleave(repeats: number | readonly number[], dim?: number): Tensor
  /** Back to front along the given dimensions. */
  flip(...dims: number[] | [readonly number[]]): Tensor
  /** Moved on by so many places along each given dimension, or in the flattened tensor; what leaves one end comes in at the other. */
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor
  /** The numbers on and above a diagonal of the last two dimensions, others 0; a positive `diagonal` lies above the main one. */
  triu(diagonal?: number): Tensor
  /** The numbers on and below a diagonal of the last two dimensions, others 0. */
  tril(diagonal?: number): Tensor
  /** The diagonal of two dimensions, as the last one; a positive `offset` lies above the main diagonal. */
  diagonal(offset?: number, dim1?: number, dim2?: number): Tensor
  /** Of a vector: the matrix with it as its diagonal. Of a matrix: its diagonal. */
  diag(offset?: number): Tensor
  /** Dimensions as places from the front, none twice. */
  private distinct
  private triangle
}
