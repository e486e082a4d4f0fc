import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'

const KINDS = ['q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0', 'q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k'] as const

/** The largest error of a kind, of numbers of about 1. */
const WORST = {
  q4_0: 0.4,
  q4_1: 0.3,
  q5_0: 0.2,
  q5_1: 0.15,
  q8_0: 0.03,
  q2_k: 1.2,
  q3_k: 0.7,
  q4_k: 0.4,
  q5_k: 0.2,
  q6_k: 0.12,
}

const spread = (n: number, seed = 0) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin((i + seed) * 12.9898) * 1.5 + Math.cos((i + seed) * 0.37))

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => Math.abs(x - b[i]!)).reduce((most, x) => Math.max(most, x), 0)

const thrown = (t: ExecutionContext, call: () => unknown, code: lora.ErrorCode) => {
  const error = t.throws(call, { instanceOf: lora.LoraError })
  t.is(error!.code, code)
  return error!.message
}

const numbers = async (t: lora.Tensor) => (await t.data()) as Float32Array

for (const kind of KINDS) {
  test(`tensor.to('${kind}'): numbers are rounded to blocks, and a layer computes with what they hold`, async (t) => {
    const [N, K] = [24, 512]
    const weight = lora.tensor(spread(N * K), { shape: [N, K] })
    const blocks = weight.to(kind)
    t.is(blocks.dtype, kind)
    t.deepEqual(blocks.shape, [N, K])
    const wide = blocks.to('f32')
    t.true(worst(await numbers(wide), await numbers(weight)) < WORST[kind])
    t.deepEqual(await blocks.data(), await wide.data())

    const layer = new lora.Linear(K, N, { r: 4, loraAlpha: 8, weight: blocks, mergeWeights: false, bias: false })
    const twin = new lora.Linear(K, N, { r: 4, loraAlpha: 8, weight: wide, mergeWeights: false, bias: false })
    const factors = lora.tensor(spread(N * 4, 7), { shape: [N, 4] })
    lora.noGrad(() => {
      layer.loraB!.copy_(factors)
      twin.loadStateDict({ lora_A: layer.loraA!, lora_B: factors }, { strict: false })
    })
    for (const rows of [1, 5, 16, 40]) {
      const run = async (module: lora.Linear) => {
        const x = lora.tensor(spread(rows * K, 3), { shape: [rows, K], requiresGrad: true })
        module.zeroGrad()
        const y = module.forward(x)
        await y.square().sum().backward()
        return Promise.all([y, x.grad!, module.loraA!.grad!, module.loraB!.grad!].map(numbers))
      }
      const [got, want] = [await run(layer), await run(twin)]
      got.forEach((numbers, i) => {
        const scale = want[i]!.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
        t.true(worst(numbers, want[i]!) <= 1e-5 * scale, `${rows} rows, tensor ${i}`)
      })
    }
  })
}

test('nn.Embedding, tied head, linearCrossEntropy: a table in blocks gives what the widened one gives', async (t) => {
  const [V, C] = [40, 64]
  const table = lora.tensor(spread(V * C), { shape: [V, C] }).to('q8_0')
  const ids = lora.tensor(new BigInt64Array([3n, 39n, 0n, 3n]))
  const run = async (weight: lora.Tensor) => {
    const embedding = new lora.nn.Embedding(V, C, { weight })
    const rows = embedding.forward(ids)
    const hidden = rows.detach().requiresGrad_(true)
    const loss = lora.nn.functional.linearCrossEntropy(hidden, weight, ids)
    await loss.backward()
    return [await numbers(rows), await numbers(loss), await numbers(hidden.grad!)]
  }
  t.deepEqual(await run(table), await run(table.to('f32')))
})

test('module.to(blocks): frozen weights of layers and embeddings are converted, the rest stays; tied ones stay tied', async (t) => {
  const config = {
    vocab_size: 64,
    hidden_size: 64,
    intermediate_size: 96,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
  }
  const model = new lora.models.LlamaForCausalLM({ ...config, tie_word_embeddings: true }).eval()
  const ids = [[1, 5, 9, 33]]
  const before = await numbers(model.forward(ids).logits)
  t.regex(
    thrown(t, () => model.to('q8_0'), 'ERR_LORA_OPTION'),
    /requiresGrad_\(false\)/,
  )
  model.requiresGrad_(false).to('q4_k')
  const dtypes = Object.fromEntries(Object.entries(model.stateDict()).map(([key, { dtype }]) => [key, dtype]))
  t.is(dtypes['model.layers.0.self_attn.q_proj.weight'], 'q5_0') // 64 is no multiple of 256
  t.is(dtypes['model.layers.0.input_layernorm.weight'], 'f32')
  t.is((model.lm_head as lora.nn.Linear).weight, model.model.embed_tokens.weight as lora.Tensor)
  const after = await numbers(model.forward(ids).logits)
  t.true(worst(before, after) > 0 && worst(before, after) < 0.2)
  const adapted = lora.peft.getPeftModel(model, { r: 2, targetModules: 'all-linear' })
  adapted.train()
  const { loss } = adapted.forward(ids, { labels: ids })
  await loss!.backward()
  t.true(adapted.trainableParameters().every(({ grad }) => grad !== null))
})

test('blocks are refused by name where they cannot be used', (t) => {
  const blocks = lora.zeros([4, 64]).to('q8_0')
  const message = (call: () => unknown, code: lora.ErrorCode) => thrown(t, call, code)
  t.regex(
    message(() => blocks.add(1), 'ERR_LORA_DTYPE'),
    /q8_0/,
  )
  t.deepEqual(blocks.reshape([2, 2, 64]).shape, [2, 2, 64])
  t.regex(
    message(() => blocks.reshape([64, 4]), 'ERR_LORA_SHAPE'),
    /multiple of 32/,
  )
  t.regex(
    message(() => blocks.transpose(0, 1), 'ERR_LORA_DTYPE'),
    /\.to\('f32'\)/,
  )
  t.regex(
    message(() => lora.zeros([4, 60]).to('q8_0'), 'ERR_LORA_SHAPE'),
    /multiple of 32/,
  )
  t.regex(
    message(() => lora.zeros([4, 64]).to('q4_k'), 'ERR_LORA_SHAPE'),
    /multiple of 256/,
  )
  t.regex(
    message(() => lora.zeros([4, 64], { dtype: 'q8_0' as never }), 'ERR_LORA_DTYPE'),
    /\.to\('q8_0'\)/,
  )
  t.regex(
    message(() => (blocks.requiresGrad = true), 'ERR_LORA_DTYPE'),
    /LoRA/,
  )
  t.regex(
    message(() => lora.zeros([4, 64], { requiresGrad: true }).to('q8_0'), 'ERR_LORA_NO_GRAD'),
    /detach/,
  )
  t.regex(
    message(
      () => new lora.nn.Linear(64, 4, { weight: blocks }).forward(lora.zeros([2, 64], { dtype: 'f64' })),
      'ERR_LORA_DTYPE',
    ),
    /x f32/,
  )
})

test('save: a safetensors file takes no blocks, and says what does', async (t) => {
  const error = await t.throwsAsync(lora.save({ w: lora.zeros([4, 64]).to('q8_0') }, '/tmp/never-written.safetensors'))
  t.regex(error!.message, /GGUF/)
})
