// The output blocks of a fused dense layer.
import { OptionError } from '../errors.js'
import { bad } from '../runtime/options.js'

/** The output blocks of a fused dense layer, and which of them get an update. */
export interface BlockOptions {
  /**
   * Which output blocks get a low-rank update, e.g. `[true, false, true]` for q and v of q, k, v. @minItems 1
   * @default none: a plain layer
   * @expected a list of true and false, one for each block of outputs
   */
  enableLora?: readonly boolean[]
  /**
   * Sizes of the blocks, e.g. `[2048, 512, 512]` for grouped-query attention; they must add up to `outFeatures`. @integer @minimum 1
   * @default equal blocks, one for each entry of `enableLora`
   * @expected a list of positive integers, the sizes of the blocks of outputs
   */
  blocks?: readonly number[]
}

/** `[start, length]` of each block. */
export function blockRanges(blocks: readonly number[]): [start: number, length: number][] {
  let start = 0
  return blocks.map((length) => {
    start += length
    return [start - length, length]
  })
}

/**
 * Checks the block options and returns both lists.
 * @throws {OptionError} as `lora.MergedLinear`.
 */
export function checkBlocks(
  owner: string,
  options: BlockOptions,
  outFeatures: number,
): { enableLora: readonly boolean[]; blocks: readonly number[] } {
  const enableLora = options.enableLora ?? options.blocks?.map(() => false) ?? [false]
  const blocks = options.blocks ?? equalBlocks(owner, enableLora, outFeatures)
  if (blocks.length !== enableLora.length) throw otherCount(owner, enableLora, blocks)
  const sum = blocks.reduce((total, size) => total + size, 0)
  if (sum !== outFeatures) {
    throw bad(owner, 'blocks', `sizes that add up to outFeatures = ${outFeatures}`, `${blocks.join(' + ')} = ${sum}`)
  }
  return { enableLora: Object.freeze([...enableLora]), blocks: Object.freeze([...blocks]) }
}

function equalBlocks(owner: string, enableLora: readonly boolean[], outFeatures: number): number[] {
  const size = outFeatures / enableLora.length
  if (Number.isInteger(size)) return enableLora.map(() => size)
  const expected = `a list whose length divides outFeatures = ${outFeatures}`
  throw bad(owner, 'enableLora', expected, enableLora, 'give the sizes of unequal blocks as blocks')
}

function otherCount(owner: string, enableLora: readonly boolean[], blocks: readonly number[]): OptionError {
  return new OptionError({
    what: `${owner}: enableLora and blocks have different lengths`,
    expected: 'one entry of enableLora for each block',
    received: `${enableLora.length} entries of enableLora, ${blocks.length} blocks`,
    fix: 'give both lists the same length',
  })
}
