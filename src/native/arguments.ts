// What users may write for the arguments of an op, as the op takes it.

/** Sizes or dimensions given one by one or as an array. */
export function sizeList(sizes: readonly number[] | readonly [readonly number[]]): readonly number[] {
  return Array.isArray(sizes[0]) ? (sizes[0] as readonly number[]) : (sizes as readonly number[])
}

/** Dimensions as a list; none given means all, which is the empty list. */
export function dimList(dims: number | readonly number[] | null | undefined): readonly number[] {
  if (dims === null || dims === undefined) return []
  return typeof dims === 'number' ? [dims] : dims
}
