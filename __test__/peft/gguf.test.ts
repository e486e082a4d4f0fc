// Adapters in GGUF files, and whole models to and from them by convert.
import { mkdtemp, readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { close, same } from '../support/close.js'
import { caught } from '../support/errors.js'
import { removeFolder } from '../support/files.js'

const { models, peft } = lora

const SIZES = {
  vocab_size: 40,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 32,
  tie_word_embeddings: false,
}
const FAMILIES: Record<string, Record<string, unknown>> = {
  llama: { model_type: 'llama', ...SIZES },
  mistral: { model_type: 'mistral', ...SIZES, sliding_window: 5 },
  qwen3: { model_type: 'qwen3', ...SIZES },
  phi3: { model_type: 'phi3', ...SIZES, pad_token_id: null },
  gemma2: { model_type: 'gemma2', ...SIZES, query_pre_attn_scalar: 8, tie_word_embeddings: true },
  gpt2: { model_type: 'gpt2', vocab_size: 40, n_embd: 32, n_layer: 2, n_head: 4, n_positions: 32 },
}
const IDS = [
  [1, 5, 2, 9, 4],
  [3, 3, 7, 0, 8],
]

const base = (config: Record<string, unknown> = FAMILIES['llama']!) =>
  models.AutoModelForCausalLM.fromConfig(config, { generator: new lora.Generator(3) }).eval()

/** An adapter with numbers in both factors. */
function adapted(config: lora.peft.LoraConfig, given?: Record<string, unknown>) {
  const model = peft.getPeftModel(base(given), config)
  const generator = new lora.Generator(5)
  lora.noGrad(() => {
    for (const tensor of model.trainableParameters())
      tensor.copy_(lora.randn([...tensor.shape], { generator }).mul(0.3))
  })
  model.eval()
  return model
}

const refused = async (run: () => unknown) => (await caught(run)).error as lora.LoraError
const logits = (model: lora.nn.Module) => lora.noGrad(() => (model.forward(IDS) as { logits: lora.Tensor }).logits)

async function inFolder(t: ExecutionContext, run: (at: (name: string) => string) => Promise<void>) {
  const dir = await mkdtemp(join(tmpdir(), 'loralib-gguf-'))
  t.teardown(() => removeFolder(dir))
  await run((name) => join(dir, name))
}

for (const [name, config] of Object.entries(FAMILIES))
  test(`saveGguf of an adapter: ${name}, read again bit for bit, and by convert to PEFT and back`, (t) =>
    inFolder(t, async (at) => {
      const model = adapted({ r: 2, loraAlpha: 6, targetModules: 'all-linear' }, config)
      t.deepEqual(await model.saveGguf(at('a.gguf')), [])
      await same(t, logits(await peft.PeftModel.fromPretrained(base(config), at('a.gguf'))), logits(model))

      await base(config).savePretrained(at('base'))
      const there = await lora.convert(at('a.gguf'), at('peft'), { to: 'peft', base: at('base') })
      t.deepEqual([there.from, there.losses], ['gguf', []])
      await same(t, logits(await peft.PeftModel.fromPretrained(base(config), at('peft'))), logits(model))
      const back = await lora.convert(at('peft'), at('b.gguf'), { to: 'gguf', base: at('base') })
      t.deepEqual([back.from, back.count, back.losses], ['peft', there.count, []])
      const [a, b] = [await lora.load(at('a.gguf')), await lora.load(at('b.gguf'))]
      t.deepEqual(Object.keys(b).sort(), Object.keys(a).sort())
      for (const key of Object.keys(a)) await same(t, b[key]!, a[key]!)
    }))

test('saveGguf of an adapter: rows of lora_b of queries and keys are those of the base, in pairs', (t) =>
  inFolder(t, async (at) => {
    const model = adapted({ r: 2, loraAlpha: 2, targetModules: ['q_proj', 'v_proj'] })
    await model.saveGguf(at('a.gguf'))
    const file = await lora.load(at('a.gguf'))
    const { lora_A: a, lora_B: b } = [...model.modules()].find(lora.isLoraLayer)!.adapters.get('default')!
    await same(t, file['blk.0.attn_q.weight.lora_a']!, a)
    const paired = b.detach().reshape([4, 2, 4, 2]).transpose(1, 2).contiguous().reshape([32, 2])
    await same(t, file['blk.0.attn_q.weight.lora_b']!, paired)
    const { metadata } = await lora.loadGgufHeader(at('a.gguf'))
    t.deepEqual(
      ['general.architecture', 'general.type', 'adapter.type', 'adapter.lora.alpha'].map((key) => metadata[key]?.value),
      ['llama', 'adapter', 'lora', 2],
    )
  }))

test('saveGguf of an adapter: one alpha for all layers; other scalings go into lora_b, and rounding is measured', (t) =>
  inFolder(t, async (at) => {
    const config = { r: 2, loraAlpha: 4, targetModules: ['q_proj', 'v_proj', 'o_proj'] }
    const doubled = adapted({ ...config, rankPattern: { v_proj: 4 }, alphaPattern: { v_proj: 4 } })
    t.deepEqual(await doubled.saveGguf(at('doubled.gguf')), []) // a power of two, and ranks of their own
    await close(t, logits(await peft.PeftModel.fromPretrained(base(), at('doubled.gguf'))), logits(doubled))

    const mixed = adapted({ ...config, useRslora: true, rankPattern: { v_proj: 5 } })
    const losses = await mixed.saveGguf(at('mixed.gguf'))
    t.is(losses.length, 1)
    t.regex(losses[0]!.what, /lora_b/)
    t.true(losses[0]!.maxRelativeError > 0 && losses[0]!.maxRelativeError < 2 ** -22)
    await close(t, logits(await peft.PeftModel.fromPretrained(base(), at('mixed.gguf'))), logits(mixed))

    const half = await mixed.saveGguf(at('half.gguf'), { dtype: 'f16' })
    t.regex(half[0]!.what, /rounded to f16/)
    t.is((await lora.load(at('half.gguf')))['blk.0.attn_q.weight.lora_a']!.dtype, 'f16')
  }))

test('saveGguf of an adapter: an alpha of 0 stays no update; without alpha a file scales nothing', (t) =>
  inFolder(t, async (at) => {
    const off = adapted({ r: 2, loraAlpha: 0, targetModules: ['v_proj'] })
    await off.saveGguf(at('off.gguf'))
    await same(t, logits(await peft.PeftModel.fromPretrained(base(), at('off.gguf'))), logits(base()))

    const model = adapted({ r: 2, loraAlpha: 2, targetModules: ['v_proj'] })
    await model.saveGguf(at('a.gguf'))
    const { metadata } = await lora.loadGgufHeader(at('a.gguf'))
    const { 'adapter.lora.alpha': _, ...rest } = metadata
    await lora.saveGguf(await lora.load(at('a.gguf')), at('none.gguf'), { metadata: rest })
    await same(t, logits(await peft.PeftModel.fromPretrained(base(), at('none.gguf'))), logits(model))
  }))

test('adapters in GGUF files: embeddings, whose lora_a has a row for each token; adapters in blocks', (t) =>
  inFolder(t, async (at) => {
    const model = adapted({ r: 2, loraAlpha: 4, targetModules: ['embed_tokens', 'lm_head', 'down_proj'] })
    t.deepEqual(await model.saveGguf(at('a.gguf')), [])
    const file = await lora.load(at('a.gguf'))
    t.deepEqual([...file['token_embd.weight.lora_a']!.shape], [40, 2])
    t.deepEqual([...file['token_embd.weight.lora_b']!.shape], [32, 2])
    await same(t, logits(await peft.PeftModel.fromPretrained(base(), at('a.gguf'))), logits(model))

    const wide = adapted({ r: 32, loraAlpha: 4, targetModules: ['k_proj'] })
    await wide.saveGguf(at('wide.gguf'))
    const { metadata } = await lora.loadGgufHeader(at('wide.gguf'))
    await lora.saveGguf(await lora.load(at('wide.gguf')), at('blocks.gguf'), { metadata, dtype: 'q8_0' })
    const [got, want] = [logits(await peft.PeftModel.fromPretrained(base(), at('blocks.gguf'))), logits(wide)]
    const far = Number(await got.sub(want).abs().max().item())
    t.true(far > 0 && far < 0.02 * Number(await want.abs().max().item()), `${far}`)
  }))

test('adapters in GGUF files: what the format has no place for is refused, and nothing is written', (t) =>
  inFolder(t, async (at) => {
    const cases: [lora.peft.LoraConfig, RegExp, Record<string, unknown>?][] = [
      [{ r: 2, targetModules: ['q_proj'], useDora: true }, /q_proj with DoRA/],
      [{ r: 2, targetModules: ['q_proj'], loraBias: true }, /a bias of lora_B/],
      [{ r: 2, targetModules: ['q_proj'], modulesToSave: ['lm_head'] }, /trained as a whole: lm_head/],
      [{ r: 2, targetModules: ['wpe'] }, /wpe, where gpt2 has no matrix/, FAMILIES['gpt2']!],
      [{ r: 2, targetModules: ['embed_tokens'] }, /embedding and head at once/, FAMILIES['gemma2']!],
    ]
    for (const [config, received, given] of cases) {
      const error = await refused(() => adapted(config, given).saveGguf(at('a.gguf')))
      t.is(error.code, 'ERR_LORA_UNSUPPORTED')
      t.regex(String(error.received), received)
    }
    const bert = models.BertModel.fromConfig({ hidden_size: 8, num_attention_heads: 2, intermediate_size: 8, vocab_size: 9, num_hidden_layers: 1 }) // prettier-ignore
    const encoder = peft.getPeftModel(bert, { r: 2, targetModules: ['query'] })
    t.is((await refused(() => encoder.saveGguf(at('a.gguf')))).code, 'ERR_LORA_UNSUPPORTED')
    t.is((await refused(() => adapted({ r: 2, targetModules: ['q_proj'] }).saveGguf(at('a.gguf'), { adapterName: 'ann' }))).code, 'ERR_LORA_KEY') // prettier-ignore
    t.deepEqual(await readdir(at('.')), [])
  }))

test('adapters in GGUF files: what is read must be an adapter of this base', (t) =>
  inFolder(t, async (at) => {
    await adapted({ r: 2, targetModules: ['q_proj'] }).saveGguf(at('a.gguf'))
    const read = (path: string, model = base()) => refused(() => peft.PeftModel.fromPretrained(model, path))
    const other = await read(at('a.gguf'), base(FAMILIES['qwen3']))
    t.is(other.code, 'ERR_LORA_UNSUPPORTED')
    t.regex(String(other.expected), /a base of llama or mistral/)

    const unknown = await refused(() => lora.convert(at('a.gguf'), at('peft'), { to: 'peft' }))
    t.is(unknown.code, 'ERR_LORA_OPTION')
    t.regex(unknown.message, /does not say how many heads the base has/)

    const { metadata } = await lora.loadGgufHeader(at('a.gguf'))
    const write = (changes: Record<string, lora.GgufField>, tensors?: Record<string, lora.Tensor>) =>
      lora.load(at('a.gguf')).then((own) => lora.saveGguf(tensors ?? own, at('b.gguf'), { metadata: { ...metadata, ...changes } })) // prettier-ignore
    for (const [changes, part] of [
      [{ 'general.type': { type: 'string', value: 'model' } }, /general.type 'model'/],
      [{ 'adapter.type': { type: 'string', value: 'control_vector' } }, /control_vector/],
      [{ 'general.architecture': { type: 'string', value: 'mamba' } }, /mamba/],
      [{ 'adapter.alora.invocation_tokens': { type: 'u32[]', value: [1] } }, /alora/],
    ] as const) {
      await write(changes)
      const error = await read(at('b.gguf'))
      t.is(error.code, 'ERR_LORA_UNSUPPORTED')
      t.regex(String(error.received), part)
    }
    await write({}, { 'output_norm.weight': lora.ones([32]) })
    t.regex(String((await read(at('b.gguf'))).received), /output_norm.weight/)
    await write({}, { 'blk.0.attn_v.weight.lora_a': lora.ones([2, 32]) })
    t.regex(String((await read(at('b.gguf'))).received), /lora_B none/)
    await write({}, { 'blk.0.attn_q.weight.lora_a': lora.ones([2, 32]), 'blk.0.attn_q.weight.lora_b': lora.ones([30, 2]) }) // prettier-ignore
    t.is((await read(at('b.gguf'))).code, 'ERR_LORA_SHAPE')
    await write({}, { 'blk.0.attn_v.weight.lora_a': lora.ones([2, 30]), 'blk.0.attn_v.weight.lora_b': lora.ones([16, 2]) }) // prettier-ignore
    t.regex((await read(at('b.gguf'))).code, /^ERR_LORA_(SHAPE|KEY)$/)
  }))

test('convert: a model to GGUF with its tokenizer and what the type costs, and back to a folder', (t) =>
  inFolder(t, async (at) => {
    const config = { ...FAMILIES['gpt2']!, vocab_size: 261 }
    const model = base(config)
    await model.savePretrained(at('base'))
    const tokenizer = await lora.tokenizers.Tokenizer.train(['some text of some kind'], { vocabSize: 260 })
    await tokenizer.saveFolder(at('base'))

    const exact = await lora.convert(at('base'), at('f32.gguf'), { to: 'gguf' })
    t.deepEqual([exact.from, exact.to, exact.losses], ['safetensors', 'gguf', []])
    const back = await lora.convert(at('f32.gguf'), at('again'), { to: 'safetensors' })
    t.deepEqual([back.from, back.losses], ['gguf', []])
    await same(t, logits(await models.AutoModelForCausalLM.fromPretrained(at('again'))), logits(model))
    const again = await lora.tokenizers.Tokenizer.fromPretrained(at('again'))
    t.deepEqual(again.encode('some text'), tokenizer.encode('some text'))

    const { losses } = await lora.convert(at('base'), at('q8.gguf'), { to: 'gguf', dtype: 'q8_0' })
    t.is(losses[0]!.what, 'rounded to q8_0')
    t.true(losses[0]!.maxRelativeError > 1e-3 && losses[0]!.maxRelativeError < 1e-2)
    t.true((await stat(at('q8.gguf'))).size < (await stat(at('f32.gguf'))).size / 2)
    const wide = await lora.convert(at('q8.gguf'), at('wide'), { to: 'safetensors' })
    t.deepEqual(wide.losses, [])
    const [a, b] = [at('q8.gguf'), at('wide')].map((path) => models.AutoModelForCausalLM.fromPretrained(path))
    await same(t, logits(await b!), logits(await a!))
  }))

test('convert: options that do not belong together are refused', (t) =>
  inFolder(t, async (at) => {
    await base().savePretrained(at('base'))
    await adapted({ r: 2, targetModules: ['v_proj'] }).savePretrained(at('adapter'))
    for (const [input, options, part] of [
      ['adapter', { to: 'gguf' }, /base of .* is not known/],
      ['adapter', { to: 'mlx', base: at('base') }, /base/],
      ['adapter', { to: 'gguf', base: at('base'), dtype: 'q4_k' }, /dtype/],
      ['base', { to: 'safetensors', base: at('base') }, /base/],
      ['base', { to: 'safetensors', dtype: 'q8_0' }, /dtype/],
      ['base', { to: 'gguf', maxShardSize: '1GB' }, /maxShardSize/],
    ] as const) {
      const error = await refused(() => lora.convert(at(input), at('out'), options))
      t.is(error.code, 'ERR_LORA_OPTION', `${input} ${JSON.stringify(options)}`)
      t.regex(error.message, part)
    }
    t.deepEqual((await readdir(at('.'))).sort(), ['adapter', 'base'])
  }))
