// n-grams as numbers: token ids first, then an id for each n-gram from that of the n-gram before its last token.

/** How often each n-gram occurs: a map from id to count for each order, beginning with unigrams. */
export type NgramCounts = Map<number, number>[]

// Both parts of a key stay below it, as a Map cannot have more entries.
const RADIX = 2 ** 24

/** Assigns an id to every n-gram of a corpus. Id 0 is the empty n-gram. */
export class NgramIndex {
  readonly #tokens = new Map<string, number>()
  readonly #grams = new Map<number, number>()
  /** `prefix[id]`: the n-gram without its last token. */
  readonly prefix: number[] = [0]

  /** Counts the n-grams of orders 1 to `maxOrder`. */
  count(tokens: readonly string[], maxOrder: number): NgramCounts {
    const ids = tokens.map((token) => this.#token(token))
    let before = ids.map(() => 0)
    return Array.from({ length: maxOrder }, (_, n) => {
      const counts = new Map<number, number>()
      const here: number[] = []
      for (let i = 0; i + n < ids.length; i++) {
        const id = this.#gram(before[i]!, ids[i + n]!)
        here.push(id)
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      before = here
      return counts
    })
  }

  #token(token: string): number {
    const known = this.#tokens.get(token)
    if (known !== undefined) return known
    this.#tokens.set(token, this.#tokens.size)
    return this.#tokens.size - 1
  }

  #gram(prefix: number, token: number): number {
    const key = prefix * RADIX + token
    const known = this.#grams.get(key)
    if (known !== undefined) return known
    this.prefix.push(prefix)
    this.#grams.set(key, this.prefix.length - 1)
    return this.prefix.length - 1
  }
}

/** The largest count of each n-gram over several texts. */
export function largestCounts(texts: readonly NgramCounts[]): NgramCounts {
  const [first, ...others] = texts
  const merged = first!.map((counts) => new Map(counts))
  for (const counts of others) {
    for (const [n, order] of counts.entries()) {
      const into = merged[n]!
      for (const [id, count] of order) if (count > (into.get(id) ?? 0)) into.set(id, count)
    }
  }
  return merged
}

/** For each order, the matched n-grams of `counts`, each clipped to its count in `limits`. */
export function clippedHits(counts: NgramCounts, limits: NgramCounts): number[] {
  return counts.map((order, n) => {
    let hits = 0
    for (const [id, count] of order) hits += Math.min(count, limits[n]!.get(id) ?? 0)
    return hits
  })
}

/** The reference length nearest to `length`, the shorter of two equally near. */
export function closestLength(length: number, lengths: readonly number[]): number {
  return lengths.reduce((best, candidate) => {
    const [a, b] = [Math.abs(candidate - length), Math.abs(best - length)]
    return a < b || (a === b && candidate < best) ? candidate : best
  })
}
