// Kinds `mlx_adapter`, `gguf_adapter` and `conversion`: adapters in the forms of mlx-lm, llama.cpp and loralib: computed with, written in every other form and read again.
import * as lora from 'loralib'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHost, toleranceOf } from './compare.mjs'
import { loadModel } from './peft.mjs'
import { optionsOf } from './python.mjs'

const { PeftModel } = lora.peft

const MLX_RULE =
  /^lora_a is \(in, r\), lora_b is \(r, out\): y = x W\^T \+ scale \* \(x lora_a\) lora_b; scale is used as it is/
const LAYERS_RULE =
  /^num_layers counts from the end of the model; without keys mlx-lm takes self_attn.q_proj and self_attn.v_proj/

export const adapterFormatKinds = {
  mlx_adapter: {
    run: runMlx,
    settings: ['model_dir', 'adapter_dir'],
    words: {
      'config.model': 'where the folder came from',
      'config.batch_size': 'of its training',
      'config.iters': 'of its training',
      'config.seed': 'of its training',
    },
  },
  gguf_adapter: {
    run: runGguf,
    settings: ['input', 'base_gguf', 'model_dir'],
    words: { compare: 'what `run` compares' },
  },
  conversion: { run: runConversion, settings: ['input', 'model_dir', 'lora'], words: {} },
}

async function runMlx(fixture, check) {
  const { entry } = fixture
  check.rule(['rule'], MLX_RULE, { mutants: ['lora_a is (r, in)'] })
  check.rule(['layers_note'], LAYERS_RULE, { mutants: ['num_layers counts from the beginning'] })
  const input = fixture.path(entry.adapter_dir)
  const model = await checkLoaded(fixture, check, input)
  checkConfig(fixture, check, model)
  await eachForm(async (path, to) => {
    if (to === 'mlx') return // mlx-lm's own form is written from PEFT's
    if (to === 'loralib' && entry.config.fine_tune_type === 'dora') return // it has no DoRA
    await lora.convert(input, path(to), { to })
    await checkLoaded(fixture, check, path(to))
    await lora.convert(path(to), path('mlx'), { to: 'mlx' })
    await checkLoaded(fixture, check, path('mlx'))
  })
}

/** What the folder says is what the adapter has. */
function checkConfig(fixture, check, model) {
  const { entry } = fixture
  const { loraDropout, useDora } = model.peftConfig.get('default')
  const layers = [...model.base_model.namedModules()].filter(([, each]) => lora.isLoraLayer(each))
  const paths = layers.map(([path]) => path)
  check.fact(['config', 'fine_tune_type'], useDora ? 'dora' : 'lora')
  check.fact(['config', 'num_layers'], new Set(paths.map((path) => path.split('.')[2])).size)
  const names = [...new Set(paths.map((path) => path.split('.').slice(3).join('.')))]
  check.fact(['config', 'lora_parameters', 'keys'], names, { ordered: false })
  check.that('config.lora_parameters', entry.config.lora_parameters.keys || names.length === 2, `adapts ${names}`)
  check.fact(['config', 'lora_parameters', 'dropout'], loraDropout)
  for (const [, layer] of layers) {
    const { r, scaling } = layer.adapters.get('default')
    check.fact(['config', 'lora_parameters', 'rank'], r)
    check.fact(['config', 'lora_parameters', 'scale'], scaling)
  }
}

async function runGguf(fixture, check) {
  const { entry } = fixture
  const [input, baseGguf, modelDir] = [entry.input.path, entry.base_gguf, entry.model_dir].map((path) => fixture.path(path)) // prettier-ignore
  const dir = mkdtempSync(join(tmpdir(), 'loralib-gguf-adapter-'))
  try {
    const model = await checkGguf(fixture, check, input, baseGguf)
    await model.saveGguf(join(dir, 'saved.gguf'))
    await checkSameFile(check, join(dir, 'saved.gguf'), input)
    await lora.convert(input, join(dir, 'peft'), { to: 'peft', base: modelDir })
    await checkGguf(fixture, check, join(dir, 'peft'), baseGguf)
    await lora.convert(join(dir, 'peft'), join(dir, 'again.gguf'), { to: 'gguf', base: modelDir })
    await checkSameFile(check, join(dir, 'again.gguf'), input)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The factors, the settings and the logits of an adapter on the base of the case. */
async function checkGguf(fixture, check, path, baseGguf) {
  const base = await lora.models.AutoModelForCausalLM.fromPretrained(baseGguf)
  const model = await PeftModel.fromPretrained(base, path)
  for (const [name, layer] of model.base_model.namedModules()) {
    if (!lora.isLoraLayer(layer)) continue
    const { lora_A: a, lora_B: b, r, loraAlpha } = layer.adapters.get('default')
    check.fact(['r'], r)
    check.fact(['alpha'], loraAlpha)
    await check.exact(`peft.${name}.lora_A`, a.to('f32'))
    await check.exact(`peft.${name}.lora_B`, b.to('f32'))
  }
  const logits = (each) => lora.noGrad(() => each.forward(fixture.tensor('input_ids'))).logits
  await check.close('base.logits', logits(model.withAdapter('__base__')), toleranceOf(fixture.entry))
  await check.close('adapter.logits', logits(model), toleranceOf(fixture.entry))
  return model
}

/** What decides the computation is written as it was read: tensors, and the metadata of an adapter. */
async function checkSameFile(check, path, wanted) {
  const [own, theirs] = [await lora.loadGgufHeader(path), await lora.loadGgufHeader(wanted)]
  for (const key of ['general.architecture', 'general.type', 'adapter.type', 'adapter.lora.alpha'])
    check.that(
      `written ${key}`,
      String(own.metadata[key]?.value) === String(theirs.metadata[key]?.value),
      'another value',
    )
  const [a, b] = [await lora.load(path), await lora.load(wanted)]
  check.that('written', Object.keys(a).length === Object.keys(b).length, `${Object.keys(a)}`)
  for (const name of Object.keys(b))
    check.that(`written ${name}`, a[name] && (await b[name].equal(a[name].to(b[name].dtype))), 'other numbers')
}

async function runConversion(fixture, check) {
  const { entry } = fixture
  const { r, modules, ...facts } = entry.lora
  const [input, loralib] = [fixture.path(entry.input.path), optionsOf(facts)]
  const model = await checkLoaded(fixture, check, input, { loralib })
  const layers = [...model.base_model.namedModules()].filter(([, each]) => lora.isLoraLayer(each))
  for (const [, layer] of layers) check.fact(['lora', 'r'], layer.adapters.get('default').r)
  check.fact(['lora', 'modules'], [...new Set(layers.map(([path]) => path.split('.').at(-1)))], { ordered: false })
  check.that('lora', r > 0 && modules.length > 0, 'states no layers')
  for (const [path, layer] of layers) {
    const { lora_A: a, lora_B: b } = layer.adapters.get('default')
    await check.exact(`lora.${path}.lora_A`, a)
    await check.exact(`lora.${path}.lora_B`, b)
  }
  await eachForm(async (path, to) => {
    await lora.convert(input, path(to), { to, loralib })
    await checkLoaded(fixture, check, path(to))
    if (to === 'peft') return
    await lora.convert(path(to), path('peft', to), { to: 'peft' })
    await checkLoaded(fixture, check, path('peft', to))
  })
}

/** Runs a check for each form that can be written, with paths for what it writes. */
async function eachForm(run) {
  const dir = mkdtempSync(join(tmpdir(), 'loralib-convert-'))
  try {
    for (const to of ['peft', 'loralib', 'mlx']) {
      const path = (form, from = '') => join(dir, to, `${form}${from}${form === 'loralib' ? '.safetensors' : ''}`)
      await run(path, to)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The logits of the base and of the adapter at a path. */
async function checkLoaded(fixture, check, path, options = {}) {
  const { entry } = fixture
  const config = fixture.json(`${entry.model_dir}/config.json`)
  const model = await PeftModel.fromPretrained(await loadModel(fixture, config), path, options)
  const logits = (each) => lora.noGrad(() => each.forward(fixture.tensor('input_ids'))).logits
  const base = await toHost(logits(model.withAdapter('__base__')))
  await check.close('base.logits', base, toleranceOf(entry))
  await check.close('adapter.logits', logits(model), toleranceOf(entry))
  return model
}
