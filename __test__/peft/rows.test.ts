// An adapter for each row of a batch: forward, generation and training against each adapter alone.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'

const { models, peft } = lora

const IDS = [
  [5, 9, 2, 40, 7, 11],
  [3, 3, 8, 1, 60, 22],
  [17, 4, 9, 9, 12, 50],
  [8, 61, 30, 2, 2, 19],
]
const NAMES = ['ann', '__base__', 'bob', 'ann']

const llama = (): lora.models.LlamaForCausalLM =>
  models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 64, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, tie_word_embeddings: false },
  }).eval() as lora.models.LlamaForCausalLM

const farthest = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) : NaN

/** A model with two adapters that move the logits. */
function adapted<M extends lora.nn.Module>(
  base: M,
  configs: Record<string, lora.peft.LoraConfig>,
): lora.peft.Adapted<M> {
  lora.manualSeed(5)
  const entries = Object.entries(configs)
  const model = peft.getPeftModel(base, entries[0]![1], entries[0]![0])
  for (const [name, config] of entries.slice(1)) model.addAdapter(name, config)
  model.setAdapter(entries.map(([name]) => name))
  lora.noGrad(() => {
    for (const tensor of model.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(0.2))
  })
  return model
}

const KINDS: Record<string, Record<string, lora.peft.LoraConfig>> = {
  'other ranks and targets': {
    ann: { r: 4, loraAlpha: 8, targetModules: 'all-linear' },
    bob: { r: 3, useRslora: true, targetModules: ['q_proj', 'down_proj'] },
  },
  'the head and the embedding': {
    ann: { r: 2, targetModules: ['embed_tokens', 'lm_head', 'v_proj'] },
    bob: { r: 4, targetModules: ['embed_tokens', 'lm_head', 'up_proj'] },
  },
  'DoRA beside LoRA': {
    ann: { r: 4, useDora: true, targetModules: ['v_proj', 'up_proj'] },
    bob: { r: 2, targetModules: ['v_proj'] },
  },
  biases: {
    ann: { r: 2, loraBias: true, targetModules: ['o_proj'] },
    bob: { r: 2, targetModules: ['o_proj'] },
  },
  'saved modules and rows of the embedding': {
    ann: { r: 2, targetModules: ['q_proj'], modulesToSave: ['lm_head', 'norm'] },
    bob: { r: 2, targetModules: ['q_proj'], trainableTokenIndices: [5, 40, 3, 8] },
  },
}

for (const [kind, configs] of Object.entries(KINDS)) {
  test(`peft rows, ${kind}: each row is as with its adapter alone; a padded batch too`, async (t) => {
    const model = adapted(llama(), configs)
    const alone: number[][] = []
    for (const [row, name] of NAMES.entries())
      alone.push(await numbers(lora.noGrad(() => model.withAdapter(name).forward([IDS[row]!]).logits)))
    t.true(
      farthest(alone[0]!, await numbers(lora.noGrad(() => model.withAdapter('bob').forward([IDS[0]!]).logits))) > 0.01,
    )
    const mixed = await numbers(lora.noGrad(() => model.forward(IDS, { adapterNames: NAMES }).logits))
    t.true(farthest(mixed, alone.flat()) < 1e-5)
    t.deepEqual(await numbers(lora.noGrad(() => model.withAdapters(NAMES).forward(IDS).logits)), mixed)

    const attentionMask = [6, 2, 4, 5].map((length) => IDS[0]!.map((_, i) => (i < length ? 1 : 0)))
    const padded = await numbers(lora.noGrad(() => model.forward(IDS, { attentionMask, adapterNames: NAMES }).logits))
    const width = 6 * 64
    for (const [row, length] of [6, 2, 4, 5].entries()) {
      const [got, want] = [padded.slice(row * width, row * width + length * 64), alone[row]!.slice(0, length * 64)]
      t.true(farthest(got, want) < 1e-5, `row ${row}`)
    }
  })

  test(`peft rows, ${kind}: gradients are the sums of each row's alone, with checkpointing and padding too`, async (t) => {
    const model = adapted(llama(), configs)
    model.train()
    const own = model.trainableParameters()
    // One label in a row, several in another: the head reads as many tokens as there are rows, but not one of each.
    const labels = IDS.map((row, b) => row.map((id, i) => ((b === 0 ? i > 2 : b === 2 && i === 1) ? id : -100)))
    const counts = [3, 0, 1, 0]
    for (const tensor of own) tensor.grad = null
    for (const [row, name] of NAMES.entries()) {
      if (counts[row] === 0) continue
      const view = model.withAdapter(name)
      await view
        .forward([IDS[row]!], { labels: [labels[row]!] })
        .loss.mul(counts[row]! / 4)
        .backward()
    }
    const want = await Promise.all(own.map(async (tensor) => (tensor.grad ? numbers(tensor.grad) : [])))
    for (const checkpoints of [false, true]) {
      if (checkpoints) model.base_model.gradientCheckpointingEnable()
      for (const tensor of own) tensor.grad = null
      await model.forward(IDS, { labels, adapterNames: NAMES }).loss.backward()
      for (const [i, tensor] of own.entries()) {
        const grad = tensor.grad ? await numbers(tensor.grad) : []
        if (want[i]!.length === 0) t.true(grad.every((value) => value === 0))
        else t.true(farthest(grad, want[i]!) < 1e-5, `${i} ${checkpoints}`)
      }
    }
  })

  test(`peft rows, ${kind}: generation of each row is that of its adapter alone`, async (t) => {
    const model = adapted(llama(), configs)
    const prompts = IDS.map((row, i) => row.slice(0, 2 + i))
    for (const more of [{}, { numBeams: 3 }, { numBeams: 2, numReturnSequences: 2 }]) {
      const options = { maxNewTokens: 8, eosTokenId: [], ...more }
      const mixed = await model.generate(prompts, { ...options, adapterNames: NAMES })
      const alone: number[][] = []
      for (const [row, name] of NAMES.entries())
        alone.push(...((await model.withAdapter(name).generate([prompts[row]!], options)) as number[][]))
      t.deepEqual(mixed as number[][], alone)
    }
  })
}

test('peft rows: rows that end early leave, and the others go on with their adapters; equal prompts are not one', async (t) => {
  const model = adapted(llama(), KINDS['other ranks and targets']!)
  const prompts = Array.from({ length: 6 }, () => IDS[0]!.slice(0, 3))
  const names = ['ann', 'bob', '__base__', 'bob', 'ann', 'bob']
  const lengths = [2, 9, 3, 8, 2, 3]
  const stop = (ids: readonly number[], row: number) => ids.length >= 3 + lengths[row]!
  for (const more of [{}, { numBeams: 2 }]) {
    const mixed = await model.generate(prompts, {
      maxNewTokens: 10,
      eosTokenId: [],
      stop,
      adapterNames: names,
      ...more,
    })
    for (const [row, name] of names.entries()) {
      const [alone] = (await model.withAdapter(name).generate([prompts[row]!], {
        ...{ maxNewTokens: 10, eosTokenId: [], ...more },
        stop: (ids: readonly number[]) => stop(ids, row),
      })) as number[][]
      t.deepEqual((mixed as number[][])[row], alone)
    }
  }
  const searched = (await model.generate(prompts, {
    maxNewTokens: 6,
    numBeams: 2,
    eosTokenId: [],
    adapterNames: names,
  })) as number[][]
  t.deepEqual(searched[1], searched[3])
  t.notDeepEqual(searched[0], searched[1])
  const tokens: number[][] = names.map(() => [])
  for await (const { row, id } of model.stream(prompts, { maxNewTokens: 4, eosTokenId: [], adapterNames: names }))
    tokens[row]!.push(id)
  t.deepEqual(
    tokens[3],
    (await model.withAdapter('bob').generate([prompts[3]!], { maxNewTokens: 4, eosTokenId: [] }))[0]!.slice(3),
  )
})

test('peft rows: up to 16 rows each row of logits has the bits that it has alone', async (t) => {
  const model = adapted(llama(), { ...KINDS['other ranks and targets'], cat: { r: 8, targetModules: 'all-linear' } })
  const names = Array.from({ length: 16 }, (_, i) => ['ann', 'cat', 'bob', '__base__', 'cat'][i % 5]!)
  const ids = names.map((_, i) => [(7 * i + 3) % 64])
  const all = await numbers(lora.noGrad(() => model.forward(ids, { adapterNames: names }).logits))
  for (const [row, name] of names.entries()) {
    const alone = await numbers(lora.noGrad(() => model.withAdapter(name).forward([ids[row]!]).logits))
    t.deepEqual(all.slice(row * 64, row * 64 + 64), alone)
  }
})

test('peft rows: an adapter that no row names gets no gradient and keeps its bits', async (t) => {
  const model = adapted(llama(), {
    ...KINDS['other ranks and targets'],
    absent: { r: 4, targetModules: 'all-linear', loraDropout: 0.2 },
  })
  model.train()
  const absent = [...model.namedParameters()].filter(([key]) => key.includes('.absent.')).map(([, tensor]) => tensor)
  t.true(absent.length > 0 && absent.every((tensor) => tensor.requiresGrad))
  const before = await Promise.all(absent.map(numbers))
  const optimizer = new lora.optim.AdamW(model.trainableParameters(), { lr: 0.1, weightDecay: 0.1 })
  await model.forward(IDS, { labels: IDS, adapterNames: NAMES }).loss.backward()
  t.true(absent.every((tensor) => !tensor.hasGrad))
  await optimizer.step()
  t.deepEqual(await Promise.all(absent.map(numbers)), before)
})

test('peft rows: dropout falls on the adapters that have it', async (t) => {
  const model = adapted(llama(), {
    ann: { r: 4, loraDropout: 0.5, targetModules: ['q_proj'] },
    bob: { r: 4, targetModules: ['q_proj'] },
  })
  model.train()
  const run = () => numbers(lora.noGrad(() => model.forward(IDS, { adapterNames: NAMES }).logits))
  const [a, b] = [await run(), await run()]
  const row = 6 * 64
  t.notDeepEqual(a.slice(0, row), b.slice(0, row))
  t.true(farthest(a.slice(row, 3 * row), b.slice(row, 3 * row)) < 1e-6)
})

test('peft rows: classifiers, whose heads are saved with the adapter, on packed and whole batches', async (t) => {
  const encoder = { ...{ vocab_size: 64, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 } }
  const base = models.BertForSequenceClassification.fromConfig({
    ...{ ...encoder, intermediate_size: 48, max_position_embeddings: 16, num_labels: 3 },
  }).eval() as lora.models.BertForSequenceClassification
  const model = adapted(base, {
    ann: { r: 2, targetModules: ['query', 'dense'] },
    bob: { r: 4, targetModules: ['value'] },
  })
  for (const lengths of [
    [6, 6, 6, 6],
    [6, 1, 3, 2],
  ]) {
    const attentionMask = lengths.map((length) => IDS[0]!.map((_, i) => (i < length ? 1 : 0)))
    const mixed = await numbers(lora.noGrad(() => model.forward(IDS, { attentionMask, adapterNames: NAMES }).logits))
    for (const [row, name] of NAMES.entries()) {
      const one = { attentionMask: [attentionMask[row]!] }
      const alone = await numbers(lora.noGrad(() => model.withAdapter(name).forward([IDS[row]!], one).logits))
      t.true(farthest(mixed.slice(row * 3, row * 3 + 3), alone) < 1e-5)
    }
  }
})

test('peft rows: the number of names, and names that are not there, are errors', async (t) => {
  const model = adapted(llama(), KINDS['other ranks and targets']!)
  const two = model.withAdapters(['ann', 'bob'])
  t.like(
    t.throws(() => two.forward(IDS)),
    { code: 'ERR_LORA_OPTION' },
  )
  t.like(await t.throwsAsync(() => two.generate(IDS, { maxNewTokens: 2 })), { code: 'ERR_LORA_OPTION' })
  const unknown = t.throws(() => model.forward(IDS, { adapterNames: ['ann', 'anm', 'bob', 'bob'] }))
  t.regex(unknown!.message, /"anm"[^]*write 'ann'/)
  t.like(
    t.throws(() => model.withAdapters([])),
    { code: 'ERR_LORA_OPTION' },
  )
  t.like(
    t.throws(() => model.base_model.forward(IDS, { adapterNames: NAMES } as object)),
    { code: 'ERR_LORA_OPTION' },
  )
})

test('peft rows: layers of the base alone, a flattened input and one without rows', (t) => {
  class Flat extends lora.nn.Module {
    first = new lora.nn.Linear(4, 4)
    second = new lora.nn.Linear(4, 2)
    override forward(x: lora.Tensor): lora.Tensor {
      return this.second.forward(this.first.forward(x).reshape([-1, 4]))
    }
  }
  const model = adapted(new Flat(), {
    ann: { r: 2, targetModules: ['first', 'second'] },
    bob: { r: 2, targetModules: ['first'] },
  })
  const error = t.throws(() => model.withAdapters(['ann', 'bob']).forward(lora.ones([2, 3, 4])))
  t.like(error, { code: 'ERR_LORA_SHAPE' })
  t.regex(error!.message, /which tokens belong to which row/)
  t.notThrows(() => model.withAdapters(['bob', '__base__']).forward(lora.ones([2, 3, 4])))
})

test('peft: a view whose adapter was deleted is an error that names it', async (t) => {
  const model = adapted(llama(), KINDS['other ranks and targets']!)
  const [one, rows] = [model.withAdapter('bob'), model.withAdapters(['ann', 'bob', 'ann', 'ann'])]
  const output = lora.noGrad(() => one.forward(IDS, { labels: IDS }))
  model.deleteAdapter('bob')
  for (const use of [() => one.forward(IDS), () => rows.forward(IDS)]) {
    const error = t.throws(use)
    t.like(error, { code: 'ERR_LORA_KEY' })
    t.regex(error!.message, /"bob"/)
  }
  t.regex((await t.throwsAsync(() => one.generate(IDS)))!.message, /"bob"/)
  t.truthy(output.loss)
  model.deleteAdapter('ann')
  t.throws(() => rows.forward(IDS))
})
