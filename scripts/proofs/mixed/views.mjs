// Two views of one model, used by requests that are in flight at the same time.
import * as lora from 'loralib'
import { bits, makeModel, prompt } from './model.mjs'

const SWITCHES = 1000

export async function proveViews(check, { short }) {
  const names = ['ann', 'bob']
  const model = makeModel(names, { short })
  const ids = prompt(2, 1, model.base_model.config.vocab_size, 3)
  const forward = (view) => lora.noGrad(() => view.forward(ids).logits)
  const expected = {}
  for (const name of names) expected[name] = await bits(forward(model.withAdapter(name)))
  expected.rows = await bits(forward(model.withAdapters(names)))
  check('the adapters give different logits', new Set(Object.values(expected)).size === 3)

  // Every request records while the others wait for theirs: the view changes between any two of them.
  const views = { ann: model.withAdapter('ann'), bob: model.withAdapter('bob'), rows: model.withAdapters(names) }
  let [wrong, done, switches, last] = [0, 0, 0, '']
  const request = async (kind, times) => {
    for (let i = 0; i < times; i++) {
      if (last !== kind) switches += 1
      last = kind
      const logits = forward(views[kind])
      const got = await bits(logits)
      logits.dispose()
      done += 1
      if (got !== expected[kind]) wrong += 1
    }
  }
  const times = short ? 40 : SWITCHES
  await Promise.all([request('ann', times), request('bob', times), request('rows', times >> 2)])
  check(
    `${done} forwards of views by requests in flight at the same time, ${switches} changes of the view: ${wrong} saw another's adapter`,
    wrong === 0 && switches >= times,
  )

  const options = { maxNewTokens: 8, eosTokenId: [] }
  const alone = {}
  for (const name of names) alone[name] = await views[name].generate(ids, options)
  const together = await Promise.all(Array.from({ length: 6 }, (_, i) => views[names[i % 2]].generate(ids, options)))
  const same = together.filter((rows, i) => String(rows) === String(alone[names[i % 2]])).length
  check(`6 calls of generate at the same time: ${same} as alone`, same === 6)
}
