// What a configuration means, and what it must not mean in silence.
import { readFile, writeFile } from 'node:fs/promises'
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { warningsOf } from '../support/warnings.js'

const { models, peft } = lora

const base = () =>
  models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 40, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 3, num_attention_heads: 2 },
    ...{ num_key_value_heads: 1, max_position_embeddings: 32, tie_word_embeddings: false },
  })

const paths = (config: lora.peft.LoraConfig) => peft.inspectTargets(base(), config).map(({ path }) => path)
const blocks = (config: lora.peft.LoraConfig) =>
  [...new Set(paths(config).map((path) => Number(/layers\.(\d+)/.exec(path)?.[1])))].join()

test('targets: names and ends of names, a regular expression, all linear layers, the default', (t) => {
  t.is(paths({ targetModules: ['q_proj'] }).length, 3)
  t.deepEqual(paths({ targetModules: ['layers.1.self_attn.q_proj'] }), ['model.layers.1.self_attn.q_proj'])
  t.deepEqual(paths({ targetModules: String.raw`.*layers\.2\..*(q_proj|up_proj)` }), [
    'model.layers.2.self_attn.q_proj',
    'model.layers.2.mlp.up_proj',
  ])
  t.is(paths({ targetModules: 'all-linear' }).length, 21)
  t.false(paths({ targetModules: 'All-Linear' }).includes('lm_head'))
  t.deepEqual([...new Set(paths({}).map((path) => path.split('.').at(-1)))], ['q_proj', 'v_proj'])
  t.is(paths({ targetModules: 'all-linear', excludeModules: ['k_proj', 'gate_proj'] }).length, 15)
  t.is(blocks({ targetModules: ['q_proj'], layersToTransform: 1 }), '1')
  t.is(blocks({ targetModules: ['q_proj'], layersToTransform: [0, 2], layersPattern: 'layers' }), '0,2')
})

test('targets: ranks and alphas by pattern, the first that fits', (t) => {
  const found = peft.inspectTargets(base(), {
    ...{ r: 8, targetModules: ['q_proj', 'down_proj'] },
    rankPattern: { 'layers.1.self_attn.q_proj': 2, q_proj: 4 },
    alphaPattern: { '^model.layers.0.mlp.down_proj$': 1 },
  })
  t.deepEqual(
    found.map(({ r }) => r),
    [4, 8, 2, 8, 4, 8],
  )
  t.deepEqual(
    found.map(({ loraAlpha }) => loraAlpha),
    [8, 1, 8, 8, 8, 8],
  )
  t.is(found[0]!.parameters, 4 * (16 + 16))
})

const WRONG: readonly (readonly [title: string, config: lora.peft.LoraConfig, message: RegExp])[] = [
  ['a name that fits nothing, beside one that does', { targetModules: ['q_proj', 'v_porj'] }, /v_porj[^]*v_proj/],
  ['an exclude that excludes nothing', { targetModules: ['q_proj'], excludeModules: ['o_proj'] }, /o_proj/],
  ['a pattern that fits nothing', { targetModules: 'nothing.*' }, /nothing/],
  ['an expression that is none', { targetModules: '(' }, /regular expression/],
  ['a rank for no target', { targetModules: ['q_proj'], rankPattern: { v_proj: 2 } }, /rankPattern/],
  ['a module that takes no adapters', { targetModules: ['input_layernorm'] }, /RMSNorm/],
  ['modules to save that are not there', { targetModules: ['q_proj'], modulesToSave: ['pooler'] }, /modulesToSave/],
  ['blocks beside an expression', { targetModules: '.*q_proj', layersToTransform: 1 }, /layersToTransform/],
  ['a list of blocks without blocks', { targetModules: ['q_proj'], layersPattern: 'layers' }, /layersPattern/],
  ['DoRA with a bias of B', { targetModules: ['q_proj'], useDora: true, loraBias: true }, /loraBias/],
  ['rows outside of the vocabulary', { targetModules: ['q_proj'], trainableTokenIndices: [40] }, /ids below 40/],
  ['the same row twice', { targetModules: ['q_proj'], trainableTokenIndices: [3, 3] }, /different ids/],
  ['a rank of 0', { targetModules: ['q_proj'], r: 0 }, /\br\b/],
  ['PEFT’s spelling', { targetModules: ['q_proj'], lora_alpha: 4 } as lora.peft.LoraConfig, /loraAlpha/],
  ['an init that is not here', { targetModules: ['q_proj'], initLoraWeights: 'eva' as 'gaussian' }, /initLoraWeights/],
]

for (const [title, config, message] of WRONG) {
  test(`getPeftModel: ${title} is an error, and the model stays as it was`, async (t) => {
    const model = base()
    const before = [...model.namedModules()].map(([path, each]) => `${path} ${each.constructor.name}`)
    const trained = model.parameters().map((tensor) => tensor.requiresGrad)
    const error = t.throws(() => peft.getPeftModel(model, config), { instanceOf: lora.LoraError })
    t.regex(error.message, message)
    t.deepEqual(
      [...model.namedModules()].map(([path, each]) => `${path} ${each.constructor.name}`),
      before,
    )
    t.deepEqual(
      model.parameters().map((tensor) => tensor.requiresGrad),
      trained,
    )
  })
}

/** A folder that PEFT could have written, with changed fields. */
async function folder(t: Parameters<typeof folderWith>[0], fields: Record<string, unknown>): Promise<string> {
  const dir = await folderWith(t)
  await peft.getPeftModel(base(), { r: 2, targetModules: ['q_proj'] }).savePretrained(dir)
  const path = `${dir}/adapter_config.json`
  const config = JSON.parse(await readFile(path, 'utf8')) as object
  await writeFile(path, JSON.stringify({ ...config, ...fields }))
  return dir
}

test('a file of PEFT: what is set and not used here is one warning; unset fields are none', async (t) => {
  const dir = await folder(t, {
    peft_version: '0.99',
    some_new_option: 3,
    another: 'x',
    eva_config: null,
    qalora_group_size: 16,
  })
  const seen = await warningsOf(() => peft.PeftModel.fromPretrained(base(), dir))
  t.is(seen.length, 1)
  t.is(seen[0]!.code, 'LORA_PEFT_FIELDS')
  t.regex(seen[0]!.message, /some_new_option: 3, another: "x"/)
})

test('a file of PEFT: another method or formula is refused by its name', async (t) => {
  for (const [fields, name] of [
    [{ peft_type: 'LOHA' }, /LOHA/],
    [{ use_qalora: true }, /QA-LoRA/],
    [{ alora_invocation_tokens: [1] }, /activated LoRA/],
    [{ layer_replication: [[0, 1]] }, /copied layers/],
  ] as const) {
    const dir = await folder(t, fields)
    await t.throwsAsync(peft.PeftModel.fromPretrained(base(), dir), {
      instanceOf: lora.UnsupportedError,
      message: name,
    })
  }
})

test('a file of PEFT: tensors that do not fit leave the model as it was', async (t) => {
  for (const fields of [{ target_modules: ['q_proj', 'v_proj'] }, { target_modules: ['v_proj'] }, { r: 3 }]) {
    const dir = await folder(t, fields)
    const model = base()
    const ids = [[1, 2, 3]]
    const before = await numbers(lora.noGrad(() => model.forward(ids).logits))
    await t.throwsAsync(peft.PeftModel.fromPretrained(model, dir), { instanceOf: lora.LoraError })
    t.deepEqual(await numbers(lora.noGrad(() => model.forward(ids).logits)), before)
    t.false([...model.modules()].some((each) => lora.isLoraLayer(each)))
  }
})

test('a file of PEFT: a folder without an adapter, and a broken configuration, say what is missing', async (t) => {
  const empty = await folderWith(t)
  await t.throwsAsync(peft.PeftModel.fromPretrained(base(), empty), {
    instanceOf: lora.FileError,
    message: /adapter_config\.json/,
  })
  const broken = await folderWith(t, { 'adapter_config.json': '{' })
  await t.throwsAsync(peft.PeftModel.fromPretrained(base(), broken), { instanceOf: lora.FormatError })
  const list = await folderWith(t, { 'adapter_config.json': '[]' })
  await t.throwsAsync(peft.PeftModel.fromPretrained(base(), list), { instanceOf: lora.FormatError })
})

test('keys with the name of the adapter, as in a state dict in memory, are read', async (t) => {
  const dir = await folder(t, {})
  const path = `${dir}/adapter_model.safetensors`
  const dict = await lora.load(path)
  const named = Object.fromEntries(
    Object.entries(dict).map(([key, tensor]) => [key.replace(/\.(lora_[AB])\./, '.$1.default.'), tensor]),
  )
  await lora.save(named, path)
  await t.notThrowsAsync(peft.PeftModel.fromPretrained(base(), dir))
})
