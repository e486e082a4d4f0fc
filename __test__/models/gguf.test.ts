// Models in GGUF files: every family written and read again, configurations, blocks, and what is refused.
import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { caught } from '../support/errors.js'
import { removeFolder } from '../support/files.js'

const { models } = lora

const SIZES = {
  vocab_size: 40,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 64,
  initializer_range: 0.4,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: null,
}
const GPT2 = { vocab_size: 40, n_embd: 64, n_layer: 2, n_head: 4, n_positions: 32 }
const FACTORS = Array.from({ length: 8 }, (_, i) => 1 + i / 4)
const LLAMA3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 16,
}
const GEMMA = { query_pre_attn_scalar: 16, sliding_window: 4 }

const CONFIGS: Record<string, Record<string, unknown>> = {
  llama: { model_type: 'llama', ...SIZES, rope_theta: 5e5 },
  'llama, tied, llama3 frequencies': { model_type: 'llama', ...SIZES, tie_word_embeddings: true, rope_scaling: LLAMA3 },
  'llama, biases': { model_type: 'llama', ...SIZES, attention_bias: true, mlp_bias: true },
  'llama, linear': { model_type: 'llama', ...SIZES, rope_scaling: { rope_type: 'linear', factor: 2 } },
  'llama, yarn': {
    model_type: 'llama',
    ...SIZES,
    rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16 },
  },
  mistral: { model_type: 'mistral', ...SIZES, sliding_window: 5 },
  qwen2: { model_type: 'qwen2', ...SIZES },
  qwen3: { model_type: 'qwen3', ...SIZES, head_dim: 32, tie_word_embeddings: true },
  phi3: { model_type: 'phi3', ...SIZES, sliding_window: 6 },
  'phi3, longrope': {
    model_type: 'phi3',
    ...SIZES,
    partial_rotary_factor: 0.5,
    original_max_position_embeddings: 32,
    rope_scaling: { type: 'longrope', short_factor: FACTORS.slice(0, 4), long_factor: FACTORS.slice(4) },
  },
  gemma2: { model_type: 'gemma2', ...SIZES, ...GEMMA },
  gemma3: {
    model_type: 'gemma3_text',
    ...SIZES,
    ...GEMMA,
    num_hidden_layers: 7,
    rope_scaling: { rope_type: 'linear', factor: 8 },
  },
  gpt2: { model_type: 'gpt2', ...GPT2 },
}
const IDS = [[3, 14, 15, 9, 26, 5, 35, 8, 9, 7, 9, 3]]

const logitsOf = async (model: lora.models.CausalLM) =>
  (await lora.noGrad(() => model.forward(IDS)).logits.data()) as Float32Array

/** Norms and biases that are not the ones a fresh model has. */
function stirred(config: object): lora.models.CausalLM {
  lora.manualSeed(5)
  const model = models.AutoModelForCausalLM.fromConfig(config as Record<string, unknown>).eval()
  lora.noGrad(() => {
    for (const [name, tensor] of Object.entries(model.stateDict()))
      if (/norm|ln_|bias/.test(name)) tensor.add_(lora.randn([...tensor.shape]).mul(0.2))
  })
  return model
}

async function inFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'loralib-gguf-'))
  try {
    await run(dir)
  } finally {
    await removeFolder(dir)
  }
}

async function throwsError(t: ExecutionContext, run: () => unknown, code: lora.ErrorCode): Promise<lora.LoraError> {
  const { error } = await caught(run)
  if (!(error instanceof lora.LoraError)) throw new Error(`no error of loralib: ${String(error)}`)
  t.is(error.code, code, error.message)
  return error
}

const worst = (a: Float32Array, b: Float32Array) => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)

for (const [name, config] of Object.entries(CONFIGS)) {
  test(`saveGguf, ${name}: read again, it is the same model`, async (t) => {
    await inFolder(async (dir) => {
      const model = stirred(config)
      const path = join(dir, 'model.gguf')
      const { types, fallbacks } = await models.saveGguf(model, path)
      t.deepEqual(fallbacks, {})
      t.true(Object.values(types).every((type) => type === 'f32'))
      const again = await models.AutoModelForCausalLM.fromPretrained(path)
      t.is(again.config['model_type'], config['model_type'])
      // Only 1 + weight of norms may be rounded.
      t.true(
        worst(await logitsOf(again), await logitsOf(model)) <= (/gemma|yarn|llama3|longrope/.test(name) ? 2e-4 : 0),
      )
      t.false(again.training)
    })
  })
}

test('saveGguf with blocks: fallbacks are named, the numbers are those of Module.to', async (t) => {
  await inFolder(async (dir) => {
    const model = stirred(CONFIGS['llama']!)
    const path = join(dir, 'model.gguf')
    const { types, fallbacks } = await models.saveGguf(model, path, { dtype: 'q4_k' })
    t.is(types['blk.0.ffn_up.weight'], 'q5_0')
    t.is(types['blk.0.attn_norm.weight'], 'f32')
    t.is(fallbacks['token_embd.weight'], 'q5_0')
    t.false('blk.0.attn_norm.weight' in fallbacks)
    const read = await models.AutoModelForCausalLM.fromPretrained(path)
    const dict = read.stateDict()
    const rounded = model.stateDict()['model.layers.1.self_attn.q_proj.weight']!.detach().to('q5_0')
    t.is(dict['model.layers.1.self_attn.q_proj.weight']!.dtype, 'q5_0')
    t.true(await dict['model.layers.1.self_attn.q_proj.weight']!.to('f32').equal(rounded.to('f32')))
    // Written again, blocks are moved as they are.
    const twice = join(dir, 'twice.gguf')
    await models.saveGguf(read, twice)
    const [a, b] = [await lora.load(path), await lora.load(twice)]
    for (const name of Object.keys(a)) t.deepEqual(await a[name]!.data(), await b[name]!.data(), name)
    const { metadata } = await lora.loadGgufHeader(path)
    t.is(metadata['general.file_type']?.value, 15)
    t.is(metadata['general.quantization_version']?.value, 2)
  })
})

test('GPT-2 in blocks: its matrices are widened, with a warning', async (t) => {
  await inFolder(async (dir) => {
    const path = join(dir, 'model.gguf')
    const model = stirred(CONFIGS['gpt2']!)
    await models.saveGguf(model, path, { dtype: 'q8_0' })
    const warnings: string[] = []
    const note = (warning: Error & { code?: string }) => warnings.push(String(warning.code))
    process.on('warning', note)
    const read = await models.AutoModelForCausalLM.fromPretrained(path)
    await new Promise((done) => setImmediate(done))
    process.off('warning', note)
    t.deepEqual(warnings, ['LORA_GGUF_WIDENED'])
    const blocks = lora.noGrad(() =>
      model.stateDict()['transformer.h.0.attn.c_attn.weight']!.transpose(0, 1).contiguous().to('q8_0'),
    )
    const weight = read.stateDict()['transformer.h.0.attn.c_attn.weight']!
    t.is(weight.dtype, 'f32')
    t.true(await weight.equal(blocks.to('f32').transpose(0, 1)))
  })
})

test('fromPretrained: a folder with one GGUF file, ggufFile, and several', async (t) => {
  await inFolder(async (dir) => {
    const model = stirred(CONFIGS['qwen2']!)
    await models.saveGguf(model, join(dir, 'a.gguf'))
    const want = await logitsOf(model)
    t.deepEqual(await logitsOf(await models.AutoModelForCausalLM.fromPretrained(dir)), want)
    await models.saveGguf(model, join(dir, 'b.gguf'), { dtype: 'q8_0' })
    await throwsError(t, () => models.AutoModelForCausalLM.fromPretrained(dir), 'ERR_LORA_FILE')
    const named = await models.AutoModelForCausalLM.fromPretrained(dir, { ggufFile: 'a.gguf' })
    t.deepEqual(await logitsOf(named), want)
    await throwsError(t, () => models.LlamaForCausalLM.fromPretrained(join(dir, 'a.gguf')), 'ERR_LORA_UNSUPPORTED')
    await throwsError(
      t,
      () => models.AutoModelForCausalLM.fromPretrained(join(dir, 'a.gguf'), { ggufFile: 'a.gguf' }),
      'ERR_LORA_OPTION',
    )
  })
})

test('a model is refused: unknown architecture, unknown tensors, adapters, parts', async (t) => {
  await inFolder(async (dir) => {
    const path = join(dir, 'x.gguf')
    const text = (value: string) => ({ type: 'string', value }) as const
    await lora.saveGguf({ w: lora.zeros([2, 2]) }, path, { metadata: { 'general.architecture': text('mamba') } })
    const error = await throwsError(t, () => models.AutoModelForCausalLM.fromPretrained(path), 'ERR_LORA_UNSUPPORTED')
    t.regex(error.received, /mamba/)
    const adapter = { 'general.architecture': text('llama'), 'general.type': text('adapter') }
    await lora.saveGguf({ w: lora.zeros([2, 2]) }, path, { metadata: adapter })
    await throwsError(t, () => models.AutoModelForCausalLM.fromPretrained(path), 'ERR_LORA_UNSUPPORTED')
    const model = stirred(CONFIGS['llama']!)
    await models.saveGguf(model, path)
    const [tensors, { metadata }] = [await lora.load(path), await lora.loadGgufHeader(path)]
    await lora.saveGguf({ ...tensors, 'blk.0.ffn_gate_exps.weight': lora.zeros([2, 2]) }, join(dir, 'y.gguf'), {
      metadata,
    })
    const unknown = await throwsError(
      t,
      () => models.AutoModelForCausalLM.fromPretrained(join(dir, 'y.gguf')),
      'ERR_LORA_KEY',
    )
    t.regex(unknown.received, /ffn_gate_exps/)
    lora.injectLora(model, { targets: ['q_proj'], r: 2 })
    await throwsError(t, () => models.saveGguf(model, path), 'ERR_LORA_OPTION')
    const granite = models.AutoModelForCausalLM.fromConfig({ model_type: 'granite', ...SIZES })
    await throwsError(t, () => models.saveGguf(granite, path), 'ERR_LORA_UNSUPPORTED')
    const gemma = models.AutoModelForCausalLM.fromConfig({ ...CONFIGS['gemma2'], query_pre_attn_scalar: 7 })
    await throwsError(t, () => models.saveGguf(gemma, path), 'ERR_LORA_UNSUPPORTED')
  })
})

test('the tokenizer goes into the file and comes back', async (t) => {
  await inFolder(async (dir) => {
    const tokenizer = lora.tokenizers.Tokenizer.fromFolder('models/base')
    const size = tokenizer.vocabSize + 3
    const model = models.AutoModelForCausalLM.fromConfig({ model_type: 'gpt2', ...GPT2, vocab_size: size })
    const path = join(dir, 'model.gguf')
    await models.saveGguf(model, path, { tokenizer })
    const again = await lora.tokenizers.Tokenizer.fromPretrained(path)
    const texts = ['In the beginning', ' 12 345  pub\n\n\tThe Eagle!', 'äöü ½ 漢字 🙂', '<|endoftext|> x', '']
    for (const text of texts) {
      t.deepEqual(again.encode(text), tokenizer.encode(text), text)
      t.is(again.decode(again.encode(text)), tokenizer.decode(tokenizer.encode(text)))
    }
    await writeFile(join(dir, 'not.gguf'), 'text')
    await throwsError(t, () => lora.tokenizers.Tokenizer.fromPretrained(join(dir, 'not.gguf')), 'ERR_LORA_FORMAT')
  })
})

test('a SentencePiece tokenizer in the metadata: merges follow the scores, unknown characters become bytes', async (t) => {
  await inFolder(async (dir) => {
    const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`)
    const pieces = ['▁', 'a', 'b', 'c', 'ab', '▁a', 'bc', '▁ab', 'abc']
    const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces]
    const types = [2, 3, 3, ...bytes.map(() => 6), ...pieces.map(() => 1)]
    // ▁a is better than ab, and ab better than bc.
    const score: Record<string, number> = { '▁a': -1, ab: -2, bc: -3, '▁ab': -4, abc: -5 }
    const id = (token: string) => tokens.indexOf(token)
    const metadata = {
      'general.architecture': { type: 'string', value: 'llama' },
      'tokenizer.ggml.model': { type: 'string', value: 'llama' },
      'tokenizer.ggml.tokens': { type: 'string[]', value: tokens },
      'tokenizer.ggml.scores': { type: 'f32[]', value: tokens.map((token) => score[token] ?? 0) },
      'tokenizer.ggml.token_type': { type: 'i32[]', value: types },
      'tokenizer.ggml.bos_token_id': { type: 'u32', value: 1 },
      'tokenizer.ggml.eos_token_id': { type: 'u32', value: 2 },
      'tokenizer.ggml.unknown_token_id': { type: 'u32', value: 0 },
    } as const
    const path = join(dir, 'tokenizer.gguf')
    await lora.saveGguf({ x: lora.zeros([1]) }, path, { metadata })
    const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(dir)
    t.deepEqual(tokenizer.specialTokensMap, { bosToken: '<s>', eosToken: '</s>', unkToken: '<unk>' })
    const cases: [string, string[]][] = [
      ['ab', ['▁ab']],
      ['abc', ['▁a', 'bc']],
      ['cab', ['▁', 'c', 'ab']],
      ['é', ['▁', '<0xC3>', '<0xA9>']],
    ]
    const again = join(dir, 'again.gguf')
    await lora.saveGguf({ x: lora.zeros([1]) }, again, {
      metadata: { ...metadata, ...tokenizer.ggufFields(tokens.length) },
    })
    const twice = await lora.tokenizers.Tokenizer.fromPretrained(again)
    for (const [text, want] of cases) {
      t.deepEqual(tokenizer.encode(text), [1, ...want.map(id)], text)
      t.is(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true }), text)
      t.deepEqual(twice.encode(text), tokenizer.encode(text), text)
    }
    const unknown = { ...metadata, 'tokenizer.ggml.model': { type: 'string', value: 'rwkv' } } as const
    await lora.saveGguf({ x: lora.zeros([1]) }, path, { metadata: unknown })
    await throwsError(t, () => lora.tokenizers.Tokenizer.fromPretrained(path), 'ERR_LORA_UNSUPPORTED')
  })
})

test('a writer that fails or is ended leaves nothing behind', async (t) => {
  await inFolder(async (dir) => {
    const path = join(dir, 'x.gguf')
    const tensors = [
      { name: 'a', dtype: 'q8_0', shape: [4, 32] },
      { name: 'none', dtype: 'f32', shape: [0, 4] },
      { name: 'b', dtype: 'f16', shape: [] },
    ] as const
    const rows = lora.randn([4, 32])
    const writer = new lora.GgufWriter(path, { tensors })
    await throwsError(t, () => writer.write('b', rows), 'ERR_LORA_OPTION')
    await throwsError(t, () => writer.write('a', lora.randn([4, 31])), 'ERR_LORA_SHAPE')
    await writer.write('a', rows.narrow(0, 0, 3))
    await throwsError(t, () => writer.write('a', rows.narrow(0, 0, 2)), 'ERR_LORA_SHAPE')
    await writer.write('a', rows.narrow(0, 3, 1))
    await throwsError(t, () => writer.finish(), 'ERR_LORA_OPTION')
    t.deepEqual(await readdir(dir), [])
    const second = new lora.GgufWriter(path, { tensors })
    await second.write('a', rows)
    await second.write('b', lora.tensor(2))
    await second.finish()
    await throwsError(t, () => second.finish(), 'ERR_LORA_OPTION')
    t.deepEqual(await readdir(dir), ['x.gguf'])
    const read = await lora.load(path)
    t.deepEqual(
      Object.values(read).map(({ dtype, shape }) => [dtype, shape]),
      [
        ['q8_0', [4, 32]],
        ['f32', [0, 4]],
        ['f16', []],
      ],
    )
    t.true(await read['a']!.to('f32').equal(rows.to('q8_0').to('f32')))
    const third = new lora.GgufWriter(join(dir, 'no', 'x.gguf'), { tensors })
    await throwsError(
      t,
      async () => {
        await third.write('a', rows)
        await third.write('b', lora.tensor(2))
        await third.finish()
      },
      'ERR_LORA_FILE',
    )
  })
})
