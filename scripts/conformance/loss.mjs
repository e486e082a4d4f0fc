// Kind `loss`: one loss by its rule, in f32 with its gradient, and in f64.
import * as lora from 'loralib'
import { toleranceOf } from './compare.mjs'
import { maskedLoss } from './nlg.mjs'

const { nn } = lora
const { crossEntropy, klDiv, logSoftmax, mseLoss } = nn.functional

export const lossKinds = {
  loss: {
    run: runLoss,
    settings: ['label_smooth', 'weight'],
    words: {},
  },
}

// The first pattern that matches determines how the loss is computed: (logits, fixture, dtype, match) → a scalar tensor.
const RULES = [
  [
    /^\(\(1-ls\)\*nll \+ ls\*mean_V\(-log p\)\) \* mask, summed \/ \(sum mask \+ 1e-4\)$/,
    (logits, fixture, dtype) => {
      const [target, mask] = [fixture.tensor('target'), fixture.tensor('mask', { dtype })]
      return maskedLoss(logits, target, mask, fixture.entry.label_smooth)
    },
  ],
  [
    /^CE1 \+ CE2 \+ 0\.5\*w\*\(KL\(m\|\|p1\)\+KL\(m\|\|p2\)\), m = softmax of the mean logits/,
    (logits, fixture) => rDrop(logits, fixture.tensor('labels'), fixture.entry.weight),
  ],
  [/^mean squared error$/, (logits, fixture, dtype) => mseLoss(logits, fixture.tensor('labels', { dtype }))],
  [
    /^torch cross_entropy with label_smoothing/,
    (logits, fixture) => tokenLoss(logits, fixture, { labelSmoothing: fixture.entry.label_smooth }),
  ],
  [
    /^cross entropy, mean over targets != (-?\d+)$/,
    (logits, fixture, _, [, ignored]) => tokenLoss(logits, fixture, { ignoreIndex: Number(ignored) }),
  ],
  [/^cross entropy with logits/, (logits, fixture) => tokenLoss(logits, fixture, {})],
]

const ANY_RULE = new RegExp(RULES.map(([pattern]) => `(?:${pattern.source})`).join('|'))

async function runLoss(fixture, check) {
  const { entry } = fixture
  if (check.rule(['rule'], ANY_RULE) === null) return
  const [pattern, make] = RULES.find(([one]) => one.test(entry.rule))
  const run = async (dtype) => {
    const logits = fixture.tensor('logits', { dtype, requiresGrad: true })
    return { logits, loss: make(logits, fixture, dtype, pattern.exec(entry.rule)) }
  }
  const { logits, loss } = await run('f32')
  await loss.backward()
  check.fact(['loss_f32'], await loss.item(), { tolerance: toleranceOf(entry, 'loss') })
  await check.close('grad.logits', logits.grad, toleranceOf(entry, 'grad'))
  // The case states no tolerance for f64: it is in the table of the README.
  const exact = await run('f64')
  check.fact(['loss_f64'], await exact.loss.item(), { tolerance: toleranceOf({}, 'forward', 'f64') })
}

function tokenLoss(logits, fixture, options) {
  const classes = logits.shape.at(-1)
  return crossEntropy(logits.reshape([-1, classes]), fixture.tensor('target').reshape([-1]), options)
}

/** R-Drop: two passes, each with its own cross entropy, and the divergence of each from their mean. */
function rDrop(logits, labels, weight) {
  const [first, second] = [logits.at(0), logits.at(1)]
  const mean = logSoftmax(first.add(second).div(2), -1)
  const divergence = (pass) => klDiv(logSoftmax(pass, -1), mean, { reduction: 'mean', logTarget: true })
  const divergences = divergence(first).add(divergence(second))
  return crossEntropy(first, labels)
    .add(crossEntropy(second, labels))
    .add(divergences.mul(0.5 * weight))
}
