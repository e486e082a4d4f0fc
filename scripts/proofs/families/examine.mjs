// Runs the library on a model of the reference, and compares everything that both compute.
import * as lora from 'loralib'
import { join } from 'node:path'
import { Comparison, TIE } from './compare.mjs'
import { compareGeneration } from './generation.mjs'

const OPTIONS = {
  attention_mask: 'attentionMask',
  token_type_ids: 'tokenTypeIds',
  position_ids: 'positionIds',
  labels: 'labels',
  start_positions: 'startPositions',
  end_positions: 'endPositions',
}
const OUTPUTS = {
  logits: 'logits',
  start_logits: 'startLogits',
  end_logits: 'endLogits',
  last_hidden_state: 'lastHiddenState',
  pooler_output: 'poolerOutput',
}
/** How ids, masks and labels are given: rows of numbers, tensors made from them, tensors whose values only the engine knows. */
const FORMS = ['rows', 'tensors', 'engine']

/**
 * @param kind the class, see kinds.mjs
 * @param made what the reference says about the model in `folder`
 * @returns the comparison, and how many generated rows were decided by rounding
 */
export async function examine(kind, made, folder, seed) {
  const tensors = await lora.load(join(folder, 'case.safetensors'), { mapped: false })
  const truth = new Map()
  for (const [name, tensor] of Object.entries(tensors))
    if (tensor.dtype === 'f64') truth.set(name, await hostValue(tensor))
  const compare = new Comparison(truth, made)
  const form = FORMS[seed % FORMS.length]
  // How long a sequence is decides its frequencies: the library must know its positions, and says so otherwise.
  const countsPositions = made.traits.some((trait) => /^rope (dynamic|longrope)$/.test(trait))
  const forms = { form, positionForm: countsPositions ? 'rows' : form }
  const batches = [await batchOf(tensors, 'first', forms), await batchOf(tensors, 'second', forms)]
  const rows = { generated: 0, ties: 0 }
  await guarded(compare, 'reading', async () => {
    const model = await read(kind, folder, { mapped: seed % 2 === 0 })
    await checkBase(model, made, batches[0], compare)
    if (made.facts.generation)
      await compareGeneration(model, made.facts.generation, truth.get('greedy.logits'), compare, rows, TIE)
    await model.savePretrained(join(folder, 'saved'))
    if (made.settings.all) await checkTraining(model, made, batches, compare)
  })
  await guarded(compare, 'adapter', () => checkAdapter(kind, made, folder, batches, compare))
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return { compare, rows }
}

/** What is thrown is a difference, too: a model that the library refuses, above all. */
async function guarded(compare, what, work) {
  try {
    await work()
  } catch (error) {
    compare.differ(what, error instanceof lora.LoraError ? error.message : error.stack)
  }
}

async function read(kind, folder, options) {
  const path = join(folder, 'model')
  const model = await lora.models[kind.auto ?? kind.name].fromPretrained(path, options)
  if (model.constructor !== lora.models[kind.name]) throw new Error(`${kind.auto} made a ${model.constructor.name}`)
  return model
}

/** Outputs without labels, then the loss, what stands beside it, and the gradients of all parameters. */
async function checkBase(model, made, batch, compare) {
  const alone = lora.noGrad(() => model.forward(batch.ids, batch.options))
  await checkOutputs(made, alone, batch, compare, 'base.out.', 'outputs')
  const { output, loss } = lossOf(model, made, batch)
  await loss.backward()
  await compare.tensor('loss', 'base.loss', loss.reshape([1]))
  await checkOutputs(made, output, batch, compare, 'base.out.', 'outputs', ' beside a loss')
  await checkGradients(model, compare, 'base.grad.', 'gradients')
  model.zeroGrad()
}

async function checkAdapter(kind, made, folder, batches, compare) {
  const model = await read(kind, folder, { mapped: false })
  const { r, alpha, rslora } = made.adapter
  const factors = {}
  for (const [key, tensor] of Object.entries(await lora.load(join(folder, 'adapter', 'adapter_model.safetensors')))) {
    factors[ownName(key)] = tensor
  }
  const targets = [...new Set(Object.keys(factors).map((name) => name.replace(/\.lora_[AB]$/, '')))]
  lora.injectLora(model, { targets, r, loraAlpha: rslora ? alpha * Math.sqrt(r) : alpha, mergeWeights: false })
  lora.markOnlyLoraAsTrainable(model)
  model.eval()
  const { unexpectedKeys } = model.loadStateDict(factors, { strict: false })
  if (unexpectedKeys.length > 0) compare.differ('adapter', `the model has no ${unexpectedKeys}`)
  const { output, loss } = lossOf(model, made, batches[0])
  await loss.backward()
  await compare.tensor('LoRA loss', 'lora.loss', loss.reshape([1]))
  await checkOutputs(made, output, batches[0], compare, 'lora.out.', 'LoRA outputs')
  await checkGradients(model, compare, 'lora.grad.', 'LoRA gradients')
  model.zeroGrad()
  if (!made.settings.all) return checkTraining(model, made, batches, compare)
  lora.mergeAndUnload(model)
  const merged = lora.noGrad(() => model.forward(batches[0].ids, batches[0].options))
  await checkOutputs(made, merged, batches[0], compare, 'lora.out.', 'LoRA outputs', ' merged')
}

/** The losses of 20 steps, and the outputs after them. */
async function checkTraining(model, made, batches, compare) {
  const { lr, weight_decay: weightDecay, betas, eps } = made.settings
  const trained = model.parameters().filter((parameter) => parameter.requiresGrad)
  const optimizer = new lora.optim.AdamW(trained, { lr, weightDecay, betas, eps })
  const losses = []
  for (let step = 0; step < compare.truth.get('train.losses').data.length; step++) {
    optimizer.zeroGrad()
    const { loss } = lossOf(model, made, batches[step % batches.length])
    await loss.backward()
    await optimizer.step()
    losses.push(await loss.item())
  }
  await compare.tensor('training', 'train.losses', lora.tensor(losses, { dtype: 'f64' }), { factor: 4 })
  const after = lora.noGrad(() => model.forward(batches[0].ids, batches[0].options))
  await checkOutputs(made, after, batches[0], compare, 'train.out.', 'training', '', 4)
}

/** The output beside the loss; a model without a head has as loss the product of its outputs with fixed weights. */
function lossOf(model, made, { ids, options, labels, weights }) {
  const output = model.forward(ids, { ...options, ...labels })
  if (made.task !== 'bare') return { output, loss: output.loss }
  const terms = made.outputs.map((name) => output[OUTPUTS[name]].mul(weights[name]).sum())
  return { output, loss: terms.reduce((a, b) => a.add(b)) }
}

async function checkOutputs(made, output, { on }, compare, prefix, group, where = '', factor = 1) {
  for (const name of made.outputs) {
    const perToken = name !== 'pooler_output' && made.task !== 'sequence'
    const options = { on: perToken ? on : null, factor, label: `${prefix}${name}${where}` }
    await compare.tensor(group, prefix + name, output[OUTPUTS[name]], options)
  }
}

async function checkGradients(model, compare, prefix, group) {
  const wanted = new Set(compare.names(prefix))
  for (const [path, { grad, requiresGrad }] of model.namedParameters()) {
    const name = prefix + path
    if (wanted.delete(name)) await compare.tensor(group, name, grad)
    else if (requiresGrad && grad !== null && !(await isZero(grad)))
      compare.differ(name, 'a gradient where the reference has none')
  }
  for (const name of wanted) compare.differ(name, 'the library has no such parameter')
}

async function isZero(tensor) {
  return (await tensor.data()).every((value) => value === 0)
}

/** `base_model.model.h.0.attn.c_attn.lora_A.weight` → `h.0.attn.c_attn.lora_A`. */
function ownName(key) {
  const name = key.replace(/^base_model\.model\./, '').replace('.lora_embedding_', '.lora_')
  return name.replace(/(\.lora_[AB])\.weight$/, '$1')
}

/** A batch of the case, in one of the forms. */
async function batchOf(tensors, prefix, forms) {
  const given = async (name) => {
    const tensor = tensors[`${prefix}.${name}`]
    if (tensor === undefined) return null
    const form = name === 'position_ids' ? forms.positionForm : forms.form
    if (form === 'engine') return tensor
    const rows = await rowsOf(tensor)
    return form === 'rows' ? rows : lora.tensor(rows, { dtype: tensor.dtype })
  }
  const options = {}
  const labels = {}
  for (const [theirs, ours] of Object.entries(OPTIONS)) {
    const value = await given(theirs)
    if (value !== null) (/label|positions$/.test(theirs) ? labels : options)[ours] = value
  }
  const weights = {}
  for (const name of Object.keys(OUTPUTS)) weights[name] = tensors[`${prefix}.weights.${name}`]
  const on = Array.from(await tensors[`${prefix}.on`].data(), Number)
  return { ids: await given('input_ids'), options, labels, weights, on }
}

async function rowsOf(tensor) {
  const numbers = (value) => (Array.isArray(value) ? value.map(numbers) : Number(value))
  return numbers(await tensor.tolist())
}

async function hostValue(tensor) {
  const data = await tensor.data()
  return { shape: [...tensor.shape], data, largest: data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) }
}
