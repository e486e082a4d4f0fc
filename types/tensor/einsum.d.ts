// Generated from src/tensor/einsum.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
/**
 * The sum of products that an equation describes: `'bij,bjk->bik'` is a batch of matrix products.
 *
 * Each letter names a dimension; equal letters have equal sizes, or one of them is 1. A letter twice in one operand takes its diagonal. Letters
 * that the result does not name are summed. `...` stands for any other dimensions, which are broadcast. Without `->`, the result has the
 * dimensions of `...`, then the letters that occur once, in the order of the alphabet (capitals first).
 *
 * Operands are contracted from left to right, by one matrix product each.
 * @example
 * lora.einsum('bhqd,bhkd->bhqk', q, k)   // attention scores
 * lora.einsum('ii', x)                   // trace
 * @throws {OptionError} for an equation that cannot be read; {@link ShapeError} when it does not fit the operands.
 */
export declare function einsum(equation: string, ...operands: Tensor[] | [readonly Tensor[]]): Tensor
