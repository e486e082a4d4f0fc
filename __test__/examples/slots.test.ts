import { readFileSync } from 'node:fs'
import test from 'ava'

type Slot = { slot: string; value: string }
type Share = { contained: number; total: number; share: number; missing: Slot[] }

const folder = new URL('../../examples/', import.meta.url)
const { parseSlots, containsSlot, slotShare, shareBySlot } = (await import(new URL('lib/slots.mjs', folder).href)) as {
  parseSlots(meaning: string): Slot[]
  containsSlot(slot: string, value: string, text: string): boolean
  slotShare(meaning: string, text: string): Share
  shareBySlot(meanings: string[], texts: string[]): { share: number; slots: Record<string, number> } | null
}

test('parseSlots: slots keep their order and lose the spaces round them', (t) => {
  t.deepEqual(parseSlots('name : Blue Spice | Type : coffee shop | area : city centre'), [
    { slot: 'name', value: 'Blue Spice' },
    { slot: 'Type', value: 'coffee shop' },
    { slot: 'area', value: 'city centre' },
  ])
  t.throws(() => parseSlots('name Blue Spice'), { message: /no ":"/ })
})

test('slotShare: counts the values that the text states and names the others', (t) => {
  const meaning = 'name : Aromi | Type : pub | food : French | near : Café Sicilia'
  t.deepEqual(slotShare(meaning, 'Aromi is a French pub .'), {
    contained: 3,
    total: 4,
    share: 0.75,
    missing: [{ slot: 'near', value: 'Café Sicilia' }],
  })
  t.is(slotShare(meaning, 'The French pub Aromi is near cafe sicilia').share, 1)
  t.is(slotShare(meaning, 'and he said unto them').share, 0)
})

test('shareBySlot: all values of all meanings count the same, and each slot has its share', (t) => {
  const meanings = ['name : Aromi | food : French', 'name : Zizzi | food : Italian | area : riverside']
  t.deepEqual(shareBySlot(meanings, ['Aromi serves French food .', 'Zizzi serves Chinese food .']), {
    share: 3 / 5,
    slots: { name: 1, food: 1 / 2, area: 0 },
  })
  t.is(shareBySlot(['name : Aromi', 'In the beginning'], ['', '']), null)
  t.is(shareBySlot(['name : '], ['']), null)
})

const CASES: [slot: string, value: string, says: string[], saysNot: string[]][] = [
  [
    'family friendly',
    'yes',
    [
      'It is family - friendly .',
      'a child friendly pub',
      'Kids are welcomed',
      'not cheap , but good for families',
      'a kid friendly pub with no wine',
    ],
    ['It is not family friendly .', 'a pub in the city centre', "is n't kids friendly", 'non - family - friendly'],
  ],
  [
    'family friendly',
    'no',
    [
      'It is not family - friendly .',
      'is no kids friendly',
      "they aren 't child friendly",
      'This is not a place for children',
      'adults only',
      'Children are not welcome',
    ],
    ['It is family friendly .', 'a pub'],
  ],
  ['area', 'city centre', ['in the city center', 'in the centre of the city', 'in City centre .'], ['by the river']],
  ['area', 'riverside', ['on the river', 'in the Riverside area'], ['in the city centre']],
  [
    'customer rating',
    '5 out of 5',
    ['rated 5 out of 5', 'a five star pub', 'a 5 - star rating', 'five out of five'],
    ['1 out of 5', '£ 25'],
  ],
  ['customer rating', 'high', ['a high customer rating', 'highly rated'], ['high prices']],
  ['customer rating', 'low', ['has low ratings', 'poorly rated by customers'], ['low prices .']],
  ['price', '£ 20 - 25', ['in the £ 20 - 25 price range', 'between £ 20 and £ 25', 'from 20 to 25 pounds'], ['£ 30']],
  ['price', 'less than £ 20', ['for less than £ 20', 'under £ 20'], ['more than £ 20']],
  ['price', 'more than £ 30', ['more than £ 30', 'over £ 30'], ['less than £ 30', '£ 20']],
  ['price', 'cheap', ['a cheap pub', 'an inexpensive pub', 'low - cost food'], ['a pub']],
  ['price', 'high', ['in the high price range', 'an expensive pub', 'high - priced'], ['highly rated']],
  ['price', 'moderate', ['moderately priced', 'a moderate price range', 'mid - priced'], ['a moderate pub .']],
  ['name', 'The Mill', ['At the mill you can eat', 'The Mill .'], ['The Miller', 'a windmill']],
]

for (const [slot, value, says, saysNot] of CASES) {
  test(`containsSlot: ${slot} : ${value}`, (t) => {
    for (const text of says) t.true(containsSlot(slot, value, text), text)
    for (const text of saysNot) t.false(containsSlot(slot, value, text), text)
  })
}

test('E2E data: no context is in both files, and people state most values', (t) => {
  const rows = (name: string) =>
    readFileSync(new URL(`data/e2e/${name}.jsonl`, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { prompt: string; completion: string })
  const [train, heldout] = [rows('train'), rows('heldout')]
  const contexts = new Set(train.map((row) => row.prompt))
  t.false(heldout.some((row) => contexts.has(row.prompt)))
  const shares = heldout.map((row) => slotShare(row.prompt, row.completion))
  const contained = shares.reduce((sum, s) => sum + s.contained, 0)
  const total = shares.reduce((sum, s) => sum + s.total, 0)
  t.true(contained / total > 0.85 && contained / total < 1, `${contained} of ${total}`)
})
