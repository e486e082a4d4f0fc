// Generated from src/tensor/einsum.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
/**
 * The sum of products that an equation describes: `'bij,bjk->bik'` is a batch of matrix products.
 *
 * Each letter names a dimension; dimensions of one letter have equal sizes, or size 1. A letter that occurs twice in one operand takes its diagonal.
 * Letters that are not in the result are summed over. `...` means all other dimensions, which are broadcast. Without `->`, the result has the
 * dimensions of `...`, then the letters that occur once, in alphabetical order (capitals first).
 *
 * Operands are contracted from left to right, by one matrix product each.
 * @example
 * lora.einsum('bhqd,bhkd->bhqk', q, k)   // attention scores
 * lora.einsum('ii', x)                   // trace
 * @throws {OptionError} for an invalid equation; {@link ShapeError} when it does not fit the operands.
 */
export declare function einsum(equation: string, ...operands: Tensor[] | [readonly Tensor[]]): Tensor
