// The tokens of the running beams of a prompt as one input: what a model needs to compute them anew, without a cache.

/** A running beam: its new tokens, and the cache slots of all but the last one, counted from the end of the prompt. */
export interface TreeBeam {
  readonly ids: readonly number[]
  readonly slots: readonly number[]
}

/** A prompt, padded on the left. */
export interface TreePrompt {
  readonly ids: readonly number[]
  /** 1 for tokens, 0 for padding. */
  readonly mask: readonly number[]
  readonly positions: readonly number[]
}

/** The input for a prompt and its beams: the prompt, the tokens that the beams share or have alone, the last token of each beam. */
export interface TreeInput {
  readonly ids: number[]
  readonly positions: number[]
  /** The slots of each beam, its last token included. */
  readonly slots: number[][]
  /** Sets, in a row of flags for each token, which others it attends to, causality aside. `at` is where the flags of the first token begin. */
  mark(flags: Uint8Array, at: number): void
}

/** A token before the last ones: where it stands in its beams. */
interface Node {
  readonly id: number
  /** The slots of its ancestors and its own. */
  readonly line: readonly number[]
}

/** Slots that running beams still use, in their order: ancestors come before descendants. */
export function livingSlots(beams: readonly TreeBeam[]): number[] {
  return [...new Set(beams.flatMap(({ slots }) => slots))].sort((a, b) => a - b)
}

/** The input of one prompt. `count` tokens stand between the prompt and the last ones; where there are fewer, unread ones fill up. */
export function treeInput(prompt: TreePrompt, beams: readonly TreeBeam[], count: number): TreeInput {
  const living = livingSlots(beams)
  const moved = new Map(living.map((slot, i) => [slot, i]))
  const nodes = living.map((slot) => nodeAt(slot, beams))
  // A token that nothing reads must have finite numbers all the same: it repeats the first one, or follows the prompt.
  const filler = nodes[0] ?? { id: 0, line: [] }
  const all = Array.from({ length: count }, (_, i) => nodes[i] ?? filler)
  const width = prompt.ids.length
  const tokens = prompt.mask.reduce((sum, on) => sum + on, 0)
  const slots = beams.map((beam, w) => [...beam.slots.map((slot) => moved.get(slot)!), count + w])
  const lines = [...all.map(({ line }) => line.map((slot) => moved.get(slot)!)), ...slots]
  return {
    ids: [...prompt.ids, ...all.map(({ id }) => id), ...beams.map(({ ids }) => ids.at(-1) ?? 0)],
    positions: [...prompt.positions, ...lines.map((line) => tokens + Math.max(0, line.length - 1))],
    slots,
    mark(flags, at) {
      const total = width + lines.length
      for (let row = 0; row < total; row++) flags.set(prompt.mask, at + row * total)
      for (const [i, line] of lines.entries())
        for (const slot of line) flags[at + (width + i) * total + width + slot] = 1
    },
  }
}

function nodeAt(slot: number, beams: readonly TreeBeam[]): Node {
  const beam = beams.find(({ slots }) => slots.includes(slot))!
  const depth = beam.slots.indexOf(slot)
  return { id: beam.ids[depth]!, line: beam.slots.slice(0, depth + 1) }
}
