// Kind `nlg_gpt2`: the GPT-2 of microsoft/LoRA examples/NLG with loralib's MergedLinear, its loss and its accuracies.
import * as lora from 'loralib'
import { toHost, toleranceOf } from './compare.mjs'
import { makeLayer, parentOf } from './python.mjs'

const { models, nn } = lora

export const nlgKinds = {
  nlg_gpt2: {
    run: runNlg,
    settings: ['model_dir', 'lora', 'label_smooth'],
    fixed: { 'lora.merge_weights': 'training never merges' },
    words: { key_note: 'says how the keys of the tensors are made' },
  },
}

const LOSS_RULE =
  /^per token loss \(cross entropy, or \(1-ls\)\*nll \+ ls\*\(-mean over the vocabulary of log p\)\) times mask, summed, divided by \(sum of mask \+ 1e-4\); no shift/
const ACCURACY_RULE =
  /^one value per row\. first_token_accuracy: 1 when the first target with mask >= 1 is the argmax.*all_token_accuracy: 1 when every target with mask >= 1 is the argmax/

async function runNlg(fixture, check) {
  const { entry } = fixture
  check.rule(['loss_rule'], LOSS_RULE)
  check.rule(['accuracy_rule'], ACCURACY_RULE)
  check.fact(['architecture'], fixture.json(`${entry.model_dir}/config.json`).architectures)
  const model = (await nlgModel(fixture, entry.lora, 'lora.')).train()
  for (const [name, smoothing] of Object.entries({ plain: 0, smooth: entry.label_smooth })) {
    if (entry.losses[name] === undefined) continue
    model.zeroGrad()
    const { logits } = model.forward(fixture.tensor('input'))
    const loss = maskedLoss(logits, fixture.tensor('target'), fixture.tensor('mask'), smoothing)
    await loss.backward()
    check.fact(['losses', name], await loss.item(), { tolerance: toleranceOf(entry, 'loss') })
    await checkGradients(model, fixture, check, `grad.${name}.`, (parameter) => parameter)
  }
  const unknown = Object.keys(entry.losses).filter((name) => name !== 'plain' && name !== 'smooth')
  check.that('losses', unknown.length === 0, `this runner knows no loss ${unknown}`)
  const logits = await toHost(model.forward(fixture.tensor('input')).logits)
  await check.close('logits', logits, toleranceOf(entry))
  const { first, all } = accuracies(logits, fixture.input('target'), fixture.input('mask'))
  check.fact(['first_token_accuracy'], first)
  check.fact(['all_token_accuracy'], all)
}

/**
 * The model of a folder with a LoRA layer replacing each module named `module`, or as one of `modules`; the base weight is copied into the new
 * layer, and the factors come from the tensors that begin with `prefix`.
 */
export async function nlgModel(fixture, settings, prefix) {
  const config = fixture.json(`${fixture.entry.model_dir}/config.json`)
  const model = await models[config.architectures[0]].fromPretrained(fixture.path(fixture.entry.model_dir))
  replaceLayers(model, settings)
  lora.markOnlyLoraAsTrainable(model)
  loadFactors(model, fixture.group(prefix))
  return model
}

/** Puts LoRA layers with the base weights in place of the modules that the settings name. */
export function replaceLayers(
  model,
  { class: layer = 'MergedLinear', module: name, modules: names = [name], dropout = 0, ...kwargs },
) {
  const make = (shape, bias) => {
    // A weight has shape (out, in), that of the example's Conv1D (in, out).
    const args = kwargs.fan_in_fan_out ? shape : shape.toReversed()
    return makeLayer(layer, args, { ...kwargs, lora_dropout: dropout, bias })
  }
  const paths = [...model.namedModules()].map(([path]) => path).filter((path) => names.includes(path.split('.').at(-1)))
  for (const path of paths) replaceLayer(model, path, make)
}

function replaceLayer(model, path, make) {
  const [owner, name] = parentOf(model, path)
  const state = owner[name].stateDict()
  const layer = make([...state.weight.shape], state.bias !== undefined)
  layer.loadStateDict(state, { strict: false })
  owner[name] = layer
}

/** Loads LoRA factors by name: all given ones must be in the model, and all factors of the model must be given. */
export function loadFactors(model, factors) {
  const { missingKeys, unexpectedKeys } = model.loadStateDict(factors, { strict: false })
  const left = missingKeys.filter((key) => /\.lora_[AB]$/.test(key))
  if (unexpectedKeys.length > 0) throw new Error(`the model has no parameters ${unexpectedKeys}`)
  if (left.length > 0) throw new Error(`the case has no values for ${left}`)
}

/** Compares the gradients that begin with `prefix`; a parameter without a gradient in the case must have none. */
export async function checkGradients(model, fixture, check, prefix, nameOf) {
  const expected = new Set(fixture.names(prefix))
  for (const [path, parameter] of model.namedParameters()) {
    const name = prefix + nameOf(path)
    if (!expected.delete(name)) check.that(name, parameter.grad === null, 'a gradient where the case has none')
    else await check.close(name, parameter.grad, toleranceOf(fixture.entry, 'grad'))
  }
  for (const name of expected) check.that(name, false, 'the model has no such parameter')
}

/** `Σ(loss · mask) / (Σ mask + 1e-4)`, per token, with label smoothing over the whole vocabulary; below 1e-4 upstream does no smoothing. */
export function maskedLoss(logits, target, mask, labelSmoothing) {
  const options = { reduction: 'none', ignoreIndex: -1, labelSmoothing: labelSmoothing > 1e-4 ? labelSmoothing : 0 }
  const each = nn.functional.crossEntropy(logits.reshape([-1, logits.shape.at(-1)]), target.reshape([-1]), options)
  return each
    .mul(mask.reshape([-1]))
    .sum()
    .div(mask.sum().add(1e-4))
}

/** Per row: whether the first counted target, and whether every counted target, is the argmax of its logits. */
function accuracies(logits, target, mask) {
  const [rows, tokens] = target.shape
  const vocabulary = logits.shape.at(-1)
  const first = []
  const all = []
  for (let row = 0; row < rows; row++) {
    const hits = []
    for (let at = row * tokens; at < (row + 1) * tokens; at++) {
      if (mask.data[at] < 1) continue
      const scores = logits.data.subarray(at * vocabulary, (at + 1) * vocabulary)
      hits.push(
        scores.indexOf(scores.reduce((best, score) => Math.max(best, score), -Infinity)) === Number(target.data[at]),
      )
    }
    first.push(hits[0] === true ? 1 : 0)
    all.push(hits.every(Boolean) ? 1 : 0)
  }
  return { first, all }
}
