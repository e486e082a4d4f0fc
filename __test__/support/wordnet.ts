// A WordNet of a dozen synsets in Princeton's file format, which nltk's WordNetCorpusReader reads as well.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const SYNSETS: Record<string, string[][]> = {
  noun: [
    ['restaurant', 'eating_house', 'eatery'],
    ['place', 'spot', 'topographic_point'],
    ['guide', 'usher'],
    ['guidebook', 'guide'],
    ['kid', 'child', 'nestling'],
    ['city', 'metropolis', 'Big_Apple'],
    ['mouse'],
    ['London', 'capital_of_the_United_Kingdom'],
  ],
  verb: [
    ['serve', 'dish'],
    ['offer', 'provide', 'supply'],
    ['hear', 'listen', 'heed'],
    ['situate', 'locate', 'place'],
  ],
  adj: [
    ['cheap', 'inexpensive'],
    ['near', 'close(a)', 'nigh'],
    ['good', 'well(p)'],
  ],
  adv: [
    ['well', 'good'],
    ['close', 'near', 'nigh'],
  ],
}

const EXCEPTIONS: Record<string, string[]> = {
  noun: ['children child', 'mice mouse'],
  verb: ['heard hear'],
  adj: ['better good well', 'best good well'],
  adv: ['better well', 'best well'],
}

const LETTER: Record<string, string> = { noun: 'n', verb: 'v', adj: 'a', adv: 'r' }
const HEADER = "  1 Made for tests; not Princeton's.\n"

/** Writes the files into a folder. */
export function writeWordNet(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [part, synsets] of Object.entries(SYNSETS)) {
    const offsetsOf = new Map<string, number[]>()
    let data = HEADER
    for (const words of synsets) {
      const offset = Buffer.byteLength(data)
      const list = words.map((word) => `${word} 0`).join(' ')
      const count = words.length.toString(16).padStart(2, '0')
      const frames = part === 'verb' ? ' 01 + 02 00' : ''
      data += `${String(offset).padStart(8, '0')} 00 ${LETTER[part]} ${count} ${list} 000${frames} | made for tests  \n`
      for (const word of words) {
        const lemma = word.replace(/\(.*\)$/, '').toLowerCase()
        offsetsOf.set(lemma, [...(offsetsOf.get(lemma) ?? []), offset])
      }
    }
    const lines = [...offsetsOf].map(([lemma, offsets]) => {
      const list = offsets.map((offset) => String(offset).padStart(8, '0')).join(' ')
      return `${lemma} ${LETTER[part]} ${offsets.length} 0 ${offsets.length} 0 ${list}  \n`
    })
    writeFileSync(join(folder, `data.${part}`), data)
    writeFileSync(join(folder, `index.${part}`), HEADER + lines.sort().join(''))
    writeFileSync(join(folder, `${part}.exc`), `${EXCEPTIONS[part]!.join('\n')}\n`)
  }
}
