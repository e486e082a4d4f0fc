// Kinds `model_surgery`, `model_surgery_error`, `lifecycle` and `drift`: what is trainable, what is saved, and the effect of
// merging, saving and loading on a layer.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { toHost, toleranceOf, valueAt } from './compare.mjs'
import {
  buildModel,
  isLoraError,
  makeLayer,
  requiresGradOf,
  thrownBy,
  trainableNumel,
  upstreamKeys,
} from './python.mjs'

const UPSTREAM = 'what upstream does, for information'

export const surgeryKinds = {
  model_surgery: {
    run: runSurgery,
    settings: ['model'],
    fixed: {
      'kwargs.lora_alpha': 'which parameters are trained and saved does not depend on it; the cases of layers do',
      'kwargs.merge_weights': 'likewise',
    },
    words: {
      reason: 'says what the case is about',
      intended: 'the sentence behind intended_requires_grad_after, which is checked',
      upstream_requires_grad_after: UPSTREAM,
    },
  },
  model_surgery_error: {
    run: runSurgeryError,
    settings: ['model', 'bias'],
    fixed: { bias: 'any text but the names of the three modes is refused' },
    words: { upstream_error: UPSTREAM, upstream_requires_grad_after_error: UPSTREAM },
  },
  lifecycle: {
    run: runLifecycle,
    informative: (_, name) => name.startsWith('upstream.'),
    settings: ['layer', 'args', 'kwargs'],
    words: {},
  },
  drift: {
    run: runDrift,
    settings: ['layer', 'args', 'kwargs'],
    words: { upstream_max_abs_drift_after_100_cycles: UPSTREAM },
  },
}

async function runSurgery({ entry }, check) {
  const model = buildModel(entry.model)
  const own = model.stateDict()
  for (const [path, release] of [
    ['state_dict', 'head'],
    ['state_dict_0.1.2', '0.1.2'],
  ]) {
    const state = upstreamKeys(model, release).map(([key, name]) => ({ key, shape: [...(own[name]?.shape ?? [])] }))
    check.fact([path], state)
  }
  check.fact(['requires_grad_initial'], requiresGradOf(model))
  for (const mode of Object.keys(entry.bias_modes ?? {})) checkMode(entry, mode, check)
  if (entry.intended_requires_grad_after !== undefined) {
    model.requiresGrad_(false)
    lora.markOnlyLoraAsTrainable(model)
    check.fact(['intended_requires_grad_after'], requiresGradOf(model))
  }
}

function checkMode(entry, mode, check) {
  const model = buildModel(entry.model)
  lora.markOnlyLoraAsTrainable(model, mode)
  const saved = lora.loraStateDict(model, mode)
  const got = {
    requires_grad: requiresGradOf(model),
    trainable_numel: trainableNumel(model),
    lora_state_dict_keys: Object.keys(saved),
  }
  const at = ['bias_modes', mode, 'intended']
  for (const [name, value] of Object.entries(got)) check.fact([...at, name], value)
  check.fact([...at, 'same_as_upstream'], sameResult(got, valueAt(entry, ['bias_modes', mode, 'upstream'])))
  // What the release does: the package has upstream's present keys.
  for (const name of Object.keys(got)) check.informative(['bias_modes', mode, 'upstream', `${name}_0.1.2`])
  const whole = model.stateDict()
  for (const [key, { shape }] of Object.entries(saved)) {
    const fits = String(shape) === String(whole[key]?.shape)
    check.that([...at, 'lora_state_dict_keys'].join('.'), fits, `${key} has the shape (${shape})`)
  }
}

/** Equality without the order of keys. */
function sameResult(got, upstream) {
  const flags = (map) => JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
  const keys = (list) => String([...list].sort())
  return [
    got.trainable_numel === upstream.trainable_numel,
    flags(got.requires_grad) === flags(upstream.requires_grad),
    keys(got.lora_state_dict_keys) === keys(upstream.lora_state_dict_keys),
  ].every(Boolean)
}

async function runSurgeryError({ entry }, check) {
  const model = buildModel(entry.model)
  check.rule(['intended'], /^throw before any requires_grad is changed/)
  const error = thrownBy(() => lora.markOnlyLoraAsTrainable(model, entry.bias))
  check.that('intended', error !== null, `markOnlyLoraAsTrainable accepts bias ${JSON.stringify(entry.bias)}`)
  check.that('intended', error === null || isLoraError(error), `not an error of the package with a code: ${error}`)
  check.fact(['intended_requires_grad_after_error'], requiresGradOf(model))
}

/** The plain outputs of both adapters, then one scenario for each sentence of `intended`. */
async function runLifecycle(fixture, check) {
  const { entry } = fixture
  const tolerance = toleranceOf(entry)
  const x = fixture.tensor('x')
  const close = (name, value, where) => check.close(name, value, tolerance, { where })
  const layer = holding(fixture, 'first.')
  check.fact(['dtype'], fixture.input('first.weight').stored)
  await close('y_first', layer.forward(x), 'trained mode')
  layer.eval()
  await close('weight_merged_first', layer.weight, 'merged')
  await close('y_first_eval', infer(layer, x), 'merged')
  await close('y_second', holding(fixture, 'second.').forward(x), 'trained mode')
  for (const name of Object.keys(entry.intended)) {
    if (SCENARIOS[name] === undefined) throw new Error(`this runner does not know the scenario ${name}`)
    await SCENARIOS[name](fixture, check, x, close)
  }
}

/** With the merged weight: where gradients are recorded, a layer computes with its factors. */
function infer(layer, x) {
  return lora.noGrad(() => layer.forward(x))
}

/** A new layer with all tensors of `first.`, then those of `prefix`. */
function holding(fixture, prefix) {
  const layer = freshLayer(fixture)
  layer.loadStateDict({ ...fixture.group('first.'), ...fixture.group(prefix) })
  return layer.train()
}

function freshLayer({ entry, tensors }) {
  return makeLayer(entry.layer, entry.args, entry.kwargs, tensors.get('first.weight').dtype)
}

const SCENARIOS = {
  async save_while_merged(fixture, check, x, close) {
    const at = ['intended', 'save_while_merged']
    const [, inTrain, inEval] = sentence(fixture, check, at, /gives (\w+) in train and (\w+) in eval/)
    const saved = await throughFile(holding(fixture, 'first.').eval().stateDict())
    const layer = freshLayer(fixture)
    layer.loadStateDict(saved)
    await close(inTrain, layer.train().forward(x), 'save_while_merged, train')
    await close(inEval, infer(layer.eval(), x), 'save_while_merged, eval')
  },

  async load_full_state_while_merged(fixture, check, x, close) {
    const at = ['intended', 'load_full_state_while_merged']
    const [, output, weight] = sentence(
      fixture,
      check,
      at,
      /eval output is (\w+); after train\(\) the weight is ([\w.]+)/,
    )
    const layer = holding(fixture, 'second.').eval()
    layer.loadStateDict(fixture.group('first.'))
    await close(output, infer(layer, x), 'load_full_state_while_merged, eval')
    await close(weight, layer.train().weight, 'load_full_state_while_merged, train')
  },

  async switch_adapter_while_merged(fixture, check, x, close) {
    const at = ['intended', 'switch_adapter_while_merged']
    const [, output, weight] = sentence(
      fixture,
      check,
      at,
      /eval output equals (\w+); after train\(\) the weight is ([\w.]+)/,
    )
    const layer = holding(fixture, 'first.').eval()
    layer.loadStateDict(fixture.group('second.'), { strict: false })
    await close(output, infer(layer, x), 'switch_adapter_while_merged, eval')
    await close(weight, layer.train().weight, 'switch_adapter_while_merged, train')
  },
}

/** The tensors that a sentence of the case names. The proof replaces them by other tensors of the same shape. */
function sentence(fixture, check, at, pattern) {
  const text = valueAt(fixture.entry, at)
  const named = pattern.exec(text)?.slice(1) ?? []
  const mutants = named.map((name) => text.replace(pattern, (part) => part.replace(name, otherTensor(fixture, name))))
  const match = check.rule(at, pattern, { mutants })
  if (match === null) throw new Error(`this runner does not know the rule ${JSON.stringify(text)}`)
  return match
}

/** A tensor of the same shape that differs by far more than the tolerance. */
function otherTensor(fixture, name) {
  const want = fixture.want(name)
  const far = 100 * toleranceOf(fixture.entry).atol
  const differs = (other) => other.data.some((value, i) => Math.abs(value - want.data[i]) > far)
  const sameShape = (other) => String(other.shape) === String(want?.shape)
  return (
    fixture.names().find((other) => sameShape(fixture.want(other)) && differs(fixture.want(other))) ?? `other_${name}`
  )
}

/** Saves a state dict, reads it back, and deletes the file. */
async function throughFile(state) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-conformance-'))
  try {
    const path = join(folder, 'state.safetensors')
    await lora.save(state, path)
    return await lora.load(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Merges and unmerges many times: the weight must come back bit for bit, and each merge must really merge. */
async function runDrift(fixture, check) {
  const { entry } = fixture
  const { dtype } = fixture.input('param.weight')
  const layer = makeLayer(entry.layer, entry.args, entry.kwargs, dtype)
  layer.loadStateDict(fixture.group('param.'))
  const cycles = checkDriftRules(entry, check)
  layer.train()
  const merged = []
  for (let cycle = 1; cycle <= cycles; cycle++) {
    layer.eval()
    const { weight } = layer // read each time: a layer may merge only when its weight is read
    if (cycle === 1 || cycle === cycles) merged.push((await toHost(weight)).data)
    layer.train()
  }
  const start = fixture.input('param.weight').data
  check.that(
    'param.weight',
    merged[0]?.some((value, i) => value !== start[i]),
    'eval() does not merge',
  )
  check.that(
    'param.weight',
    merged[0]?.every((value, i) => value === merged.at(-1)[i]),
    'the last merge differs from the first',
  )
  await check.exact('param.weight', layer.weight, { where: 'unmerged' })
  for (const [name, tensor] of Object.entries(layer.stateDict())) {
    await check.exact(`param.${name}`, tensor, { where: 'state dict', anyDtype: name !== 'weight' })
  }
}

/** The number of cycles, which the steps and the intended result must both give. */
function checkDriftRules(entry, check) {
  const [start, cycle, count] = [/^start in train mode/, /^one cycle: eval\(\), then train\(\)/, /^(\d+) cycles$/]
  check.rule(['steps', 0], start)
  check.rule(['steps', 1], cycle)
  const cycles = Number(/^(\d+) cycles$/.exec(entry.steps[2])?.[1])
  check.rule(['steps', 2], count, { mutants: [`${cycles + 1} cycles`] })
  const intended = /param\.weight bit for bit after (\d+) cycles/
  const mutant = String(entry.intended).replace(intended, `param.weight bit for bit after ${cycles + 1} cycles`)
  const match = check.rule(['intended'], intended, { mutants: [mutant] })
  const agree = match !== null && Number(match[1]) === cycles
  check.that('intended', agree, `the steps say ${cycles} cycles`)
  check.that('steps.2', agree, `the intended result is after ${match?.[1]} cycles`)
  return cycles || 0
}
