import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { close, same } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { models, peft } = lora

const IDS = [
  [1, 5, 2, 9, 4],
  [3, 3, 7, 0, 8],
]
const LLAMA = {
  ...{ model_type: 'llama', vocab_size: 17, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 3 },
  ...{ num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 24, tie_word_embeddings: false },
}
const GPT2 = { model_type: 'gpt2', vocab_size: 17, n_positions: 24, n_embd: 8, n_layer: 2, n_head: 2, eos_token_id: 16 }

const base = (config: Record<string, unknown> = LLAMA) =>
  models.AutoModelForCausalLM.fromConfig(config, { generator: new lora.Generator(3) }).eval()

/** An adapter with numbers in both factors. */
function adapted(config: lora.peft.LoraConfig, given: Record<string, unknown> = LLAMA) {
  const model = peft.getPeftModel(base(given), config)
  const generator = new lora.Generator(5)
  lora.noGrad(() => {
    for (const tensor of model.trainableParameters())
      tensor.copy_(
        lora
          .randn([...tensor.shape], { generator })
          .mul(0.3)
          .add(0.2),
      )
  })
  model.eval()
  return model
}

const logits = (model: lora.nn.Module) => lora.noGrad(() => (model.forward(IDS) as { logits: lora.Tensor }).logits)

const read = (path: string, given: Record<string, unknown> = LLAMA, options: lora.peft.LoadAdapterOptions = {}) =>
  peft.PeftModel.fromPretrained(base(given), path, options)

async function inFolder(t: ExecutionContext, run: (at: (name: string) => string) => Promise<void>) {
  const dir = await mkdtemp(join(tmpdir(), 'loralib-formats-'))
  t.teardown(() => removeFolder(dir))
  await run((name) => join(dir, name))
}

test('convert: an adapter of PEFT through mlx-lm and loralib and back, bit for bit', (t) =>
  inFolder(t, async (at) => {
    for (const [name, config, given] of [
      ['plain', { r: 2, loraAlpha: 4, targetModules: ['q_proj', 'down_proj'], loraDropout: 0.1 }, LLAMA],
      ['some blocks', { r: 2, targetModules: ['v_proj'], layersToTransform: [0, 2] }, LLAMA],
      ['gpt2', { r: 2, loraAlpha: 16, targetModules: ['c_attn', 'mlp.c_proj'] }, GPT2],
    ] as const) {
      const model = adapted(config, given)
      const want = logits(model)
      await model.savePretrained(at(name))
      for (const to of ['mlx', 'loralib'] as const) {
        const path = at(`${name}.${to}.safetensors`)
        const { from, count, losses } = await lora.convert(at(name), path, { to })
        t.is(from, 'peft')
        t.is(count, Object.keys(await lora.load(join(at(name), 'adapter_model.safetensors'))).length / 2)
        t.deepEqual(losses, [])
        await same(t, logits(await read(path, given)), want)
        t.deepEqual((await lora.convert(path, at(`${name} from ${to}`), { to: 'peft' })).losses, [])
        const again = await read(at(`${name} from ${to}`), given)
        await same(t, logits(again), want)
        t.is(again.peftConfig.get('default')!.loraDropout, 'loraDropout' in config ? 0.1 : 0)
      }
    }
  }))

test('convert to mlx: DoRA; ranks and scalings of single layers go into the factors, and rounding is measured', (t) =>
  inFolder(t, async (at) => {
    const dora = adapted({ r: 2, loraAlpha: 4, targetModules: ['q_proj'], useDora: true })
    await dora.savePretrained(at('dora'))
    await lora.convert(at('dora'), at('dora-mlx'), { to: 'mlx' })
    await same(t, logits(await read(at('dora-mlx'))), logits(dora))

    const targetModules = ['q_proj', 'v_proj']
    const doubled = adapted({ r: 2, loraAlpha: 4, targetModules, alphaPattern: { v_proj: 8 } })
    await doubled.savePretrained(at('doubled'))
    const exact = await lora.convert(at('doubled'), at('doubled-mlx'), { to: 'mlx' })
    t.deepEqual(exact.losses, []) // a power of two
    await close(t, logits(await read(at('doubled-mlx'))), logits(doubled))

    const mixed = adapted({ r: 2, loraAlpha: 3, targetModules, useRslora: true, rankPattern: { v_proj: 5 } })
    await mixed.savePretrained(at('mixed'))
    const { losses } = await lora.convert(at('mixed'), at('mixed-mlx'), { to: 'mlx' })
    t.is(losses.length, 1)
    t.regex(losses[0]!.what, /lora_b/)
    t.is(losses[0]!.layers.length, 3)
    t.true(losses[0]!.maxRelativeError > 0 && losses[0]!.maxRelativeError < 2 ** -23)
    const { lora_parameters: settings } = JSON.parse(
      await readFile(join(at('mixed-mlx'), 'adapter_config.json'), 'utf8'),
    )
    t.is(settings.rank, 5)
    await close(t, logits(await read(at('mixed-mlx'))), logits(mixed))
  }))

test('PeftModel.fromPretrained: fused layers of loralib, with the note of the file and with the options of its training', (t) =>
  inFolder(t, async (at) => {
    const options = { targets: ['c_attn'], r: 2, loraAlpha: 6 }
    for (const enableLora of [
      [true, false, true],
      [false, true, false],
    ]) {
      const model = base(GPT2)
      lora.injectLora(model, { ...options, enableLora })
      lora.markOnlyLoraAsTrainable(model)
      const generator = new lora.Generator(7)
      lora.noGrad(() => {
        for (const tensor of model.parameters())
          if (tensor.requiresGrad) tensor.copy_(lora.randn([...tensor.shape], { generator }))
      })
      const dict = lora.loraStateDict(model)
      await lora.save(dict, at('noted.safetensors'))
      await lora.save({ ...dict }, at('bare.safetensors'))
      const want = logits(model)
      const facts = { loralib: { loraAlpha: 6, enableLora } }
      const noted = await read(at('noted.safetensors'), GPT2)
      await close(t, logits(noted), want)
      await same(t, logits(await read(at('bare.safetensors'), GPT2, facts)), logits(noted))
      await lora.convert(at('bare.safetensors'), at('fused'), { to: 'peft', ...facts })
      await same(t, logits(await read(at('fused'), GPT2)), logits(noted))
      await t.throwsAsync(read(at('bare.safetensors'), GPT2), { code: 'ERR_LORA_OPTION', message: /loraAlpha/ })
      const wrong = { loralib: { loraAlpha: 6, enableLora: [true, true, true] } }
      await t.throwsAsync(read(at('bare.safetensors'), GPT2, wrong), { code: 'ERR_LORA_FORMAT', message: /c_attn/ })
    }
  }))

test('convert to loralib: lora.loadAdapter builds the layers from the file, embeddings and biases too', (t) =>
  inFolder(t, async (at) => {
    const model = adapted({ r: 2, loraAlpha: 3, targetModules: ['c_fc', 'wte'], rankPattern: { wte: 4 }, bias: 'lora_only' }, GPT2) // prettier-ignore
    await model.savePretrained(at('peft'))
    await lora.convert(at('peft'), at('factors.safetensors'), { to: 'loralib' })
    const plain = base(GPT2)
    await lora.loadAdapter(plain, at('factors.safetensors'))
    await close(t, logits(plain), logits(model))
    await close(t, logits(await read(at('factors.safetensors'), GPT2)), logits(model))
  }))

test('convert: what a form has no place for is an error, and nothing is written', (t) =>
  inFolder(t, async (at) => {
    const cases = [
      [{ useDora: true }, 'loralib', /DoRA/],
      [{ loraBias: true }, 'loralib', /q_proj/],
      [{ loraBias: true }, 'mlx', /a bias of lora_B/],
      [{ modulesToSave: ['lm_head'] }, 'mlx', /lm_head/],
      [{ modulesToSave: ['lm_head'] }, 'loralib', /lm_head/],
      [{ targetModules: ['embed_tokens'] }, 'mlx', /an adapted embedding/],
    ] as const
    for (const [i, [config, to, message]] of cases.entries()) {
      await adapted({ r: 2, targetModules: ['q_proj'], ...config }).savePretrained(at(`from${i}`))
      const path = at(`to${i}.safetensors`)
      await t.throwsAsync(lora.convert(at(`from${i}`), path, { to }), { code: 'ERR_LORA_UNSUPPORTED', message })
      await t.throwsAsync(readFile(path), { code: 'ENOENT' })
    }
    const option = { code: 'ERR_LORA_OPTION' }
    await lora.convert(at('from1'), at('other'), { to: 'peft' })
    await t.throwsAsync(lora.convert(at('from1'), at('other'), { to: 'mlx' }), {
      ...option,
      message: /holds something else/,
    })
    await t.throwsAsync(lora.convert(at('from1'), at('other'), { to: 'loralib' }), { ...option, message: /a folder/ })
    await t.throwsAsync(lora.convert(at('other'), at('other'), { to: 'peft' }), { ...option, message: /another path/ })
    const facts = { loralib: { loraAlpha: 2 } }
    await t.throwsAsync(lora.convert(at('other'), at('more'), { to: 'peft', ...facts }), {
      ...option,
      message: /left out/,
    })
    await t.throwsAsync(lora.convert(at('other'), at('more'), { to: 'peft', maxShardSize: '1MB' }), option)
  }))

test('mlx-lm: configurations and tensors that are not those of an adapter', (t) =>
  inFolder(t, async (at) => {
    await adapted({ r: 2, targetModules: ['q_proj'] }).savePretrained(at('peft'))
    await lora.convert(at('peft'), at('mlx'), { to: 'mlx' })
    const path = join(at('mlx'), 'adapter_config.json')
    const good = JSON.parse(await readFile(path, 'utf8'))
    const { scale: _, ...noScale } = good.lora_parameters
    for (const [config, code, message] of [
      [{ ...good, fine_tune_type: 'full' }, 'ERR_LORA_UNSUPPORTED', /no adapter of low rank/],
      [{ ...good, lora_parameters: { ...noScale, alpha: 3 } }, 'ERR_LORA_FORMAT', /scale/],
      [{ ...good, lora_parameters: null }, 'ERR_LORA_FORMAT', /lora_parameters/],
      [{ ...good, lora_parameters: { ...good.lora_parameters, rank: 3 } }, 'ERR_LORA_FORMAT', /lora_a \(in, 3\)/],
      [{ ...good, fine_tune_type: 'dora' }, 'ERR_LORA_FORMAT', /m \(out\)/],
    ] as const) {
      await writeFile(path, JSON.stringify(config))
      await t.throwsAsync(read(at('mlx')), { code, message })
    }
    await writeFile(path, JSON.stringify(good))
    const file = join(at('mlx'), 'adapters.safetensors')
    const tensors = await lora.load(file)
    const a = tensors['model.layers.0.self_attn.q_proj.lora_a']!
    for (const [more, code, message] of [
      [{ 'model.embed_tokens.lora_a': lora.ones([17, 2]), 'model.embed_tokens.lora_b': lora.ones([2, 8]) }, 'ERR_LORA_UNSUPPORTED', /embed_tokens/], // prettier-ignore
      [{ 'model.norm.weight': lora.ones([8]) }, 'ERR_LORA_FORMAT', /model\.norm\.weight/],
      [{ 'model.layers.0.self_attn.q_proj.lora_a': a.unsqueeze(0) }, 'ERR_LORA_FORMAT', /lora_a/],
      [{ 'model.layers.7.self_attn.q_proj.lora_a': a, 'model.layers.7.self_attn.q_proj.lora_b': lora.ones([2, 8]) }, 'ERR_LORA_KEY', /layers\.7/], // prettier-ignore
    ] as const) {
      await lora.save({ ...tensors, ...more }, file)
      await t.throwsAsync(read(at('mlx')), { code, message })
    }
  }))

test('savePretrained: shards with an index, the tokenizer beside, and nothing left of an earlier save', (t) =>
  inFolder(t, async (at) => {
    const model = adapted({ r: 2, targetModules: ['q_proj'] })
    const want = logits(model)
    const plain = model.mergeAndUnload()
    await plain.savePretrained(at('tokenizer'))
    await writeFile(join(at('tokenizer'), 'tokenizer.json'), '{}')
    await writeFile(join(at('tokenizer'), 'notes.txt'), 'mine')
    const names = async (name: string) => (await readdir(at(name))).sort()
    await plain.savePretrained(at('model'), { maxShardSize: 1500, tokenizerFrom: at('tokenizer') })
    const sharded = await names('model')
    t.true(
      sharded.includes('tokenizer.json') && !sharded.includes('notes.txt') && !sharded.includes('model.safetensors'),
    )
    const index = JSON.parse(await readFile(join(at('model'), 'model.safetensors.index.json'), 'utf8'))
    const shards = [...new Set(Object.values(index.weight_map))] as string[]
    t.true(shards.length > 2 && shards[0] === `model-00001-of-0000${shards.length}.safetensors`)
    t.deepEqual(
      sharded.filter((name) => name.startsWith('model-')),
      shards,
    )
    t.is(index.metadata.total_size, 4 * plain.parameters().reduce((sum, { numel }) => sum + numel, 0))
    const load = async (name: string) =>
      logits(await models.AutoModelForCausalLM.fromPretrained(at(name), { mapped: false }))
    await close(t, await load('model'), want)
    await plain.savePretrained(at('model'), { maxShardSize: '2KB' })
    await close(t, await load('model'), want)
    await plain.savePretrained(at('model'))
    t.deepEqual(await names('model'), ['config.json', 'model.safetensors', 'tokenizer.json'])
    await plain.savePretrained(at('model'), { maxShardSize: 1500 })
    t.deepEqual(await names('model'), sharded)
    await t.throwsAsync(plain.savePretrained(at('model'), { maxShardSize: '5 apples' }), { code: 'ERR_LORA_OPTION' })
    await t.throwsAsync(plain.savePretrained(at('model'), { maxShardSize: 0 }), { code: 'ERR_LORA_OPTION' })
    await t.throwsAsync(plain.savePretrained(at('model'), { tokenizerFrom: at('nowhere') }), { code: 'ERR_LORA_FILE' })

    const { from, count, losses } = await lora.convert(at('model'), at('half'), { to: 'safetensors', dtype: 'bf16', maxShardSize: 900 }) // prettier-ignore
    t.deepEqual([from, count, losses.length], ['safetensors', Object.keys(index.weight_map).length, 1])
    t.true(losses[0]!.maxRelativeError > 0 && losses[0]!.maxRelativeError <= 2 ** -8)
    t.true((await names('half')).includes('tokenizer.json'))
    const half = await models.AutoModelForCausalLM.fromPretrained(at('half'), { mapped: false })
    t.is(half.stateDict()['lm_head.weight']!.dtype, 'bf16')
    t.is(half.config['dtype'], 'bfloat16')
    const back = await lora.convert(at('half'), at('wide'), { to: 'safetensors', dtype: 'f32' })
    t.deepEqual(back.losses, [])
    await close(t, await load('wide'), logits(half))
  }))

test('saveMerged: shards of the merged model', (t) =>
  inFolder(t, async (at) => {
    const model = base()
    lora.injectLora(model, { targets: ['q_proj'], r: 2 })
    await lora.saveMerged(model, at('whole.safetensors'))
    await lora.saveMerged(model, at('cut.safetensors'), { maxShardSize: '1KiB' })
    const [whole, cut] = [await lora.load(at('whole.safetensors')), await lora.load(at('cut.safetensors.index.json'))]
    t.deepEqual(Object.keys(cut).sort(), Object.keys(whole).sort())
    for (const [name, tensor] of Object.entries(whole)) await same(t, cut[name]!, tensor)
  }))
