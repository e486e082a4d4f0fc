// roberta_base_lora_mnli.bin, the checkpoint released with microsoft/LoRA: a file of torch.save with loralib's factors on query and value of each layer, and
// the head. Here in small, with the same keys in the same order.
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, wave } from '../support/close.js'
import { ENCODERS } from '../support/encoders.js'
import { View, floats, zipFile } from '../support/torch.js'
import { removeFolder } from '../support/files.js'

const { models } = lora

const R = 8
const SHAPES = Object.fromEntries([
  ...[0, 1].flatMap((layer) =>
    ['query', 'value'].flatMap((name) => {
      const at = `roberta.encoder.layer.${layer}.attention.self.${name}`
      return [[`${at}.lora_A`, [R, 8]] as const, [`${at}.lora_B`, [8, R]] as const]
    }),
  ),
  ['classifier.dense.weight', [8, 8]] as const,
  ['classifier.dense.bias', [8]] as const,
  ['classifier.out_proj.weight', [3, 8]] as const,
  ['classifier.out_proj.bias', [3]] as const,
])
const VALUES = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape], i) => [name, wave(shape.reduce<number>((a, b) => a * b, 1), 0.3 + i / 10, 0.4)]), // prettier-ignore
)
const IDS = [
  [0, 5, 7, 9, 2],
  [0, 4, 2, 1, 1],
]
const MASK = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
]

test('the released checkpoint of RoBERTa loads in two steps, trains on, and merges', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'released-'))
  const file = join(dir, 'roberta_base_lora_mnli.bin')
  const views = Object.entries(SHAPES).map(([name, shape]) => [name, new View(floats(...VALUES[name]!), shape)])
  await writeFile(file, zipFile(Object.fromEntries(views)))
  const base = models.RobertaForSequenceClassification.fromConfig(ENCODERS['roberta']!, {
    generator: new lora.Generator(5),
  })
  await base.savePretrained(join(dir, 'roberta-base'))

  const model = await models.RobertaForSequenceClassification.fromPretrained(join(dir, 'roberta-base'), {
    config: { num_labels: 3 },
  })
  lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
  const { missingKeys, unexpectedKeys } = model.loadStateDict(await lora.load(file), { strict: false })
  t.deepEqual(unexpectedKeys, [])
  t.deepEqual(missingKeys.filter((key) => /lora_|classifier/.test(key)), []) // prettier-ignore
  for (const [name, values] of Object.entries(VALUES)) await close(t, model.stateDict()[name]!, values)

  // The same by hand: W + 16/8 · B A in the place of W.
  const plain = await models.RobertaForSequenceClassification.fromPretrained(join(dir, 'roberta-base'))
  const value = (name: string) => lora.tensor(Float32Array.from(VALUES[name]!), { shape: [...SHAPES[name]!] })
  lora.noGrad(() => {
    for (const [name, tensor] of Object.entries(plain.stateDict())) {
      const at = name.replace(/\.weight$/, '')
      if (name in VALUES) tensor.copy_(value(name))
      else if (`${at}.lora_A` in VALUES)
        tensor.copy_(
          tensor.add(
            value(`${at}.lora_B`)
              .matmul(value(`${at}.lora_A`))
              .mul(2),
          ),
        )
    }
  })
  const want = await numbers(plain.forward(IDS, { attentionMask: MASK }).logits)
  for (const training of [true, false]) {
    const logits = lora.noGrad(() => model.train(training).forward(IDS, { attentionMask: MASK }).logits)
    await close(t, logits, want)
  }

  // On with the training: the factors and the head, as upstream's run_glue.py does.
  for (const [name, parameter] of model.namedParameters())
    parameter.requiresGrad = name.startsWith('roberta') ? name.includes('lora') : true
  const { loss } = model.train().forward(IDS, { attentionMask: MASK, labels: [2, 0] })
  await loss!.backward()
  const trained = [...model.namedParameters()].filter(([, { grad }]) => grad !== null).map(([name]) => name)
  t.deepEqual(trained.toSorted(), Object.keys(SHAPES).toSorted())
  removeFolder(dir)
})
