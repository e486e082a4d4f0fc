// A page that loads again while the training goes on: what it is told then and what it was told before must be the same story.
import { hasEnded, isReady, openApp, sampleText } from './world.mjs'

/** The page's end, as renderer/page.mjs does it: changes wait for the snapshot, and those that are in it are passed over. */
class Reader {
  points = []
  #state = null
  #revision = -1
  #early = []

  hear(change) {
    if (this.#state === null) this.#early.push(change)
    else this.#apply(change)
  }

  async load(invoke) {
    const { state, revision } = await invoke('session:state')
    this.#state = state
    this.#revision = revision
    this.points = state.run ? [...state.run.points] : []
    this.#early.splice(0).forEach((change) => this.#apply(change))
  }

  #apply({ revision, steps }) {
    if (revision <= this.#revision) return
    this.#revision = revision
    if (steps) this.points.push(...steps.points)
  }
}

export async function prove(check, { short }) {
  const readers = [new Reader()]
  const app = await openApp({ onChange: (_, change) => readers.at(-1).hear(change) })
  try {
    await readers[0].load(app.invoke)
    await app.until(isReady)
    await app.invoke('text:use', { documents: [{ name: 'a.txt', text: sampleText() }] })
    await app.invoke('training:start', { minutes: 0.25 })
    const reloads = short ? 4 : 12
    for (let i = 1; i <= reloads; i++) {
      await app.until(({ run }) => run.share > i / (reloads + 2) || hasEnded({ run }))
      const reader = new Reader()
      // From here on the old page hears nothing; the new one listens first and asks afterwards, as the page does.
      readers.push(reader)
      await reader.load(app.invoke)
    }
    const { run, text } = await app.until(hasEnded)
    const last = readers.at(-1)
    const isWhole =
      last.points.length === run.points.length &&
      last.points.every(([step, loss], i) => step === i + 1 && loss === run.points[i][1])
    check(
      `${reloads} reloads in a training of ${run.step} steps: the last page has them all, each once`,
      isWhole && run.state === 'done',
    )
    check(
      'none of the pages has a step twice',
      readers.every(({ points }) => new Set(points.map(([step]) => step)).size === points.length),
    )
    check(
      `a page that loads afterwards finds the text, ${text.words} words, and the curve`,
      text.words > 1000 && run.heldBack.length > 1,
    )
  } finally {
    app.close()
  }
  return null
}
