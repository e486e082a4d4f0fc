// Plain twins of pooling: loops over every element of every window.

/** Size, kernel, stride, padding, dilation of each dimension. */
export interface Dim {
  size: number
  kernel: number
  stride: number
  padding: number
  dilation: number
}

/** The indexes that each window of one dimension reads; those outside of 0..size are padding. */
export function slidingWindows({ size, kernel, stride, padding, dilation }: Dim, ceil = false): number[][] {
  const span = dilation * (kernel - 1) + 1
  const windows: number[][] = []
  for (let start = -padding; ; start += stride) {
    const fits = start + span <= size + padding
    // With ceil, a window may reach over the edge when the one before does not cover it, and when it starts before the right padding.
    const before = start - stride + span
    const reaches = ceil && start < size && (start === -padding || before < size + padding)
    if (!fits && !reaches) return windows
    windows.push(Array.from({ length: kernel }, (_, i) => start + i * dilation))
  }
}

/** The pieces of adaptive pooling. */
export function pieces(size: number, out: number): number[][] {
  return Array.from({ length: out }, (_, o) => {
    const [start, end] = [Math.floor((o * size) / out), Math.ceil(((o + 1) * size) / out)]
    return Array.from({ length: end - start }, (_, i) => start + i)
  })
}

/** For each output of a plane, row by row: one list of indexes per dimension. */
export function grid(windows: readonly number[][][]): number[][][] {
  return windows.reduce<number[][][]>((all, dim) => all.flatMap((o) => dim.map((window) => [...o, window])), [[]])
}

/** Every combination of the indexes of an output. */
export function combinations(lists: readonly number[][]): number[][] {
  return lists.reduce<number[][]>((all, list) => all.flatMap((head) => list.map((index) => [...head, index])), [[]])
}

/** The flat index in a plane of these sizes, or −1 outside. */
export function flatIndex(index: readonly number[], sizes: readonly number[]): number {
  if (index.some((p, i) => p < 0 || p >= sizes[i]!)) return -1
  return index.reduce((flat, p, i) => flat * sizes[i]! + p, 0)
}

/** The largest of each window of a plane, and its flat index. */
export function largest(
  plane: readonly number[],
  sizes: readonly number[],
  windows: readonly number[][][],
): [number, number][] {
  return grid(windows).map((lists) => {
    const inside = combinations(lists)
      .map((index) => flatIndex(index, sizes))
      .filter((index) => index >= 0)
    const best = inside.reduce((a, b) => (plane[b]! > plane[a]! ? b : a))
    return [plane[best]!, best]
  })
}

/** The sum of each window of a plane, and how many of its elements are in the input, and in the input or its padding. */
export function sums(
  plane: readonly number[],
  sizes: readonly number[],
  windows: readonly number[][][],
  padding: readonly number[],
): { sum: number; inside: number; padded: number }[] {
  return grid(windows).map((lists) => {
    const all = combinations(lists)
    const inside = all.map((index) => flatIndex(index, sizes)).filter((index) => index >= 0)
    const padded = all.filter((index) => index.every((p, i) => p < sizes[i]! + padding[i]!)).length
    return { sum: inside.reduce((sum, index) => sum + plane[index]!, 0), inside: inside.length, padded }
  })
}
