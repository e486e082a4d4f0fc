import test from 'ava'
import * as lora from 'loralib'
import { warningsOf } from '../support/warnings.js'

const { DataLoader } = lora
const ROWS = Array.from({ length: 6 }, (_, i) => i)
const options = { batchSize: 2, collate: (samples: number[]) => samples.join() }

/** Turns its order by one more place in each epoch. */
class Turning {
  readonly length = 6
  turn = 0;

  *[Symbol.iterator](): Iterator<number> {
    this.turn++
    for (let i = 0; i < 6; i++) yield (i + this.turn) % 6
  }
}

class Saved extends Turning {
  stateDict(): { turn: number } {
    return { turn: this.turn }
  }

  loadStateDict({ turn }: { turn: number }): void {
    this.turn = turn
  }
}

/** The batches of three epochs, and the state of the loader before each of them. */
function whole(sampler: Turning) {
  const loader = new DataLoader(ROWS, { ...options, sampler })
  const [batches, states]: [string[], string[]] = [[], [JSON.stringify(loader.stateDict())]]
  for (let epoch = 0; epoch < 3; epoch++) {
    for (const batch of loader) {
      batches.push(batch)
      states.push(JSON.stringify(loader.stateDict()))
    }
  }
  return { batches, states }
}

function rest(sampler: Turning, state: string, epochs: number): string[] {
  const loader = new DataLoader(ROWS, { ...options, sampler })
  loader.loadStateDict(JSON.parse(state) as lora.data.DataLoaderState)
  const batches: string[] = []
  for (let epoch = 0; epoch < epochs; epoch++) for (const batch of loader) batches.push(batch)
  return batches
}

test('a sampler with a state: from each position the remaining batches are those of the whole run', (t) => {
  const { batches, states } = whole(new Saved())
  t.is(new Set(batches).size, 6)
  for (const [done, state] of states.entries()) {
    const { epoch } = JSON.parse(state) as { epoch: number }
    t.deepEqual(rest(new Saved(), state, 3 - epoch), batches.slice(done), `after ${done} batches`)
  }
})

test('a loader that loaded a state and did nothing has that state', (t) => {
  for (const state of whole(new Saved()).states) {
    const loader = new DataLoader(ROWS, { ...options, sampler: new Saved() })
    loader.loadStateDict(JSON.parse(state) as lora.data.DataLoaderState)
    t.is(JSON.stringify(loader.stateDict()), state)
  }
})

test.serial('a sampler without a state: a warning, and an error where the order is another one', async (t) => {
  const { states } = whole(new Turning())
  const used = new Turning()
  used.turn = 3
  t.deepEqual((await warningsOf(() => t.throws(() => rest(used, states[1]!, 1), { code: 'ERR_LORA_OPTION', message: /another order/ }))).map(({ code }) => code), ['LORA_SAMPLER_STATE']) // prettier-ignore
  // One that gives the same order each time needs no state.
  const fixed = [5, 4, 3, 2, 1, 0]
  const loader = new DataLoader(ROWS, { ...options, sampler: fixed })
  const [first] = loader
  const state = JSON.stringify(loader.stateDict())
  t.is(first, '5,4')
  const again = new DataLoader(ROWS, { ...options, sampler: Uint8Array.from(fixed) })
  t.deepEqual(await warningsOf(() => again.loadStateDict(JSON.parse(state) as lora.data.DataLoaderState)), [])
  t.deepEqual([...again], ['3,2', '1,0'])
})

test('a state of another kind of sampler is refused', (t) => {
  const state = (sampler?: Iterable<number>) =>
    new DataLoader(ROWS, { ...options, ...(sampler && { sampler }) }).stateDict()
  const load = (sampler: Iterable<number> | undefined, from: lora.data.DataLoaderState) =>
    new DataLoader(ROWS, { ...options, ...(sampler && { sampler }) }).loadStateDict(from)
  t.throws(() => load([0], state(new Saved())), { code: 'ERR_LORA_OPTION' })
  t.throws(() => load(new Saved(), state([0])), { code: 'ERR_LORA_OPTION' })
  t.throws(() => load(undefined, state([0])), { code: 'ERR_LORA_OPTION' })
})

test('samplers that cannot work are refused at once', (t) => {
  const indices = (function* () {
    yield 0
  })()
  t.throws(() => new DataLoader(ROWS, { sampler: indices }), { code: 'ERR_LORA_OPTION', message: /iterator/ })
  const half = { length: 1, *[Symbol.iterator]() { yield 0 }, stateDict: () => 1 } // prettier-ignore
  t.throws(() => new DataLoader(ROWS, { sampler: half }), { code: 'ERR_LORA_OPTION', message: /one without the other/ })
})
