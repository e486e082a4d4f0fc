// Examples as text.
import type { Tokenizer } from '../../tokenizer/tokenizer.js'

/** The text of ids, with the trained ones between ⟦ and ⟧. */
export function showMasked(tokenizer: Tokenizer, ids: readonly number[], isTrained: (at: number) => boolean): string {
  let text = ''
  for (let start = 0; start < ids.length;) {
    const on = isTrained(start)
    let end = start + 1
    while (end < ids.length && isTrained(end) === on) end++
    const part = tokenizer.decode(ids.slice(start, end))
    text += on ? `⟦${part}⟧` : part
    start = end
  }
  return text
}
