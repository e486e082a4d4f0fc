// Kind `peft_adapter`: a folder of PEFT on a model: computed with, merged, written again; and the same adapter made from its configuration.
import * as lora from 'loralib'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHost, toleranceOf } from './compare.mjs'
import { loadModel } from './peft.mjs'
import { optionsOf } from './python.mjs'

const { getPeftModel, PeftModel } = lora.peft

export const peftAdapterKinds = {
  peft_adapter: {
    run: runAdapter,
    settings: ['model_dir', 'adapter_dir', 'peft_config'],
    fixed: {
      'peft_config.fan_in_fan_out': 'how a weight is stored is known from its layer, which decides',
    },
    words: { steps: 'what `run` does', trainable_note: 'how it is counted', tied_note: 'see `checkMerged`' },
  },
}

async function runAdapter(fixture, check) {
  const { entry } = fixture
  const config = fixture.json(`${entry.model_dir}/config.json`)
  const tolerance = toleranceOf(entry)
  const load = async () => PeftModel.fromPretrained(await loadModel(fixture, config), fixture.path(entry.adapter_dir))
  const logits = (model) => lora.noGrad(() => model.forward(fixture.tensor('input_ids')).logits)

  const peft = await load()
  const base = lora.noGrad(() => peft.disableAdapter(() => peft.forward(fixture.tensor('input_ids'))))
  await check.close('base.logits', base.logits, tolerance)
  await check.close('adapter.logits', logits(peft), tolerance)
  await checkWritten(fixture, check, config, peft, logits)
  await peft.mergeAdapter()
  await check.close('adapter.logits', logits(peft), tolerance, { where: 'merged' })
  await checkMerged(fixture, check, peft.mergeAndUnload(), tolerance)

  checkConfig(fixture, check)
  const made = getPeftModel(await loadModel(fixture, config), optionsOf(entry.peft_config))
  for (const model of [made, await load()]) {
    model.setAdapter('default')
    checkLayers(model, check)
  }
}

/** What is written is what was read, to the bit, under the same keys. */
async function checkWritten(fixture, check, config, peft, logits) {
  const { entry } = fixture
  const dir = mkdtempSync(join(tmpdir(), 'loralib-peft-'))
  try {
    await peft.savePretrained(dir)
    const own = await lora.load(join(dir, 'adapter_model.safetensors'))
    const theirs = await readTheirs(fixture)
    // Copies of the base's own weights, which PEFT writes beside adapted embeddings, are not part of an adapter.
    const keys = Object.keys(theirs).filter((key) => !key.endsWith('.base_layer.weight'))
    const wrong = keys.filter((key) => own[key]?.shape.join() !== theirs[key].shape.join())
    check.that('written', wrong.length === 0 && keys.length === Object.keys(own).length, `keys differ: ${wrong}`)
    for (const key of keys.filter((each) => !wrong.includes(each)))
      check.that(`written ${key}`, await own[key].equal(theirs[key]), 'other numbers than the file that was read')
    const again = await PeftModel.fromPretrained(await loadModel(fixture, config), dir)
    const [a, b] = await Promise.all([toHost(logits(peft)), toHost(logits(again))])
    check.that('written', String(a.data) === String(b.data), 'loaded again, it gives other logits')
    const [now, before] = [dir, fixture.path(entry.adapter_dir)].map((each) =>
      JSON.parse(readFileSync(join(each, 'adapter_config.json'), 'utf8')),
    )
    const changed = Object.keys(now).filter((key) => sorted(now[key]) !== sorted(before[key]))
    check.that('written', changed.length === 0, `the configuration differs in ${changed}`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function readTheirs(fixture) {
  const name = fixture.entry.files.map(({ path }) => path).find((path) => /adapter_model\.\w+$/.test(path))
  return lora.load(fixture.path(name))
}

/** Lists of PEFT are sets. */
const sorted = (value) => JSON.stringify(Array.isArray(value) ? [...value].sort() : (value ?? null))

/**
 * PEFT writes into the one table that embedding and tied head share, so that its merged head is adapted while its unmerged one is not. Ours keeps what it
 * computed: the two are untied. Tied again, it is PEFT's.
 */
async function checkMerged(fixture, check, plain, tolerance) {
  const { entry } = fixture
  if (entry.tied_note !== undefined) plain.lm_head.weight = plain.transformer.wte.weight
  await check.close('merged.logits', lora.noGrad(() => plain.forward(fixture.tensor('input_ids'))).logits, tolerance)
  const dict = plain.stateDict()
  for (const name of fixture.names('merged.param.')) await check.close(name, dict[name.slice(13)], tolerance)
}

/** The stated configuration is that of the folder, but that PEFT writes the names that `all-linear` means. */
function checkConfig(fixture, check) {
  const { entry } = fixture
  const file = fixture.json(`${entry.adapter_dir}/adapter_config.json`)
  for (const [key, stated] of Object.entries(entry.peft_config)) {
    const got = stated === 'all-linear' ? stated : file[key]
    check.fact(['peft_config', key], got, { ordered: false })
  }
}

function checkLayers(model, check) {
  const layers = [...model.base_model.namedModules()].filter(([, each]) => lora.isLoraLayer(each))
  const adapters = layers.map(([path, layer]) => [path, layer.adapters.get('default')])
  check.fact(
    ['targets'],
    adapters.map(([path]) => path),
    { ordered: false },
  )
  check.fact(['rank'], Object.fromEntries(adapters.map(([path, { r }]) => [path, r])))
  const tolerance = { atol: 0, rtol: 1e-12 }
  check.fact(['scaling'], Object.fromEntries(adapters.map(([path, { scaling }]) => [path, scaling])), { tolerance })
  check.fact(['trainable_numel'], model.trainableCount().trainable)
}
