// Kinds of GGUF files: models, and blocks with all types of metadata.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { EXACT, toHost, toleranceOf } from './compare.mjs'

export const ggufKinds = {
  gguf_model: {
    run: runModel,
    settings: ['input', 'model_dir'],
    words: { rows_note: 'what `dequantized.*` are compared with', compare: 'what `run` compares' },
  },
  gguf_blocks: {
    run: runBlocks,
    settings: ['input'],
    words: { compare: 'what `run` compares', shape: 'the shape of every tensor, which the comparison checks' },
  },
}

async function runModel(fixture, check) {
  const { entry } = fixture
  const path = fixture.path(entry.input.path)
  check.fact(['tensor_types'], await typesOf(path))
  const tolerance = toleranceOf(entry)
  for (const mapped of [false, true]) {
    const model = await lora.models.AutoModelForCausalLM.fromPretrained(path, { mapped })
    const { logits } = lora.noGrad(() => model.forward(fixture.tensor('input_ids')))
    await check.close('logits', logits, tolerance, { where: mapped ? 'mapped' : 'read' })
    await checkWeights(fixture, check, model)
    checkConfig(fixture, check, model)
    await checkWritten(check, path, model)
  }
}

async function typesOf(path) {
  const { tensors } = await lora.loadGgufHeader(path)
  return Object.fromEntries(tensors.map(({ name, fileDtype }) => [name, fileDtype]))
}

/** The numbers of the weights; of the file in f32, those of the model that it was made from. */
async function checkWeights(fixture, check, model) {
  const dict = model.stateDict()
  for (const name of fixture.names('dequantized.'))
    await check.exact(name, dict[name.slice('dequantized.'.length)].to('f32'))
  if (fixture.names('dequantized.').length > 0) return
  const whole = await lora.load(fixture.path(join(fixture.entry.model_dir, 'model.safetensors')))
  for (const [name, tensor] of Object.entries(whole))
    check.that(`model_dir ${name}`, await dict[name]?.equal(tensor), 'other numbers than the model of the file')
}

/** What decides the computation is what the folder of the model says. */
function checkConfig(fixture, check, model) {
  const stated = fixture.json(`${fixture.entry.model_dir}/config.json`)
  const fields = [
    ...['model_type', 'vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads'],
    ...['num_key_value_heads', 'max_position_embeddings', 'rms_norm_eps', 'tie_word_embeddings'],
  ]
  for (const field of fields)
    check.that(`model_dir ${field}`, model.config[field] === stated[field], `got ${model.config[field]}`)
}

/** Written again, a file has the same types and bytes. */
async function checkWritten(check, path, model) {
  const dir = mkdtempSync(join(tmpdir(), 'loralib-gguf-'))
  try {
    const own = join(dir, 'model.gguf')
    await lora.models.saveGguf(model, own)
    const [types, theirs] = [await typesOf(own), await typesOf(path)]
    const wrong = Object.keys(theirs).filter((name) => types[name] !== theirs[name])
    check.that('written', wrong.length === 0, `other types: ${wrong}`)
    const [a, b] = [await lora.load(own), await lora.load(path)]
    for (const name of Object.keys(b)) {
      const same = String(await a[name]?.data()) === String(await b[name].data())
      check.that(`written ${name}`, same, 'other numbers than the file that was read')
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function runBlocks(fixture, check) {
  const { entry } = fixture
  const path = fixture.path(entry.input.path)
  check.fact(['tensor_types'], await typesOf(path))
  const { metadata } = await lora.loadGgufHeader(path)
  const own = Object.keys(metadata).filter((key) => key.startsWith('x.'))
  const values = Object.fromEntries(own.map((key) => [key, plain(metadata[key].value)]))
  check.fact(['metadata_values'], values)
  const tolerance = toleranceOf(entry)
  for (const mapped of [false, true]) {
    const dict = await lora.load(path, { mapped })
    for (const [name, tensor] of Object.entries(dict)) {
      await check.close(name, tensor.to('f32'), tolerance)
      check.that(name, String(tensor.shape) === String(entry.shape), `shape (${tensor.shape})`)
    }
  }
  await checkQuantised(fixture, check)
}

const plain = (value) => (typeof value === 'bigint' ? String(value) : value)

/** Blocks that we make of the original numbers come as close to them as those of the reference. */
async function checkQuantised(fixture, check) {
  for (const name of fixture.names('original.')) {
    const kind = name.slice('original.'.length)
    const original = fixture.tensor(name)
    const ours = await toHost(original.to(kind).to('f32'))
    const [want, theirs] = [fixture.want(name), fixture.want(`blocks.${kind}`)]
    const error = ({ data }) => Math.sqrt(data.reduce((sum, x, i) => sum + (x - want.data[i]) ** 2, 0) / data.length)
    const [own, reference] = [error(ours), error(theirs)]
    check.that(name, own <= 1.02 * reference + EXACT.atol, `error ${own}, the reference ${reference}`)
  }
}
