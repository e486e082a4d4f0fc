// What must hold for every encoder with a head, whatever its architecture.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { ENCODERS, classifier, computed, flat, padded, paddingOf } from '../support/encoders.js'
import { removeFolder } from '../support/files.js'

const { models } = lora

const ROWS = [
  [5, 7, 9, 3, 2, 11, 4, 6],
  [4, 2],
  [8, 3, 12, 2, 17],
]
const IDS = [
  [5, 7, 9, 3, 2],
  [4, 2, 8, 6, 12],
]

for (const [name, config] of Object.entries(ENCODERS)) {
  test(`${name}: padding on either side, known or not, much or little, gives what each row gives alone`, async (t) => {
    const model = classifier(config).eval()
    const alone = await Promise.all(ROWS.map((row) => numbers(model.forward([row]).logits)))
    const states = await Promise.all(ROWS.map((row) => numbers(model.baseModel.forward([row]).lastHiddenState)))
    for (const side of ['left', 'right'] as const) {
      // Of 24 tokens 9 are padding, which is left out; of 18 one is, which is not.
      const many = padded(ROWS, side, paddingOf(config))
      const few = padded([ROWS[0]!, [...ROWS[0]!, 13]], side, paddingOf(config))
      for (const known of [true, false]) {
        for (const outputHiddenStates of [false, true]) {
          const attentionMask = known ? many.mask : computed(many.mask)
          const { logits } = model.forward(many.ids, { attentionMask, outputHiddenStates })
          await close(t, logits, alone.flat())
          const mask = known ? flat(few.mask) : computed(few.mask)
          const rows = model.forward(flat(few.ids), { attentionMask: mask, outputHiddenStates }).logits
          await close(t, rows.narrow(0, 0, 1), alone[0]!)
        }
        const attentionMask = known ? many.mask : computed(many.mask)
        const hidden = model.baseModel.forward(many.ids, { attentionMask }).lastHiddenState
        for (const [b, row] of ROWS.entries()) {
          const from = side === 'left' ? many.ids[b]!.length - row.length : 0
          await close(t, hidden.narrow(0, b, 1).narrow(1, from, row.length), states[b]!)
        }
      }
    }
    t.notDeepEqual(alone[0], alone[2])
  })

  test(`${name}: a mask with a hole gives the same, known or not`, async (t) => {
    const model = classifier(config).eval()
    const ids = [
      [5, 7, 9, 3, 2, 11, 4],
      [4, 2, 8, 3, 12, 17, 6],
    ]
    const mask = [
      [1, 1, 0, 1, 1, 0, 0],
      [0, 1, 1, 0, 0, 1, 1],
    ]
    const want = await numbers(model.forward(ids, { attentionMask: computed(mask) }).logits)
    await close(t, model.forward(ids, { attentionMask: mask }).logits, want)
    t.notDeepEqual(want, await numbers(model.forward(ids).logits))
  })

  test(`${name}: the loss and the gradients with known padding are those with padding that is not known`, async (t) => {
    for (const side of ['left', 'right'] as const) {
      const { ids, mask } = padded(ROWS, side, paddingOf(config))
      const run = async (attentionMask: number[][] | lora.Tensor, checkpointed: boolean) => {
        const model = classifier(config)
        if (checkpointed) model.gradientCheckpointingEnable()
        const { loss } = model.forward(ids, { attentionMask, labels: [2, 0, 1] })
        await loss!.backward()
        return { loss: loss!, grads: [...model.namedParameters()] }
      }
      const want = await run(computed(mask), false)
      for (const got of [await run(mask, false), await run(mask, true), await run(computed(mask), true)]) {
        await close(t, got.loss, want.loss)
        for (const [i, [path, parameter]] of got.grads.entries()) {
          const expected = want.grads[i]![1].grad
          t.is(parameter.grad === null, expected === null, path)
          if (expected) await close(t, parameter.grad!, expected)
        }
      }
      t.deepEqual(want.grads.filter(([, parameter]) => parameter.grad === null).map(([path]) => path), []) // prettier-ignore
    }
  })

  test(`${name}: gradients agree with differences of the loss (f64)`, async (t) => {
    const model = models.AutoModelForSequenceClassification.fromConfig(config, {
      dtype: 'f64',
      generator: new lora.Generator(5),
    })
    const { ids, mask } = padded(ROWS, 'left', paddingOf(config))
    const loss = () => model.forward(ids, { attentionMask: mask, labels: [2, 0, 1] }).loss!
    await loss().backward()
    for (const [path, parameter] of model.namedParameters()) {
      const direction = lora.tensor(
        Float64Array.from({ length: parameter.numel }, (_, i) => Math.sin(1 + 3 * i)),
        { shape: [...parameter.shape] },
      )
      const slope = await parameter.grad!.mul(direction).sum().item()
      const at = async (step: number) => {
        lora.noGrad(() => parameter.add_(direction.mul(step)))
        const value = await lora.noGrad(() => loss()).item()
        lora.noGrad(() => parameter.add_(direction.mul(-step)))
        return value
      }
      const difference = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5
      t.true(
        Math.abs(difference - slope) <= 1e-7 + 1e-5 * Math.abs(slope),
        `${path}: ${slope}, by differences ${difference}`,
      )
    }
  })

  test(`${name}: savePretrained and fromPretrained give the same model, the bare one, and a fresh head for a file without`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'encoder-'))
    const model = classifier(config, { problem_type: 'single_label_classification' }).eval()
    await model.savePretrained(dir)
    const read = await models.AutoModelForSequenceClassification.fromPretrained(dir)
    t.false(read.training)
    t.is(read.constructor, model.constructor)
    t.deepEqual(read.config, { ...model.config, architectures: [model.constructor.name] })
    await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
    const bare = await models.AutoModel.fromPretrained(dir)
    await same(t, bare.forward(IDS).lastHiddenState, model.baseModel.forward(IDS).lastHiddenState)
    await bare.savePretrained(dir)
    const headed = await models.AutoModelForSequenceClassification.fromPretrained(dir, { config: { num_labels: 5 } })
    t.deepEqual(headed.forward(IDS).logits.shape, [2, 5])
    await same(t, headed.baseModel.forward(IDS).lastHiddenState, bare.forward(IDS).lastHiddenState)
    await model.savePretrained(dir, { dtype: 'bf16' })
    const half = await models.AutoModelForSequenceClassification.fromPretrained(dir)
    await close(t, half.forward(IDS).logits, model.forward(IDS).logits, 'bf16')
    removeFolder(dir)
  })

  test(`${name}: single label, regression and several labels at once`, async (t) => {
    const labels = [
      [1, 0, 1],
      [0, 0, 1],
    ]
    const model = classifier(config)
    const logits = await numbers(model.forward(IDS).logits)
    const logProbabilities = await numbers(model.forward(IDS).logits.logSoftmax(-1))
    await close(t, model.forward(IDS, { labels: [2, 0] }).loss!, [-(logProbabilities[2]! + logProbabilities[3]!) / 2])
    const binary = logits.map((x, i) => Math.log(1 + Math.exp(labels.flat()[i] === 1 ? -x : x)))
    await close(t, model.forward(IDS, { labels }).loss!, [binary.reduce((a, b) => a + b) / 6])
    const one = classifier(config, { num_labels: 1 })
    const got = await numbers(one.forward(IDS).logits)
    await close(t, one.forward(IDS, { labels: [0.5, 3] }).loss!, [((got[0]! - 0.5) ** 2 + (got[1]! - 3) ** 2) / 2])
  })

  test(`${name}: hidden states, and the first tokens of the whole`, async (t) => {
    const model = classifier(config).eval()
    const { lastHiddenState, hiddenStates } = model.baseModel.forward(IDS, { outputHiddenStates: true })
    t.is(hiddenStates!.length, 1 + (config['num_hidden_layers'] as number))
    await same(t, hiddenStates!.at(-1)!, lastHiddenState)
    for (const positionsToKeep of [1, 3, 9]) {
      const part = model.baseModel.forward(IDS, { positionsToKeep }).lastHiddenState
      await close(t, part, lastHiddenState.narrow(1, 0, Math.min(5, positionsToKeep)))
    }
  })

  test(`${name}: dropout draws anew in training, and not in evaluation`, async (t) => {
    const dropouts = Object.fromEntries(Object.keys(config).filter((key) => /dropout/.test(key)).map((key) => [key, 0.3])) // prettier-ignore
    const model = classifier(config, dropouts)
    const logits = () => numbers(model.forward(IDS).logits)
    t.notDeepEqual(await logits(), await logits())
    model.eval()
    t.deepEqual(await logits(), await logits())
  })

  test(`${name}: layers that are recomputed draw the same dropout`, async (t) => {
    const dropouts = Object.fromEntries(Object.keys(config).flatMap((key) => (/dropout/.test(key) ? [[key, 0.3]] : [])))
    const { ids, mask } = padded(ROWS, 'right', paddingOf(config))
    const run = async (checkpointed: boolean) => {
      const model = classifier(config, dropouts)
      if (checkpointed) model.gradientCheckpointingEnable()
      lora.manualSeed(7)
      const { loss } = model.forward(ids, { attentionMask: mask, labels: [2, 0, 1] })
      await loss!.backward()
      return [await loss!.item(), ...(await Promise.all(model.parameters().map(({ grad }) => numbers(grad!)))).flat()]
    }
    t.deepEqual(await run(true), await run(false))
  })

  test(`${name}: bad configurations and inputs are errors that name the field`, (t) => {
    const refused = (extra: object, message: RegExp) =>
      t.throws(() => classifier(config, extra), { instanceOf: lora.OptionError, message })
    refused({ num_attention_heads: 3 }, /a divisor of hidden_size = 8/)
    refused({ num_hidden_layers: 0 }, /num_hidden_layers/)
    refused({ num_labels: 0 }, /num_labels/)
    refused({ pad_token_id: 19 }, /pad_token_id/)
    const model = classifier(config)
    t.throws(() => model.forward([[5, 19]]), { instanceOf: lora.IndexError, message: /0 to 18/ })
    t.throws(() => model.forward(IDS, { attentionMask: [[1, 1]] }), { message: /attentionMask/ })
    t.throws(() => model.forward(IDS, { tokenTypeIds: [[1, 1]] }), { message: /tokenTypeIds/ })
    t.throws(() => model.forward(IDS, { attentionMasks: [[1, 1]] } as object), { message: /write attentionMask/ })
  })
}
