import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { models, nn } = lora

const CONFIG = {
  vocab_size: 17,
  n_positions: 24,
  n_embd: 8,
  n_layer: 2,
  n_head: 2,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
  eos_token_id: 16,
}
const tiny = (extra: object = {}) =>
  models.GPT2LMHeadModel.fromConfig({ ...CONFIG, ...extra }, { generator: new lora.Generator(3) })

const IDS = [
  [1, 5, 2, 9, 4],
  [3, 3, 7, 0, 8],
]

test('GPT2LMHeadModel: names, shapes and ties as in Hugging Face checkpoints', (t) => {
  const model = tiny()
  const keys = Object.keys(model.stateDict())
  t.deepEqual(keys.slice(0, 4), [
    'transformer.wte.weight',
    'transformer.wpe.weight',
    'transformer.h.0.ln_1.weight',
    'transformer.h.0.ln_1.bias',
  ])
  t.is(keys.at(-1), 'lm_head.weight')
  t.deepEqual(model.stateDict()['transformer.h.0.attn.c_attn.weight']!.shape, [8, 24])
  const names = [...model.namedParameters()].map(([name]) => name)
  t.false(names.includes('lm_head.weight')) // listed once, under the embedding
  t.true([...tiny({ tie_word_embeddings: false }).namedParameters()].some(([name]) => name === 'lm_head.weight'))
})

test('GPT2LMHeadModel: the same seed gives the same model; the same input the same logits', async (t) => {
  const [a, b] = [tiny(), tiny()]
  await same(t, a.forward(IDS).logits, b.forward(lora.tensor(IDS.flat(), { dtype: 'i64' }).reshape([2, 5])).logits)
})

test('GPT2LMHeadModel: no token attends to later ones', async (t) => {
  const model = tiny()
  const [row] = IDS as [number[]]
  const changed = [...row.slice(0, 4), 11]
  const [a, b] = [await numbers(model.forward([row]).logits), await numbers(model.forward([changed]).logits)]
  t.deepEqual(a.slice(0, 4 * 17), b.slice(0, 4 * 17))
  t.notDeepEqual(a.slice(4 * 17), b.slice(4 * 17))
})

test('GPT2LMHeadModel: the loss is the cross entropy of the next token, for tensors and for rows of labels', async (t) => {
  const model = tiny()
  const labels = [
    [-100, -100, 2, 9, -100],
    [3, 3, -100, 0, 8],
  ]
  const { logits } = model.forward(IDS)
  const logProbabilities = await numbers(logits.logSoftmax(-1))
  const losses = labels.flatMap((row, b) =>
    row.flatMap((label, at) => (at === 0 || label < 0 ? [] : -logProbabilities[(b * 5 + at - 1) * 17 + label]!)),
  )
  const want = [losses.reduce((sum, loss) => sum + loss, 0) / losses.length]
  const fromRows = model.forward(IDS, { labels })
  await close(t, fromRows.loss!, want)
  const tensorLabels = lora.tensor(new Int32Array(labels.flat()), { shape: [2, 5] })
  await close(t, model.forward(IDS, { labels: tensorLabels }).loss!, want)
  await close(t, fromRows.logits, logits)
  t.throws(() => model.forward(IDS, { labels: labels.map((row) => row.map(() => -100)) }), {
    message: /every label is ignored/,
  })
})

test('GPT2LMHeadModel: label smoothing; a head with LoRA or a hook gives the loss and gradients of a plain one', async (t) => {
  const labels = [
    [-100, -100, 2, 9, -100],
    [3, 3, -100, 0, 8],
  ]
  const shifted = lora.tensor(labels.map((row) => [...row.slice(1), -100]).flat(), { dtype: 'i64' })
  const gradient = async (model: lora.models.GPT2LMHeadModel, given: Parameters<typeof model.forward>[1]) => {
    model.requiresGrad_(true)
    const { loss } = model.forward(IDS, { ...given, labelSmoothing: 0.1 })
    await loss!.backward()
    return { loss: loss!, ln: model.transformer.ln_f.weight!.grad!, wte: model.transformer.wte.weight.grad }
  }
  const plain = await gradient(tiny(), { labels })
  const logits = tiny().forward(IDS).logits.reshape([10, 17])
  await close(t, plain.loss, nn.functional.crossEntropy(logits, shifted, { labelSmoothing: 0.1 }))
  const tensorLabels = lora.tensor(labels.flat(), { shape: [2, 5], dtype: 'i64' })
  const adapted = () => {
    const model = tiny()
    lora.injectLora(model, { targets: ['lm_head'], r: 2 }) // B is 0: the same numbers
    return model
  }
  const hooked = () => {
    const model = tiny()
    model.lm_head.registerForwardHook(() => {
      calls += 1
    })
    return model
  }
  let calls = 0
  for (const [make, given] of [
    [tiny, { labels: tensorLabels }],
    [adapted, { labels }],
    [adapted, { labels: tensorLabels }],
    [hooked, { labels }],
  ] as const) {
    const got = await gradient(make(), given)
    await close(t, got.loss, plain.loss)
    await close(t, got.ln, plain.ln)
    if (make !== adapted) await close(t, got.wte!, plain.wte!)
  }
  t.is(calls, 1)
  t.throws(() => tiny().forward(IDS, { labels, labelSmoothing: 1.5 }), { message: /labelSmoothing/ })
})

test('GPT2LMHeadModel: hidden states are the embeddings, then each block, the last after the final norm', async (t) => {
  const model = tiny()
  const { hiddenStates, lastHiddenState } = model.forward(IDS, { outputHiddenStates: true })
  t.is(hiddenStates!.length, 3)
  await same(t, hiddenStates![2]!, lastHiddenState)
  const { wte, wpe } = model.transformer
  const ids = lora.tensor(new Int32Array(IDS.flat()), { shape: [2, 5] })
  await close(t, hiddenStates![0]!, wte.forward(ids).add(wpe.forward(lora.arange(0, 5, 1, { dtype: 'i64' }))))
})

test('GPT2LMHeadModel: padding on either side leaves the other tokens alone', async (t) => {
  const model = tiny().eval()
  const want = await numbers(model.forward([[1, 5, 2]]).logits)
  const right = model.forward([[1, 5, 2, 0, 0]], { attentionMask: [[1, 1, 1, 0, 0]] })
  await close(t, (await numbers(right.logits)).slice(0, 3 * 17), want)
  const left = model.forward([[0, 0, 1, 5, 2]], { attentionMask: [[0, 0, 1, 1, 1]], positionIds: [[0, 0, 0, 1, 2]] })
  await close(t, (await numbers(left.logits)).slice(2 * 17), want)
})

test('GPT2LMHeadModel: a cache gives the logits of the whole sequence, through growth and truncation', async (t) => {
  const model = tiny({ n_positions: 80 }).eval()
  const row = Array.from({ length: 70 }, (_, i) => (i * 7) % 16)
  const whole = await numbers(model.forward([row]).logits)
  const cache = new models.KvCache()
  const step = (ids: number[]) => lora.noGrad(() => model.forward([ids], { pastKeyValues: cache }).logits)
  await close(t, step(row.slice(0, 30)), whole.slice(0, 30 * 17))
  await close(t, step(row.slice(30, 65)), whole.slice(30 * 17, 65 * 17)) // grows the buffers
  step([1, 2, 3])
  cache.truncate(65)
  await close(t, step(row.slice(65, 66)), whole.slice(65 * 17, 66 * 17))
  t.is(cache.length, 66)
  cache.dispose()
  t.throws(() => model.train().forward([row], { useCache: true }), { message: /gradients/ })
})

test('GPT2LMHeadModel: LoRA on attention and MLP trains, and only its factors get gradients', async (t) => {
  const model = tiny()
  lora.injectLora(model, { targets: ['c_attn'], r: 2, loraAlpha: 4, enableLora: [true, false, true] })
  lora.injectLora(model, { targets: ['mlp.c_fc', 'c_proj'], r: 2 })
  lora.markOnlyLoraAsTrainable(model)
  await model.forward(IDS, { labels: IDS }).loss!.backward()
  for (const [name, parameter] of model.namedParameters()) t.is(parameter.grad !== null, name.includes('lora_'), name)
})

test('GPT2LMHeadModel: checkpointed blocks give the same loss and gradients, dropout and padding included', async (t) => {
  const results = [false, true].map(async (checkpointed) => {
    const model = tiny({ resid_pdrop: 0.3, attn_pdrop: 0.2 })
    lora.injectLora(model, { targets: ['c_attn', 'c_fc', 'c_proj'], r: 2, loraDropout: 0.1 })
    lora.noGrad(() => model.parameters().forEach((p, i) => p.ndim === 2 && p.fill_(Math.sin(i) / 10)))
    lora.markOnlyLoraAsTrainable(model)
    if (checkpointed) model.gradientCheckpointingEnable()
    const attentionMask = lora.tensor([0, 1, 1, 1, 1, 1, 1, 1, 1, 1]).reshape([2, 5])
    lora.manualSeed(5)
    const { loss } = model.forward(IDS, { labels: IDS, attentionMask })
    await loss!.backward()
    const grads = model.parameters().filter((p) => p.requiresGrad)
    return [await loss!.item(), ...(await Promise.all(grads.map((p) => numbers(p.grad!)))).flat()] as number[]
  })
  const [plain, checkpointed] = await Promise.all(results)
  t.true(plain!.some((value) => value !== 0))
  t.deepEqual(checkpointed, plain)
})

test('GPT2LMHeadModel: savePretrained and fromPretrained give the same model (f32, bf16)', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'gpt2-'))
  const model = tiny().eval()
  await model.savePretrained(dir)
  t.deepEqual(Object.keys(await lora.load(join(dir, 'model.safetensors'))).includes('lm_head.weight'), false)
  const read = await models.GPT2LMHeadModel.fromPretrained(dir)
  t.false(read.training)
  t.is(read.config.n_embd, 8)
  await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
  await model.savePretrained(dir, { dtype: 'bf16' })
  const half = await models.AutoModelForCausalLM.fromPretrained(dir)
  t.true(half instanceof models.GPT2LMHeadModel)
  t.is(half.stateDict()['transformer.wte.weight']!.dtype, 'bf16')
  await close(t, half.forward(IDS).logits, model.forward(IDS).logits, 'bf16')
  removeFolder(dir)
})

for (const includeTied of [false, true]) {
  test(`GPT2LMHeadModel: an adapted embedding, merged and saved, comes back the same (includeTied ${includeTied})`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'gpt2-'))
    const model = tiny().eval()
    lora.injectLora(model, { targets: 'wte', r: 2, includeTied })
    lora.noGrad(() => (model.transformer.wte as lora.Embedding).loraA!.fill_(0.3))
    const want = await numbers(model.forward(IDS).logits)
    lora.mergeAndUnload(model)
    await model.savePretrained(dir)
    const read = await models.GPT2LMHeadModel.fromPretrained(dir)
    t.is(read.config.tie_word_embeddings, includeTied)
    await close(t, read.forward(IDS).logits, want)
    removeFolder(dir)
  })
}

test('GPT2LMHeadModel: a bad checkpoint lists everything that does not fit; an unknown architecture names the known ones', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'gpt2-'))
  await tiny().savePretrained(dir)
  const file = join(dir, 'model.safetensors')
  const tensors = { ...(await lora.load(file)) }
  tensors['transformer.ln_f.weigth'] = tensors['transformer.ln_f.weight']!
  delete tensors['transformer.ln_f.weight']
  tensors['transformer.wpe.weight'] = lora.zeros([3, 8])
  await lora.save(tensors, file)
  const error = await t.throwsAsync(() => models.GPT2LMHeadModel.fromPretrained(dir), { instanceOf: lora.KeyError })
  t.regex(error!.message, /1 missing, 1 misshapen, 1 unexpected/)
  removeFolder(dir)
  t.throws(() => models.AutoModelForCausalLM.fromConfig({ model_type: 'llamma' }), { message: /gpt2/ })
  t.throws(() => tiny({ n_head: 3 }), { instanceOf: lora.OptionError, message: /n_head/ })
})

test('GPT2LMHeadModel: too many tokens, ragged rows and adapters in a model folder are errors', async (t) => {
  const model = tiny()
  const long = Array.from({ length: 25 }, () => 1)
  t.throws(() => model.forward([long]), { instanceOf: lora.OptionError, message: /n_positions/ })
  t.throws(() => model.forward([[1, 2], [3]]), { instanceOf: lora.OptionError, message: /one length/ })
  t.throws(
    () =>
      model.forward(IDS, {
        attentionMask: [
          [1, 1],
          [1, 1],
        ],
      }),
    { message: /attentionMask/ },
  )
  lora.injectLora(model, { targets: 'c_attn', r: 1 })
  await t.throwsAsync(() => model.savePretrained(tmpdir()), { message: /loraStateDict/ })
})

/** Logits of the last position of each row, when the row is computed whole. */
const lastLogits = async (model: ReturnType<typeof tiny>, row: number[]) =>
  (await numbers(lora.noGrad(() => model.forward([row]).logits))).slice(-17)

test('GPT2LMHeadModel: a mask per new token allows two continuations in one cache', async (t) => {
  const model = tiny().eval()
  const cache = new models.KvCache()
  const prompt = [1, 5, 2]
  const mask = (rows: number[][]) =>
    lora.tensor(Uint8Array.from(rows.flat()), { dtype: 'bool', shape: [1, 1, rows.length, rows[0]!.length] })
  const step = (ids: number[], position: number, rows: number[][]) =>
    lora.noGrad(
      () =>
        model.forward([ids], {
          pastKeyValues: cache,
          positionIds: [ids.map(() => position)],
          attentionMask: mask(rows),
        }).logits,
    )
  lora.noGrad(() => model.forward([prompt], { pastKeyValues: cache }))
  const first = await numbers(step([7, 9], 3, [[1, 1, 1, 1, 0], [1, 1, 1, 0, 1]])) // prettier-ignore
  await close(t, first.slice(0, 17), await lastLogits(model, [...prompt, 7]))
  await close(t, first.slice(17), await lastLogits(model, [...prompt, 9]))
  // Both go on from 9; 7 is given up, and a mask may be wider than what there is.
  cache.retain(3, [[4]])
  t.is(cache.length, 4)
  const second = await numbers(step([4, 6], 4, [[1, 1, 1, 1, 1, 0, 1, 1], [1, 1, 1, 1, 0, 1, 1, 1]])) // prettier-ignore
  await close(t, second.slice(0, 17), await lastLogits(model, [...prompt, 9, 4]))
  await close(t, second.slice(17), await lastLogits(model, [...prompt, 9, 6]))
  t.throws(() => step([1], 5, [[1, 1]]), { message: /bool mask \(B, 1, T, 7\)/ })
  t.throws(() => cache.retain(3, [[9]]), { instanceOf: lora.OptionError, message: /from 3 to 5/ })
})

test('KvCache: rows are repeated and dropped', async (t) => {
  const model = tiny().eval()
  const cache = new models.KvCache()
  lora.noGrad(() => model.forward(IDS, { pastKeyValues: cache }))
  cache.batchSelectIndices([1, 0, 1])
  const { logits } = lora.noGrad(() => model.forward([[6], [7], [8]], { pastKeyValues: cache }))
  const [a, b] = IDS as [number[], number[]]
  const wanted = [
    await lastLogits(model, [...b, 6]),
    await lastLogits(model, [...a, 7]),
    await lastLogits(model, [...b, 8]),
  ]
  await close(t, logits, wanted.flat())
  t.throws(() => cache.batchSelectIndices([3]), { instanceOf: lora.OptionError, message: /from 0 to 2/ })
  cache.dispose()
})

test('GPT2LMHeadModel.loadStateDict: the names of old files, of a bare model and of the NLG example, without a strict error', async (t) => {
  const source = tiny()
  const plain = Object.entries(source.stateDict()).filter(([name]) => name !== 'lm_head.weight')
  const bare = plain.map(([name, tensor]) => [name.slice('transformer.'.length), tensor] as const)
  const old = bare.map(([name, tensor]) => {
    const isWeight = name.endsWith('.weight')
    if (/^w[tp]e\./.test(name)) return [name, tensor] as const
    const end = isWeight ? (name.includes('ln_') ? 'g' : 'w') : 'b'
    return [name.replace(/\.\w+$/, `.${end}`), tensor] as const
  })
  const head = ['lm_head.decoder.weight', source.transformer.wte.weight] as const
  const nlg = [...plain, head, ['transformer.h.0.attn.bias', lora.ones([1, 1, 24, 24])] as const].map(
    ([name, tensor]) => [`module.${name}`, tensor] as const,
  )
  const want = source.forward(IDS).logits
  const load = (model: lora.nn.Module, entries: readonly (readonly [string, lora.Tensor])[]) =>
    model.loadStateDict(Object.fromEntries(entries))
  for (const entries of [plain, bare, old, nlg]) {
    const model = models.GPT2LMHeadModel.fromConfig(CONFIG)
    t.deepEqual(load(model, entries), { missingKeys: [], unexpectedKeys: [] })
    await same(t, model.forward(IDS).logits, want)
  }
  const decoder = models.GPT2LMHeadModel.fromConfig(CONFIG).transformer
  load(decoder, nlg)
  await same(t, decoder.forward(IDS).lastHiddenState, source.transformer.forward(IDS).lastHiddenState)
  const untied = models.GPT2LMHeadModel.fromConfig({ ...CONFIG, tie_word_embeddings: false })
  t.throws(() => load(untied, bare), { message: /1 missing: lm_head\.weight/ })
  t.throws(() => load(tiny(), [...bare, ['h.9.ln_1.g', lora.ones([8])]]), { message: /1 unexpected: h\.9\.ln_1\.g/ })
})
