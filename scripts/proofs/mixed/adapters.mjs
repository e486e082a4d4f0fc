// A batch with a row for each adapter: logits, generation, training.
import * as lora from 'loralib'
import { bits, makeModel, prompt } from './model.mjs'

/** Rows up to which a row has its bits whatever stands beside it. */
const FEW = 16
const LIMIT = 1e-5
const SLOWER = 1.1
/** Positions whose logits are compared; they depend on all of their row. */
const KEPT = 4

export async function proveAdapters(check, { count, short }) {
  const names = Array.from({ length: count }, (_, i) => `adapter-${i}`)
  const absent = ['absent-0', 'absent-1']
  const model = makeModel([...names, ...absent], { short })
  const tokens = short ? 32 : 128
  const ids = prompt(count, tokens, model.base_model.config.vocab_size)
  await proveLogits(check, model, names, ids)
  await proveGeneration(check, model, names.slice(0, FEW))
  await proveTraining(check, { model, names, absent, ids, short })
  for (const tensor of model.parameters()) tensor.dispose()
  await lora.settle()
}

async function proveLogits(check, model, names, ids) {
  const logits = (view, rows) => lora.noGrad(() => view.forward(rows, { logitsToKeep: KEPT }).logits)
  // Not in the order of the adapters, and the base among them.
  const mixed = names.map((_, row) => (row === 1 ? '__base__' : names[(row * 5 + 1) % names.length]))
  const all = await logits(model.withAdapters(mixed), ids).data()
  let [farthest, largest, moved] = [0, 0, Infinity]
  for (const [row, name] of mixed.entries()) {
    const alone = await logits(model.withAdapter(name), [ids[row]]).data()
    const base = await logits(model.withAdapter('__base__'), [ids[row]]).data()
    let away = 0
    for (const [i, value] of alone.entries()) {
      farthest = Math.max(farthest, Math.abs(value - all[row * alone.length + i]))
      largest = Math.max(largest, Math.abs(value))
      away = Math.max(away, Math.abs(value - base[i]))
    }
    if (name !== '__base__') moved = Math.min(moved, away)
  }
  const text = `${names.length} adapters in a batch: logits up to ${largest.toFixed(2)}, at most ${farthest.toExponential(1)} from those alone; adapters move them by ${moved.toFixed(3)} or more`
  check(text, farthest <= LIMIT * Math.max(1, largest) && moved > 100 * farthest, `within ${LIMIT}`)
}

/** Rows of a cache, token by token, each as it is alone; and whole texts. */
async function proveGeneration(check, model, names) {
  const vocabulary = model.base_model.config.vocab_size
  const view = model.withAdapters(names)
  const steps = 12
  const rows = prompt(names.length, 1, vocabulary, 5)
  const cache = new lora.models.KvCache()
  const caches = names.map(() => new lora.models.KvCache())
  let [equal, compared] = [0, 0]
  let next = rows
  for (let step = 0; step < steps; step++) {
    const { logits } = lora.noGrad(() => view.forward(next, { pastKeyValues: cache }))
    for (const [row, name] of names.entries()) {
      const alone = lora.noGrad(
        () => model.withAdapter(name).forward([next[row]], { pastKeyValues: caches[row] }).logits,
      )
      compared += 1
      if ((await bits(logits.narrow(0, row, 1).contiguous())) === (await bits(alone))) equal += 1
      alone.dispose()
    }
    next = (await logits.argmax(-1).tolist()).map((row) => row.map(Number))
    logits.dispose()
  }
  for (const each of [cache, ...caches]) each.dispose()
  check(
    `generation of ${names.length} rows: ${equal} of ${compared} rows of logits have the bits that they have alone`,
    equal === compared,
  )

  const prompts = prompt(names.length, 6, vocabulary, 11).map((row, i) => row.slice(0, 3 + (i % 4)))
  const options = { maxNewTokens: steps, eosTokenId: [] }
  const texts = await model.generate(prompts, { ...options, adapterNames: names })
  const alone = []
  for (const [row, name] of names.entries())
    alone.push(...(await model.withAdapter(name).generate([prompts[row]], options)))
  const same = texts.filter((ids, row) => ids.join() === alone[row].join()).length
  check(
    `generate({ adapterNames }) of prompts of several lengths: ${same} of ${names.length} rows as alone`,
    same === names.length,
  )
}

async function proveTraining(check, { model, names, absent, ids, short }) {
  model.train()
  if (names.length > FEW) model.base_model.gradientCheckpointingEnable()
  const own = (wanted) =>
    [...model.namedParameters()].filter(([key]) => wanted.some((name) => key.includes(`.${name}.`))).map(([, p]) => p)
  const [present, others] = [own(names), own(absent)]
  const before = await Promise.all(others.map(bits))
  const optimizer = new lora.optim.AdamW(model.trainableParameters(), { lr: 1e-4, weightDecay: 0.1 })
  const views = { mixed: model.withAdapters(names), one: model.withAdapter(names[0]) }
  const times = { mixed: [], one: [] }
  const step = async (kind) => {
    const started = performance.now()
    await views[kind].forward(ids, { labels: ids }).loss.backward()
    await optimizer.step()
    await lora.settle()
    times[kind].push(performance.now() - started)
  }

  await step('mixed')
  const without = present.filter((tensor) => !tensor.hasGrad).length
  const with_ = others.filter((tensor) => tensor.hasGrad).length
  check(
    `training: ${present.length - without} of ${present.length} tensors of the named adapters have gradients, ${with_} of the ${others.length} of absent ones`,
    without === 0 && with_ === 0,
  )
  optimizer.zeroGrad()
  await step('one')
  const strangers = own(names.slice(1)).filter((tensor) => tensor.hasGrad).length
  check(`one adapter for all rows: ${strangers} tensors of others have gradients`, strangers === 0)
  optimizer.zeroGrad()

  const repeats = short ? 2 : names.length > FEW ? 5 : 9
  for (const list of Object.values(times)) list.length = 0
  for (let i = 0; i < repeats; i++) {
    for (const kind of i % 2 === 0 ? ['mixed', 'one'] : ['one', 'mixed']) {
      await step(kind)
      optimizer.zeroGrad()
    }
  }
  const after = await Promise.all(others.map(bits))
  const kept = after.filter((each, i) => each === before[i]).length
  check(
    `after ${2 * repeats + 2} steps ${kept} of ${others.length} tensors of absent adapters are unchanged to the bit`,
    kept === others.length,
  )
  const [mixed, one] = [median(times.mixed), median(times.one)]
  const text = `a step of ${names.length} x ${ids[0].length} tokens: ${mixed.toFixed(0)} ms with ${names.length} adapters, ${one.toFixed(0)} ms with one: ${(mixed / one).toFixed(3)} x`
  check(`${text} (medians of ${repeats})`, mixed <= SLOWER * one, `at most ${SLOWER} x`, { timed: true })
  model.base_model.gradientCheckpointingDisable()
  model.eval()
}

function median(list) {
  const sorted = list.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}
