import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { ENCODERS, flat } from '../support/encoders.js'
import { removeFolder } from '../support/files.js'

const { models, nn } = lora

const V3 = ENCODERS['deberta v3']!
const bare = (config: object) => models.DebertaV2Model.fromConfig(config, { generator: new lora.Generator(5) })
const headed = (config: object, extra: object = {}) =>
  models.DebertaV2ForSequenceClassification.fromConfig({ ...config, ...extra }, { generator: new lora.Generator(5) })

const IDS = [[5, 7, 9, 3, 2, 11, 4, 6, 12, 8, 3, 17]]

test('Deberta: names of all variants as in Hugging Face checkpoints', (t) => {
  const names = (config: object) => Object.keys(headed(config).stateDict()).filter((name) => !/layer\.1\./.test(name))
  const dense = (...paths: string[]) => paths.flatMap((path) => [`${path}.weight`, `${path}.bias`])
  const layer = (...own: string[]) => [
    ...dense(
      ...['query_proj', 'key_proj', 'value_proj', ...own].map(
        (name) => `deberta.encoder.layer.0.attention.self.${name}`,
      ),
    ),
    ...dense('deberta.encoder.layer.0.attention.output.dense', 'deberta.encoder.layer.0.attention.output.LayerNorm'),
    ...dense('deberta.encoder.layer.0.intermediate.dense', 'deberta.encoder.layer.0.output.dense'),
    ...dense('deberta.encoder.layer.0.output.LayerNorm'),
  ]
  const words = ['deberta.embeddings.word_embeddings.weight']
  const norm = dense('deberta.embeddings.LayerNorm')
  const head = dense('pooler.dense', 'classifier')
  const table = ['deberta.encoder.rel_embeddings.weight']
  t.deepEqual(names(V3), [...words, ...norm, ...layer(), ...table, ...dense('deberta.encoder.LayerNorm'), ...head])
  t.deepEqual(names(ENCODERS['deberta v2 with a convolution']!), [
    ...[...words, ...norm, ...layer(), ...table, ...dense('deberta.encoder.LayerNorm')],
    ...dense('deberta.encoder.conv.conv', 'deberta.encoder.conv.LayerNorm'),
    ...head,
  ])
  t.deepEqual(names(ENCODERS['deberta with own projections']!), [
    ...[...words, ...norm, ...layer('pos_key_proj', 'pos_query_proj'), ...table, ...head],
  ])
  t.deepEqual(names(ENCODERS['deberta with absolute positions']!), [
    ...[...words, 'deberta.embeddings.position_embeddings.weight', 'deberta.embeddings.token_type_embeddings.weight'],
    ...[...norm, ...layer(), ...table, ...head],
  ])
  t.deepEqual(names(ENCODERS['deberta without distances']!), [
    ...[...words, 'deberta.embeddings.position_embeddings.weight', ...norm, ...layer(), ...head],
  ])
})

// Buckets of distances 0 to 11 for 8 buckets and distances up to 23: ⌈log(d / 4) / log(22 / 4) · 3⌉ + 4 beyond 4, by hand.
const BUCKETS = [0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, 6]

for (const [about, extra, rowOf] of [
  [
    'buckets',
    { position_buckets: 8, max_relative_positions: 23 },
    (d: number) => 8 + Math.sign(d) * BUCKETS[Math.abs(d)]!,
  ],
  ['a row for each distance', { position_buckets: -1, max_relative_positions: 23 }, (d: number) => 23 + d],
  [
    'more distances than rows',
    { position_buckets: -1, max_relative_positions: 5 },
    (d: number) => Math.min(9, Math.max(0, 5 + d)),
  ],
] as const) {
  for (const pos_att_type of [['c2p', 'p2c'], ['c2p'], 'p2c']) {
    for (const share_att_key of [true, false]) {
      const name = `${about}, ${String(pos_att_type)}, ${share_att_key ? 'shared' : 'own'} projections`
      test(`DebertaV2Model: attention is what the formula says: ${name}`, async (t) => {
        const model = bare({ ...V3, ...extra, pos_att_type, share_att_key, num_hidden_layers: 1 })
        const w = model.stateDict()
        const { hiddenStates } = model.forward(IDS, { outputHiddenStates: true })
        const [x, got] = hiddenStates as [lora.Tensor, lora.Tensor]
        const at = 'encoder.layer.0.attention'
        const dense = (path: string, input: lora.Tensor) =>
          nn.functional.linear(input, w[`${path}.weight`]!, w[`${path}.bias`])
        const norm = (path: string, input: lora.Tensor) =>
          nn.functional.layerNorm(input, 8, w[`${path}.weight`], w[`${path}.bias`], 1e-7)
        const distances = norm('encoder.LayerNorm', w['encoder.rel_embeddings.weight']!)
        const own = (content: string, position: string) => (share_att_key ? content : position)
        const [c2p, p2c] = ['c2p', 'p2c'].map((type) => String(pos_att_type).includes(type)) as [boolean, boolean]
        const [q, k, v] = await Promise.all(
          ['query', 'key', 'value'].map((p) => numbers(dense(`${at}.self.${p}_proj`, x))),
        )
        const pk = c2p ? await numbers(dense(`${at}.self.${own('key_proj', 'pos_key_proj')}`, distances)) : []
        const pq = p2c ? await numbers(dense(`${at}.self.${own('query_proj', 'pos_query_proj')}`, distances)) : []
        const [T, D] = [12, 4]
        const dot = (a: number[], i: number, b: number[], j: number, h: number) => {
          let sum = 0
          for (let d = 0; d < D; d++) sum += a[i * 8 + h * D + d]! * b[j * 8 + h * D + d]!
          return sum
        }
        const context = new Float32Array(T * 8)
        for (let h = 0; h < 2; h++) {
          for (let i = 0; i < T; i++) {
            const scores = Array.from({ length: T }, (_, j) => {
              const row = rowOf(i - j)
              const far = (c2p ? dot(q!, i, pk, row, h) : 0) + (p2c ? dot(k!, j, pq, row, h) : 0)
              return Math.exp((dot(q!, i, k!, j, h) + far) / Math.sqrt(D * (1 + Number(c2p) + Number(p2c))))
            })
            const total = scores.reduce((a, b) => a + b)
            for (let j = 0; j < T; j++)
              for (let d = 0; d < D; d++) context[i * 8 + h * D + d]! += (scores[j]! / total) * v![j * 8 + h * D + d]!
          }
        }
        const attended = norm(
          `${at}.output.LayerNorm`,
          dense(`${at}.output.dense`, lora.tensor(context, { shape: [1, T, 8] })).add(x),
        )
        const inner = dense('encoder.layer.0.intermediate.dense', attended).gelu()
        await close(
          t,
          got,
          norm('encoder.layer.0.output.LayerNorm', dense('encoder.layer.0.output.dense', inner).add(attended)),
        )
      })
    }
  }
}

test('DebertaV2Model: the convolution is parallel to the first layer and sees zeros at padding', async (t) => {
  const config = ENCODERS['deberta v2 with a convolution']!
  const model = bare(config).eval()
  const plain = bare({ ...config, conv_kernel_size: 0 }).eval()
  plain.loadStateDict(model.stateDict(), { strict: false })
  const w = model.stateDict()
  const attentionMask = [IDS[0]!.map((_, i) => (i < 9 ? 1 : 0))]
  const options = { outputHiddenStates: true, attentionMask }
  const [x, y] = plain.forward(IDS, options).hiddenStates as [lora.Tensor, lora.Tensor]
  const on = flat(attentionMask).unsqueeze(2).to('f32')
  const taps = nn.functional.conv1d(
    x.mul(on).transpose(1, 2),
    w['encoder.conv.conv.weight']!,
    w['encoder.conv.conv.bias']!,
    { padding: 1 },
  )
  const sum = y.add(taps.transpose(1, 2).gelu())
  const want = nn.functional.layerNorm(
    sum,
    8,
    w['encoder.conv.LayerNorm.weight'],
    w['encoder.conv.LayerNorm.bias'],
    1e-7,
  )
  const got = model.forward(IDS, options).hiddenStates![1]!
  await close(t, got.mul(on), want.mul(on))
})

test('DebertaV2ForSequenceClassification: LoRA on query_proj and value_proj and the head train (f32, bf16)', async (t) => {
  for (const dtype of ['f32', 'bf16'] as const) {
    const model = models.DebertaV2ForSequenceClassification.fromConfig(V3, { dtype, generator: new lora.Generator(5) })
    const paths = lora.injectLora(model, { targets: ['query_proj', 'value_proj'], r: 2, loraAlpha: 4 })
    t.is(paths.length, 4)
    lora.markOnlyLoraAsTrainable(model)
    for (const head of [model.pooler, model.classifier]) head.requiresGrad_()
    const trained = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad)
    t.is(trained.length, 8 + 4)
    t.true(trained.every(([, parameter]) => parameter.dtype === 'f32'))
    const optimizer = new lora.optim.AdamW(trained.map(([, parameter]) => parameter), { lr: 0.03 }) // prettier-ignore
    const ids = [IDS[0]!, IDS[0]!.toReversed()]
    const losses: number[] = []
    for (let step = 0; step < 15; step++) {
      optimizer.zeroGrad()
      const { loss } = model.forward(ids, { labels: [2, 0] })
      await loss!.backward()
      await optimizer.step()
      losses.push(await loss!.item())
    }
    t.true(losses.at(-1)! < losses[0]! / 4, `${losses[0]} to ${losses.at(-1)}`)
    const before = await numbers(model.forward(ids).logits)
    await close(
      t,
      lora.noGrad(() => model.eval().forward(ids).logits),
      before,
      dtype,
    )
  }
})

test('Deberta: files may hold an unused table of positions and the heads of the training', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'deberta-'))
  const file = join(dir, 'model.safetensors')
  const model = headed(V3).eval()
  await model.savePretrained(dir)
  const tensors = { ...(await lora.load(file)) }
  tensors['deberta.embeddings.position_embeddings.weight'] = lora.ones([24, 8])
  tensors['lm_predictions.lm_head.dense.weight'] = lora.ones([8, 8])
  tensors['mask_predictions.dense.weight'] = lora.ones([8, 8])
  await lora.save(tensors, file)
  const read = await models.DebertaV2ForSequenceClassification.fromPretrained(dir)
  await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
  tensors['deberta.encoder.layer.0.attention.self.pos_proj.weight'] = lora.ones([8, 8])
  await lora.save(tensors, file)
  await t.throwsAsync(() => models.DebertaV2Model.fromPretrained(dir), {
    instanceOf: lora.KeyError,
    message: /1 unexpected/,
  })
  removeFolder(dir)
})

test('Deberta: bad configurations are errors that name the field', (t) => {
  const refused = (extra: object, message: RegExp, instanceOf: new (...args: never[]) => Error = lora.OptionError) =>
    t.throws(() => headed(V3, extra), { instanceOf: instanceOf as new () => Error, message })
  refused({ pos_att_type: ['p2p'] }, /pos_att_type/)
  refused({ pos_att_type: 3 }, /pos_att_type/)
  refused({ norm_rel_ebd: 'rms_norm' }, /norm_rel_ebd/)
  refused({ position_buckets: 2.5 }, /position_buckets/)
  refused({ conv_kernel_size: 4 }, /conv_kernel_size/)
  refused({ conv_kernel_size: 3, conv_groups: 3 }, /conv_groups/)
  refused({ conv_kernel_size: 3, conv_act: 'geluu' }, /conv_act/)
  refused({ pooler_dropout: -1 }, /pooler_dropout/)
  refused({ cls_dropout: 1.5 }, /cls_dropout/)
  refused({ relative_attention: 1 }, /relative_attention/)
  refused({ embedding_size: 4 }, /embedding_size/, lora.UnsupportedError)
})
