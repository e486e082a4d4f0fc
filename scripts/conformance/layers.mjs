// Kinds `layer` and `layer_error`: one loralib layer with its script, and the effect of a bad option.
import * as lora from 'loralib'
import { packageDtype } from './manifest.mjs'
import { toleranceOf, toHost } from './compare.mjs'
import { isLoraError, makeLayer, thrownBy, upstreamKeys } from './python.mjs'

const { nn } = lora

export const layerKinds = {
  layer: {
    run: runLayer,
    informative: (entry, name) => Array.isArray(entry.compare) && !entry.compare.includes(name),
    settings: ['layer', 'args', 'kwargs', 'steps', 'compare'],
    fixed: { compare: 'a shorter list asks for less' },
    words: {
      dropout_note: 'says why a tensor is left out; the steps carry it',
      padding_note: 'explains the numbers of the tensors',
    },
  },
  layer_error: {
    run: runLayerError,
    settings: ['layer', 'args', 'kwargs'],
    fixed: { 'args.*.*': 'a kernel of several numbers is refused, whatever they are' },
    words: {
      upstream_error: 'what upstream does, for information',
      upstream_lora_ind: 'what upstream does, for information',
    },
  },
}

async function runLayer(fixture, check) {
  const { entry } = fixture
  const layer = makeLayer(entry.layer, entry.args, entry.kwargs, fixture.input('param.weight').dtype)
  check.fact(['dtype'], fixture.input('param.weight').stored)
  check.that('dtype', layer.weight.dtype === packageDtype(entry.dtype), `the layer is ${layer.weight.dtype}`)
  check.fact(['scaling'], layer.scaling || null) // a plain layer has none
  check.fact(['merge_weights'], layer.mergeWeights)
  for (const release of ['head', '0.1.2']) {
    const keys = upstreamKeys(layer, release).map(([key]) => key)
    check.fact(['state_dict_keys', release], keys)
  }
  checkOwnKeys(layer, fixture, check)
  check.fact(
    ['trainable_before_mark'],
    namesThat(layer, (parameter) => parameter.requiresGrad),
    { ordered: false },
  )
  const named = Array.isArray(entry.compare) ? [...entry.compare] : []
  check.that('compare', named.every((name) => fixture.has(name)), `names a tensor that the file lacks: ${named}`) // prettier-ignore
  await runSteps(layer, fixture, check)
  if (entry.intended !== undefined) await checkDropout(layer, fixture, check)
}

const DROPOUT =
  /^dropout is applied to the LoRA path in training: y_train with dropout differs .* mean over many seeds tends to the y_train given/
const SEEDS = 1000

/** Where upstream omits dropout (bug B5): two runs must differ, and the mean of many must be near the result without dropout. */
async function checkDropout(layer, fixture, check) {
  const { entry } = fixture
  check.rule(['intended'], DROPOUT, { mutants: [entry.intended.replace('is applied', 'is not applied')] })
  layer.train()
  const runs = []
  for (let seed = 0; seed < SEEDS; seed++) {
    lora.manualSeed(seed)
    runs.push((await toHost(lora.noGrad(() => layer.forward(fixture.tensor('x'))))).data)
  }
  const differ = runs[0].some((value, i) => value !== runs[1][i])
  check.that('intended', differ, 'two seeds give the same y_train: no dropout')
  const far = Array.from(fixture.want('y_train').data).filter((want, i) => {
    const mean = runs.reduce((sum, run) => sum + run[i], 0) / SEEDS
    const variance = runs.reduce((sum, run) => sum + (run[i] - mean) ** 2, 0) / (SEEDS - 1)
    return Math.abs(mean - want) > 5 * Math.sqrt(variance / SEEDS) + 1e-4
  })
  check.that('intended', far.length === 0, `the mean of ${SEEDS} runs is far from y_train in ${far.length} elements`)
}

/** The package writes each parameter once, under the names that the case uses for parameters. */
function checkOwnKeys(layer, fixture, check) {
  const [keys, given] = [Object.keys(layer.stateDict()), Object.keys(fixture.group('param.'))]
  check.that('param.*', String([...keys].sort()) === String(given.sort()), `the state dict has the keys ${keys}`)
}

/** Runs the script of a case, one step after the other. */
async function runSteps(layer, fixture, check) {
  const run = { layer, fixture, check, x: null, results: new Map(), tolerance: toleranceOf(fixture.entry) }
  for (const step of fixture.entry.steps) {
    const known = STEPS.find(([pattern]) => pattern.test(step))
    if (known === undefined) throw new Error(`this runner does not know the step ${JSON.stringify(step)}`)
    await known[1](run, ...known[0].exec(step).slice(1))
  }
}

const STEPS = [
  [/^load param\.\*$/, loadParameters],
  [/^weight\.requires_grad = true(?: \(unfrozen by hand\))?$/, ({ layer }) => void (layer.weight.requiresGrad = true)],
  [/^dropout replaced by x \* (\w+) \/ \(1 - lora_dropout\)(?: \(only on the LoRA path\))?$/, replaceDropout],
  [
    /^(train|eval)\(\)(?: instead of train\(\): with merge_weights=false the layer stays unmerged and dropout is off)?$/,
    ({ layer, check }, mode) => check.that(mode, layer[mode]() === layer, 'does not return the layer'),
  ],
  [/^(\w+) = layer\(x\)$/, forward],
  [/^(\w+)\.backward\((\w+)\) -> grad\.\*$/, backward],
  [/^(\w+) = layer\.weight$/, ({ layer, ...run }, name) => compare(run, name, layer.weight)],
]

function loadParameters({ layer, fixture, check }) {
  const { missingKeys, unexpectedKeys } = layer.loadStateDict(fixture.group('param.'))
  check.that(
    'param.*',
    missingKeys.length + unexpectedKeys.length === 0,
    `missing ${missingKeys}, unexpected ${unexpectedKeys}`,
  )
}

function replaceDropout({ layer, fixture }, name) {
  const mask = fixture.tensor(name)
  const keep = 1 - fixture.entry.kwargs.lora_dropout
  layer.loraDropout = (x) => x.mul(mask).div(keep)
}

async function forward(run, name) {
  const { layer, fixture } = run
  run.x ??= fixture.tensor('x', { requiresGrad: fixture.has('grad.x') })
  const y = layer.merged ? lora.noGrad(() => layer.forward(run.x)) : layer.forward(run.x)
  run.results.set(name, y)
  await compare(run, name, y)
}

/** A result that is not in the file is random, as the steps state; a result in the file must agree. */
async function compare({ fixture, check, tolerance }, name, value) {
  if (fixture.has(name) && binds(fixture.entry, name)) await check.close(name, value, tolerance)
}

async function backward(run, name, gradient) {
  const { layer, fixture, check, tolerance } = run
  await run.results.get(name).backward(fixture.tensor(gradient))
  const leaves = [['x', run.x], ...layer.namedParameters()]
  for (const [leaf, tensor] of leaves) {
    const key = `grad.${leaf}`
    if (!fixture.has(key)) check.that(key, tensor.grad === null, 'a gradient where there is none in the case')
    else if (binds(fixture.entry, key)) await check.close(key, tensor.grad, tolerance)
  }
}

const binds = (entry, name) => !Array.isArray(entry.compare) || entry.compare.includes(name)

function namesThat(layer, holds) {
  return [...layer.namedParameters()].filter(([, parameter]) => holds(parameter)).map(([name]) => name)
}

const MAY_THROW = /\b(throws?|refuse|error)\b/i
const MAY_BE_PLAIN = /plain linear layer/i
const MAY_BE_BOOLEANS = /treat as booleans/i
const MUST_WORK = /must work/i
const INTENDED = new RegExp(
  [MAY_THROW, MAY_BE_PLAIN, MAY_BE_BOOLEANS, MUST_WORK].map((one) => one.source).join('|'),
  'i',
)

/** A bad option: the constructor throws, or the layer behaves as the case allows. No error may appear later. */
async function runLayerError(fixture, check) {
  const { entry } = fixture
  let layer = null
  const error = thrownBy(() => (layer = makeLayer(entry.layer, entry.args, entry.kwargs)))
  check.rule(['intended'], INTENDED, { mutants: [error === null ? 'throw' : 'must work'] })
  if (error !== null) {
    check.that('intended', MAY_THROW.test(entry.intended), `the constructor throws ${error.name}: ${error.message}`)
    check.that('intended', isLoraError(error), `not an error of the package with a code: ${error.stack}`)
    check.that(
      'kwargs',
      !/options among/.test(error.expected),
      `the package does not know all of them: ${error.message}`,
    )
  } else {
    const allowed = [MAY_BE_PLAIN, MAY_BE_BOOLEANS, MUST_WORK].some((pattern) => pattern.test(entry.intended))
    check.that('intended', allowed, 'the constructor accepts the options')
    if (MAY_BE_PLAIN.test(entry.intended)) await checkPlain(layer, entry, check)
  }
  if (entry.intended_lora_ind !== undefined) check.fact(['intended_lora_ind'], await enabledRows(layer, entry))
}

/** A layer without an enabled block must give the same result as the plain layer. */
async function checkPlain(layer, entry, check) {
  const x = lora.ones([2, entry.args[0]])
  const weight = layer.fanInFanOut ? layer.weight.t() : layer.weight
  const want = await nn.functional.linear(x, weight, layer.bias).tolist()
  const got = await layer.forward(x).tolist()
  check.that('intended', JSON.stringify(got) === JSON.stringify(want), 'is not the plain linear layer')
}

/**
 * Which output rows the update reaches, as 0 and 1: a layer that refused the values is made with real booleans instead, so
 * that the meaning of the blocks is checked either way.
 */
async function enabledRows(layer, entry) {
  const booleans = entry.kwargs.enable_lora.map(Boolean)
  const enabled = layer ?? makeLayer(entry.layer, entry.args, { ...entry.kwargs, enable_lora: booleans })
  const state = enabled.stateDict()
  const filled = Object.entries(state).map(([key, { shape }]) => [
    key,
    lora.full([...shape], key.startsWith('lora_') ? 1 : 0),
  ])
  enabled.loadStateDict(Object.fromEntries(filled))
  const { data } = await toHost(enabled.forward(lora.ones([1, entry.args[0]])))
  return Array.from(data, (value) => (value === 0 ? 0 : 1))
}
