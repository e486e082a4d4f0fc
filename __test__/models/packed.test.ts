// A batch with padding is computed without it: the same numbers as in the padded run and row by row, for less.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { close, numbers } from '../support/close.js'

const { models } = lora

const GPT2 = { vocab_size: 17, n_positions: 40, n_embd: 16, n_layer: 2, n_head: 4, eos_token_id: 16 }
const LLAMA = {
  vocab_size: 17,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 40,
}
const NO_DROPOUT = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }
const fresh = { generator: new lora.Generator(3) }
const gpt2 = (extra: object = {}) =>
  models.GPT2LMHeadModel.fromConfig({ ...GPT2, ...NO_DROPOUT, initializer_range: 0.3, ...extra }, fresh)
const llama = () => models.LlamaForCausalLM.fromConfig({ ...LLAMA, initializer_range: 0.3 }, fresh)

const mistral = () =>
  models.MistralForCausalLM.fromConfig({ ...LLAMA, initializer_range: 0.3, sliding_window: 4 }, fresh)
const gemma3 = () =>
  models.Gemma3ForCausalLM.fromConfig(
    { ...LLAMA, head_dim: 4, initializer_range: 0.3, sliding_window: 3, sliding_window_pattern: 2 },
    fresh,
  )

type Model = ReturnType<typeof gpt2 | typeof llama | typeof mistral | typeof gemma3>
const MODELS: [name: string, make: () => Model][] = [
  ['GPT-2', gpt2],
  ['Llama', llama],
  ['Mistral', mistral],
  ['Gemma 3', gemma3],
]

interface Batch {
  ids: number[][]
  mask: number[][]
  labels: number[][]
}

const T = 13
const sample = (length: number, b: number) => Array.from({ length }, (_, t) => (b * 5 + t * 7 + 1) % 16)

/** Rows of these lengths, padded to T with token 0; labels count from the third token of a row, to `cut` tokens before its end. */
function batchOf(lengths: number[], side: 'left' | 'right', cut = 0): Batch {
  const pad = (row: number[], by: number) => {
    const padding = Array<number>(T - row.length).fill(by)
    return side === 'left' ? [...padding, ...row] : [...row, ...padding]
  }
  const rows = lengths.map(sample)
  return {
    ids: rows.map((row) => pad(row, 0)),
    mask: rows.map((row) =>
      pad(
        row.map(() => 1),
        0,
      ),
    ),
    labels: rows.map((row) =>
      pad(
        row.map((id, t) => (t >= 2 && t < row.length - cut ? id : -100)),
        -100,
      ),
    ),
  }
}

const asTensor = (rows: number[][]) => lora.tensor(rows, { dtype: 'i64' })
/** Numbers that only the engine knows. */
const unknown = (rows: number[][]) => asTensor(rows).clone()

/** The padded run: what only the engine knows cannot be left out. */
const padded = ({ ids, mask, labels }: Batch) => ({
  ids,
  options: { attentionMask: unknown(mask), labels },
})

function withLora<M extends Model>(model: M): M {
  const targets = model instanceof models.GPT2LMHeadModel ? ['c_attn', 'c_fc'] : ['q_proj', 'v_proj', 'down_proj']
  lora.injectLora(model, { targets, r: 2, loraAlpha: 4 })
  lora.markOnlyLoraAsTrainable(model)
  for (const [name, p] of model.namedParameters()) {
    const values = Float32Array.from(
      { length: p.shape.reduce((a, b) => a * b, 1) },
      (_, i) => 0.3 * Math.sin(i * 0.7 + 1),
    )
    if (name.endsWith('lora_B'))
      model.loadStateDict({ [name]: lora.tensor(values, { shape: p.shape }) }, { strict: false })
  }
  return model
}

/** The loss, and the gradients of all that trains, by name. */
async function lossAndGrads(model: Model, loss: lora.Tensor): Promise<Record<string, number[]>> {
  loss.backward()
  const found: Record<string, number[]> = { loss: [await loss.item()] }
  for (const [name, p] of model.namedParameters()) if (p.requiresGrad && p.grad) found[name] = await numbers(p.grad)
  for (const p of model.parameters()) p.grad = null
  return found
}

async function closeGrads(t: ExecutionContext, got: Record<string, number[]>, want: Record<string, number[]>) {
  t.deepEqual(Object.keys(got), Object.keys(want))
  t.true(Object.keys(got).length > 3)
  for (const [name, values] of Object.entries(want)) await close(t, got[name]!, values)
}

/** Scores where the mask keeps a token. */
async function atTokens(logits: lora.Tensor, mask: number[][]): Promise<number[]> {
  const V = logits.shape[2]!
  const values = await numbers(logits)
  return mask.flat().flatMap((on, i) => (on ? values.slice(i * V, (i + 1) * V) : []))
}

const BATCHES: [name: string, batch: Batch][] = [
  ['right padding', batchOf([13, 3, 7, 4], 'right')],
  ['left padding', batchOf([5, 13, 3, 8], 'left')],
  ['one sequence', batchOf([6], 'right')],
  ['an empty row', batchOf([4, 0, 9], 'right')],
  ['labels that end early', batchOf([13, 9, 8], 'right', 4)],
  ['no row that is full', batchOf([3, 5], 'left')],
]

for (const [model, make] of MODELS) {
  for (const [name, batch] of BATCHES) {
    test(`${model}, ${name}: loss, logits and gradients are those of the padded run`, async (t) => {
      const net = make()
      const { ids, options } = padded(batch)
      const want = net.forward(ids, options)
      const got = net.forward(batch.ids, { attentionMask: batch.mask, labels: batch.labels })
      await close(t, await atTokens(got.logits, batch.mask), await atTokens(want.logits, batch.mask))
      t.deepEqual(got.logits.shape, want.logits.shape)
      t.deepEqual(got.lastHiddenState.shape, want.lastHiddenState.shape)
      const [a, b] = [await lossAndGrads(net, got.loss!), await lossAndGrads(net, want.loss!)]
      await closeGrads(t, a, b)
    })
  }

  test(`${model}: each row has the scores that it has alone, and padding has zeros`, async (t) => {
    const net = make().eval()
    const { ids, mask } = batchOf([13, 3, 1, 7], 'right')
    const { logits, lastHiddenState } = net.forward(ids, { attentionMask: mask })
    const got = await numbers(logits)
    for (const [b, row] of ids.entries()) {
      const real = row.filter((_, at) => mask[b]![at] === 1)
      await close(t, got.slice(b * T * 17, (b * T + real.length) * 17), net.forward([real]).logits)
      t.true(got.slice((b * T + real.length) * 17, (b + 1) * T * 17).every((score) => score === 0))
    }
    await close(t, logits, net.lm_head.forward(lastHiddenState))
  })

  test(`${model}: LoRA gradients are those of the padded run, with checkpointed blocks, too`, async (t) => {
    const net = withLora(make()).train()
    const batch = batchOf([13, 3, 7, 4], 'left')
    const { ids, options } = padded(batch)
    const want = await lossAndGrads(net, net.forward(ids, options).loss!)
    const run = () => net.forward(batch.ids, { attentionMask: batch.mask, labels: batch.labels }).loss!
    await closeGrads(t, await lossAndGrads(net, run()), want)
    net.gradientCheckpointingEnable()
    await closeGrads(t, await lossAndGrads(net, run()), want)
  })

  test(`${model}: given positions go with their tokens`, async (t) => {
    const net = make().eval()
    const { ids, mask } = batchOf([5, 13, 3], 'left')
    const positionIds = mask.map((row) => row.map((_, at) => Math.max(0, at - row.indexOf(1))))
    const want = await atTokens(net.forward(ids, { attentionMask: unknown(mask), positionIds }).logits, mask)
    await close(t, await atTokens(net.forward(ids, { attentionMask: mask, positionIds }).logits, mask), want)
    const tensors = { attentionMask: mask, positionIds: asTensor(positionIds) }
    await close(t, await atTokens(net.forward(asTensor(ids), tensors).logits, mask), want)
    const shared = [Array.from({ length: T }, (_, at) => at)]
    const plain = await atTokens(net.forward(ids, { attentionMask: mask }).logits, mask)
    await close(t, await atTokens(net.forward(ids, { attentionMask: mask, positionIds: shared }).logits, mask), plain)
  })

  test(`${model}: hidden states are those of the padded run`, async (t) => {
    const net = make().eval()
    const { ids, mask, labels } = batchOf([13, 3, 7], 'right', 2)
    const all = { outputHiddenStates: true }
    const want = net.forward(ids, { ...all, attentionMask: unknown(mask) }).hiddenStates!
    const packed = net.forward(ids, { ...all, attentionMask: mask })
    t.is(packed.hiddenStates!.length, 3)
    t.is(packed.hiddenStates![2], packed.lastHiddenState)
    for (const [i, states] of packed.hiddenStates!.entries()) {
      await close(t, await atTokens(states, mask), await atTokens(want[i]!, mask))
    }
    const withLoss = net.forward(ids, { ...all, attentionMask: mask, labels }).hiddenStates!
    for (const [i, states] of withLoss.entries())
      await close(t, await atTokens(states, mask), await atTokens(want[i]!, mask))
  })
}

test('labels that end early without a mask: the rest of a row is skipped, and its logits are computed when they are read', async (t) => {
  const net = gpt2()
  const { ids, labels } = batchOf([13, 13, 13], 'right', 6)
  const want = net.forward(ids, { labels: unknown(labels) })
  const got = net.forward(ids, { labels })
  await close(t, got.loss!, want.loss!)
  await close(t, got.logits, want.logits)
  await close(t, got.lastHiddenState, want.lastHiddenState)
  const loss = got.loss!.add(got.logits.mean())
  await closeGrads(t, await lossAndGrads(net, loss), await lossAndGrads(net, want.loss!.add(want.logits.mean())))
})

test('labels that end early: logits read after a step are an error where they must be recomputed, and the input may change', async (t) => {
  const net = withLora(gpt2())
  const { ids, labels } = batchOf([13, 13], 'right', 6)
  const optimizer = new lora.optim.AdamW(net.parameters().filter((p) => p.requiresGrad))
  const before = await numbers(net.forward(ids).logits)
  const own = ids.map((row) => [...row])
  const output = net.forward(own, { labels })
  own[0]!.fill(3)
  await close(t, output.logits, before)
  const late = net.forward(ids, { labels })
  late.loss!.backward()
  optimizer.step()
  const error = t.throws(() => late.logits, { instanceOf: lora.GradError, code: 'ERR_LORA_VERSION' })
  t.regex(error!.message, /weights have changed/)
})

test('masks and labels in tensors that were made of numbers do the same, until they are changed', async (t) => {
  const net = gpt2().eval()
  const { ids, mask, labels } = batchOf([13, 3, 7], 'right')
  const tensors = { attentionMask: asTensor(mask), labels: asTensor(labels) }
  const want = net.forward(ids, { attentionMask: mask, labels })
  const got = net.forward(asTensor(ids), tensors)
  await close(t, got.loss!, want.loss!)
  t.deepEqual(await numbers(got.logits), await numbers(want.logits))
  tensors.attentionMask.fill_(1)
  const open = await numbers(net.forward(ids, { attentionMask: tensors.attentionMask }).logits)
  t.true(open.slice(-17).some((score) => score !== 0))
  const nothing = net.forward(ids, { labels: asTensor(labels.map((row) => row.map(() => -100))) })
  t.true(Number.isNaN(await nothing.loss!.item()))
})

test('logitsToKeep: the last block computes the last positions only, with the same scores', async (t) => {
  for (const [, make] of MODELS) {
    const net = make().eval()
    const { ids, mask } = batchOf([13, 5, 9], 'left')
    const last = (scores: number[], n: number) =>
      ids.flatMap((_, b) => scores.slice(((b + 1) * T - n) * 17, (b + 1) * T * 17))
    const positionIds = mask.map((row) => row.map((_, at) => Math.max(0, at - row.indexOf(1))))
    for (const options of [
      {},
      { attentionMask: unknown(mask) },
      { attentionMask: mask },
      { attentionMask: unknown(mask), positionIds },
    ]) {
      const all = await numbers(net.forward(ids, options).logits)
      for (const n of [1, 3, T, T + 5]) {
        const kept = net.forward(ids, { ...options, logitsToKeep: n })
        t.deepEqual(kept.lastHiddenState.shape, [3, Math.min(n, T), 16])
        await close(t, kept.logits, last(all, Math.min(n, T)))
      }
      const cache = new models.KvCache()
      const first = lora.noGrad(() => net.forward(ids, { ...options, pastKeyValues: cache, logitsToKeep: 1 }))
      await close(t, first.logits, last(all, 1))
      cache.dispose()
    }
  }
})

test('labels on padding: the padding counts, as in the padded run', async (t) => {
  const net = gpt2()
  const { ids, mask } = batchOf([13, 3, 4], 'right')
  const options = { labels: ids }
  const want = await lossAndGrads(net, net.forward(ids, options).loss!)
  await closeGrads(t, await lossAndGrads(net, net.forward(ids, { ...options, attentionMask: mask }).loss!), want)
  const hidden = net.forward(ids, { labels: unknown(ids), attentionMask: mask })
  await close(t, hidden.loss!, want['loss']!)
  // The first token behind padding on the left is predicted by padding.
  const left = batchOf([13, 3, 4], 'left')
  const labels = left.ids.map((row, b) => row.map((id, at) => (left.mask[b]![at] === 1 ? id : -100)))
  const whole = net.forward(left.ids, { labels, attentionMask: unknown(left.mask) })
  await close(t, net.forward(left.ids, { labels, attentionMask: left.mask }).loss!, whole.loss!)
})

test('padding between tokens of a row: a window counts its positions, as in the padded run', async (t) => {
  for (const make of [mistral, gemma3]) {
    const net = make()
    const { ids, labels } = batchOf([13, 13], 'right')
    const mask = ids.map((row) => row.map((_, at) => Number(at % 4 !== 1)))
    const counted = labels.map((row, b) =>
      row.map((id, at) => (mask[b]![at] === 1 && mask[b]![at - 1] === 1 ? id : -100)),
    )
    const want = net.forward(ids, { attentionMask: unknown(mask), labels: counted })
    const got = net.forward(ids, { attentionMask: mask, labels: counted })
    await close(t, await atTokens(got.logits, mask), await atTokens(want.logits, mask))
    await closeGrads(t, await lossAndGrads(net, got.loss!), await lossAndGrads(net, want.loss!))
  }
})

test('padding: dropout draws for tokens only, and trains', async (t) => {
  const net = gpt2({ embd_pdrop: 0.1, attn_pdrop: 0.2, resid_pdrop: 0.1 }).train()
  const { ids, mask, labels } = batchOf([13, 3, 7], 'right')
  const losses = []
  for (let i = 0; i < 3; i++) {
    const { loss } = net.forward(ids, { attentionMask: mask, labels })
    loss!.backward()
    losses.push(await loss!.item())
  }
  t.is(new Set(losses).size, 3)
  t.true(losses.every(Number.isFinite))
})

test.serial('padding takes no memory', async (t) => {
  const net = withLora(gpt2({ n_embd: 64, n_positions: 256, n_layer: 4 })).train()
  const ids = Array.from({ length: 8 }, () => Array.from({ length: 256 }, (_, at) => (at < 16 ? at : 0)))
  const mask = ids.map((row) => row.map((_, at) => Number(at < 16)))
  const labels = ids.map((row) => row.map((id, at) => (at < 16 ? id : -100)))
  const held = async (attentionMask: lora.models.Ids) => {
    const { loss } = net.forward(ids, { attentionMask, labels })
    await loss!.item()
    await lora.settle()
    const { bytes } = lora.memory().activation
    await loss!.backward()
    return bytes
  }
  const [all, packed] = [await held(unknown(mask)), await held(mask)]
  t.true(packed < all / 8, `${packed} bytes of activations, ${all} with padding`)
})

test('padding: a mask and ids that do not fit are refused', (t) => {
  const net = gpt2()
  const { ids, mask } = batchOf([13, 3], 'right')
  t.throws(() => net.forward(ids, { attentionMask: [mask[0]!] }), { message: /attentionMask/ })
  t.throws(() => net.forward(ids, { attentionMask: mask.map((row) => row.slice(1)) }), { message: /attentionMask/ })
  t.throws(() => net.forward(ids, { attentionMask: mask, positionIds: [[1, 2]] }), { message: /positionIds/ })
  const outside = ids.map((row) => row.map((id, at) => (at === 12 ? 99 : id)))
  t.throws(() => net.forward(outside, { attentionMask: mask }), { instanceOf: lora.IndexError })
  t.throws(() => net.forward(ids, { labels: [mask[0]!] }), { message: /labels/ })
})
