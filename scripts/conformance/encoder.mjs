// Kind `encoder`: a sequence classifier from its folder, with loralib's layers replacing projections, and with a PEFT adapter.
import * as lora from 'loralib'
import { toleranceOf } from './compare.mjs'
import { checkGradients, nlgModel } from './nlg.mjs'
import { closeTokens, injectAdapter, loadModel, peftName } from './peft.mjs'

const MODEL_TYPES = ['bert', 'roberta', 'deberta-v2', 'modernbert']
const LOSS_RULES = ['cross entropy, mean over the batch', 'mean squared error']

export const encoderKinds = {
  encoder: {
    run: runEncoder,
    unsupported: ({ model_type: type }) => (MODEL_TYPES.includes(type) ? null : `model type ${type}`),
    settings: ['model_dir', 'adapter_dir', 'loralib'],
    words: {},
  },
}

async function runEncoder(fixture, check) {
  const { entry } = fixture
  const config = fixture.json(`${entry.model_dir}/config.json`)
  check.fact(['model_type'], config.model_type)
  check.fact(['architecture'], config.architectures)
  check.rule(['compare'], /^logits everywhere; hidden states only where attention_mask is 1$/)
  await checkBase(fixture, check, config)
  await checkLoralib(fixture, check)
  await checkPeft(fixture, check, config)
}

async function checkBase(fixture, check, config) {
  const model = await loadModel(fixture, config)
  check.fact(['num_labels'], model.config.num_labels)
  const isRegression = model.config.num_labels === 1
  const [rule, other] = isRegression ? LOSS_RULES.toReversed() : LOSS_RULES
  check.rule(['loss_rule'], new RegExp(`^${rule}$`), { mutants: [other] })
  const output = forward(model, fixture, { outputHiddenStates: true })
  check.fact(['base_loss'], await output.loss.item(), { tolerance: toleranceOf(fixture.entry, 'loss') })
  await check.close('base.logits', output.logits, toleranceOf(fixture.entry), { where: 'with hidden states' })
  await check.close('base.logits', forward(model, fixture).logits, toleranceOf(fixture.entry))
  const wanted = fixture.names('base.hidden.')
  const count = output.hiddenStates.length
  check.that('base.hidden', count === wanted.length, `got ${count} hidden states, want ${wanted.length}`)
  for (const name of wanted)
    await closeTokens(fixture, check, name, output.hiddenStates[Number(name.split('.').at(-1))])
}

/** loralib's layers in training and merged. Dropout is off, as in the reference. */
async function checkLoralib(fixture, check) {
  const { trainable_head: head, ...layers } = fixture.entry.loralib
  const model = (await nlgModel(fixture, layers, 'loralib.param.')).train()
  for (const name of head) model.getSubmodule(name.slice(0, name.lastIndexOf('.'))).requiresGrad_()
  await checkTraining(model, fixture, check, 'loralib', (path) => path)
  const trained = [...model.namedParameters()].filter(
    ([path, { requiresGrad }]) => requiresGrad && !/\.lora_[AB]$/.test(path),
  )
  check.fact(['loralib', 'trainable_head'], trained.map(([path]) => path)) // prettier-ignore
  model.eval()
  const { logits } = lora.noGrad(() => forward(model, fixture))
  await check.close('loralib.merged_logits', logits, toleranceOf(fixture.entry))
}

async function checkPeft(fixture, check, config) {
  const model = await loadModel(fixture, config)
  await injectAdapter(model, fixture, { mergeWeights: false })
  await checkTraining(model, fixture, check, 'peft', peftName)
}

/** Loss, logits and gradients of one forward and backward. */
async function checkTraining(model, fixture, check, prefix, nameOf) {
  const { loss, logits } = forward(model, fixture)
  await loss.backward()
  check.fact([`${prefix}_loss`], await loss.item(), { tolerance: toleranceOf(fixture.entry, 'loss') })
  await check.close(`${prefix}.logits`, logits, toleranceOf(fixture.entry))
  await checkGradients(model, fixture, check, `${prefix}.grad.`, nameOf)
}

function forward(model, fixture, options = {}) {
  const hasKinds = fixture.names('token_type_ids').length > 0
  return model.forward(fixture.tensor('input_ids'), {
    attentionMask: fixture.tensor('attention_mask'),
    tokenTypeIds: hasKinds ? fixture.tensor('token_type_ids') : null,
    labels: fixture.tensor('labels'),
    ...options,
  })
}
