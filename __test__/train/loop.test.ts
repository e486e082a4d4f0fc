import { appendFile, readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { tinyEncoder, tinyRows } from '../support/tiny-encoder.js'
import { warningsOf } from '../support/warnings.js'

const { nn, optim, train } = lora

type Rows = { x: Float32Array; y: number }[]
const ROWS: Rows = Array.from({ length: 7 }, (_, i) => ({ x: Float32Array.of(Math.sin(i), Math.cos(i)), y: i % 3 }))

function setup(batchSize: number) {
  lora.manualSeed(2)
  const model = new nn.Linear(2, 1)
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
  const loader = new lora.DataLoader(ROWS, { batchSize, collate: (rows: Rows) => rows })
  const loss = (rows: Rows) => {
    const x = lora.tensor(rows.flatMap((row) => [...row.x])).reshape([rows.length, 2])
    return model.forward(x).sub(lora.tensor(rows.map(({ y }) => [y]))).square().mean() // prettier-ignore
  }
  return { model, run: { optimizer, loader, loss } }
}

test('runLoop: with weights, micro-batches of unequal sizes give the update of one large batch', async (t) => {
  const run = async (batchSize: number, gradientAccumulationSteps: number, weight?: (rows: Rows) => number) => {
    const parts = setup(batchSize)
    const losses: number[] = []
    const onStep = ({ loss }: { loss: number }) => void losses.push(loss)
    await train.runLoop({ ...parts.run, steps: 2, gradientAccumulationSteps, onStep, ...(weight && { weight }) })
    return [...losses, ...(await numbers(parts.model.weight))]
  }
  const whole = await run(7, 1)
  close(t, await run(3, 3, (rows) => rows.length), whole, 'f32')
  t.notDeepEqual((await run(3, 3)).map(Math.fround), whole.map(Math.fround))
})

test('runLoop: an update that is not finite is not made, and the error names its rows', async (t) => {
  const parts = setup(2)
  const before = await numbers(parts.model.weight)
  const loss = (rows: Rows) => parts.run.loss(rows).mul(rows[0] === ROWS[2] ? NaN : 1)
  const describe = (rows: Rows) => rows.map((row) => `row ${ROWS.indexOf(row) + 1}`).join(', ')
  await t.throwsAsync(train.runLoop({ ...parts.run, loss, describe, steps: 3, gradientAccumulationSteps: 2 }), {
    code: 'ERR_LORA_NON_FINITE',
    message: /the loss of update 1 is not finite; its rows: row 3, row 4\n/,
  })
  t.deepEqual(await numbers(parts.model.weight), before)
  t.is(parts.model.weight.grad, null)
  const steep = (rows: Rows) => parts.run.loss(rows).mul(0).sqrt()
  await t.throwsAsync(train.runLoop({ ...parts.run, loss: steep, steps: 1, maxGradNorm: 1 }), {
    message: /the gradient norm of update 1 is not finite/,
  })
  t.deepEqual(await numbers(parts.model.weight), before)
})

test.serial('a run goes on from the newest checkpoint that is whole, and says so', async (t) => {
  const dir = await folderWith(t)
  const run = (extra: object) =>
    train.trainClassifier(tinyEncoder(), tinyRows(24), { lr: 1e-2, maxSteps: 6, saveSteps: 2, dir, ...extra })
  const { evaluations: _, ...whole } = await run({})
  await truncate(join(dir, 'checkpoint-6/trained.safetensors'), 100)
  await appendFile(join(dir, 'checkpoint-4/trainer_state.json'), ' ')
  const seen: number[] = []
  let again!: lora.train.ClassifierTrainResult
  const warnings = await warningsOf(async () => {
    again = await run({ resume: true, onStep: ({ step }: { step: number }) => void seen.push(step) })
  })
  t.deepEqual(warnings.map(({ code }) => code), ['LORA_CHECKPOINT_DAMAGED']) // prettier-ignore
  t.regex(warnings[0]!.message, /checkpoint-6 is damaged: the run goes on from .*checkpoint-2$/)
  t.deepEqual(seen, [3, 4, 5, 6])
  t.is(again.checkpoint, whole.checkpoint)
  for (const name of await readdir(dir)) await truncate(join(dir, name, 'trained.safetensors'), 100)
  await t.throwsAsync(run({ resume: true }), { code: 'ERR_LORA_FORMAT', message: /checkpoint-6.*is damaged/ })
})
