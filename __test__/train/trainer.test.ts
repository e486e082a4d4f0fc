import { readFile, readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { tinyLM, tinyTokenizer } from '../support/tiny-lm.js'
import { warningsOf } from '../support/warnings.js'

const { train, data } = lora

const ROWS = Array.from({ length: 22 }, (_, i) => ({
  prompt: 'abcdefgh'.slice(0, 1 + ((i * 3) % 7)),
  completion: 'xyz'.slice(0, 1 + (i % 3)),
}))
const CONFIG: lora.train.TrainerConfig = {
  ...{ epochs: 2, batchSize: 4, lr: 5e-3, chat: false, lora: { r: 2, loraDropout: 0.2, targetModules: 'all-linear' } },
}

type Extra = Partial<lora.train.TrainerOptions> & { config?: lora.train.TrainerConfig }
async function trainer({ config, ...extra }: Extra = {}) {
  const tokenizer = await tinyTokenizer(null)
  const rows = { train: ROWS, validation: 0.2 }
  return new train.Trainer({ model: tinyLM(), tokenizer, data: rows, ...extra, config: { ...CONFIG, ...config } })
}
const bits = async ({ model }: lora.train.Trainer) =>
  Promise.all(
    Object.entries(train.trainedParameters(model)).map(async ([name, tensor]) => [name, await numbers(tensor)]),
  )
const linesOf = async (dir: string) =>
  (await readFile(join(dir, 'metrics.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) // prettier-ignore

test.serial('it learns; events, callbacks and the file of metrics say what happens', async (t) => {
  const dir = await folderWith(t)
  const called: string[] = []
  const run = await trainer({
    config: { dir, lr: 3e-2, epochs: 6, saveSteps: 'end' },
    callbacks: [
      {
        onTrainBegin: ({ steps, trainable }) =>
          void called.push(`begin ${steps} ${trainable.trainable < trainable.all}`),
        onEvaluate: ({ step, rows }) => void called.push(`evaluate ${step} ${rows}`),
      },
      { onTrainEnd: ({ step }) => void called.push(`end ${step}`) },
    ],
  })
  const types: string[] = []
  let last!: lora.train.TrainerResult
  for await (const event of run.events()) {
    types.push(event.type)
    if (event.type === 'end') last = event.result
  }
  t.is(types.filter((type) => type === 'step').length, 30)
  t.deepEqual([types[0], types.at(-2), types.at(-1)], ['begin', 'save', 'end'])
  t.deepEqual([called[0], called[1], called.at(-1)], ['begin 30 true', 'evaluate 5 4', 'end 30'])
  const [first, best] = [last.evaluations[0]!, last.best!]
  t.true(best.loss < first.loss - 0.5, `${first.loss} ${best.loss}`)
  t.is(best.scores['perplexity'], Math.exp(best.loss))
  const lines = await linesOf(dir)
  t.is(lines.filter(({ type }) => type === 'evaluation').length, 6)
  t.deepEqual(Object.keys(lines[0]!), ['type', 'step', 'steps', 'epoch', 'loss', 'gradNorm', 'lr', 'tokens'])
  t.is(await run.train(), last)
  await run.saveModel(join(dir, 'adapter'))
  t.true((await readdir(join(dir, 'adapter'))).includes('adapter_config.json'))
})

for (const config of [{}, { packing: true, maxLength: 12 }, { groupByLength: true, gradientAccumulationSteps: 2 }]) {
  test.serial(
    `stopped, damaged and resumed, a run ends with the same bits and lines: ${JSON.stringify(config)}`,
    async (t) => {
      const [dir, part] = [await folderWith(t), await folderWith(t)]
      const whole = await trainer({ config: { ...config, dir, saveSteps: 1, evalSteps: 2 } })
      const result = await whole.train()
      const stop = new AbortController()
      const shared = { ...config, dir: part, saveSteps: 1, evalSteps: 2, keep: 9 }
      const first = await trainer({
        config: shared,
        signal: stop.signal,
        callbacks: { onStep: ({ step }) => (step === 3 ? stop.abort() : undefined) },
      })
      t.true((await first.train()).aborted)
      await truncate(join(part, 'checkpoint-3/optimizer.safetensors'), 64)
      const second = await trainer({ config: { ...shared, resume: true } })
      const warnings = await warningsOf(() => second.train())
      t.deepEqual(warnings.map(({ code }) => code), ['LORA_CHECKPOINT_DAMAGED']) // prettier-ignore
      t.deepEqual(await bits(second), await bits(whole))
      t.deepEqual(await linesOf(part), await linesOf(dir))
      const other = await trainer({ data: ROWS.slice(1), config: { ...shared, resume: true } })
      await t.throwsAsync(other.train(), { code: 'ERR_LORA_OPTION', message: /rows are others|belongs to another/ })
      t.true(result.step > 3)
    },
  )
}

test.serial('early stopping; the best checkpoint is kept, and its weights come back', async (t) => {
  const dir = await folderWith(t)
  const config = { dir, evalSteps: 1, saveSteps: 1, keep: 1, lr: 1, maxSteps: 12, earlyStoppingPatience: 3, loadBestModelAtEnd: true } // prettier-ignore
  const run = await trainer({ config: { ...config, warmupRatio: 0, scheduler: 'constant' } })
  const result = await run.train()
  t.true(result.stoppedEarly)
  t.false(result.aborted)
  t.is(result.step, result.best!.step + 3)
  t.deepEqual((await readdir(dir)).sort(), [`checkpoint-${result.best!.step}`, `checkpoint-${result.step}`, 'metrics.jsonl'].sort()) // prettier-ignore
  t.is(result.bestCheckpoint, join(dir, `checkpoint-${result.best!.step}`))
  const saved = await lora.load(join(result.bestCheckpoint!, 'trained.safetensors'))
  const wanted = await Promise.all(Object.entries(saved).map(async ([name, tensor]) => [name, await numbers(tensor)]))
  t.deepEqual(Object.fromEntries(await bits(run)), Object.fromEntries(wanted))
  const again = await trainer({ config: { ...config, resume: true, scheduler: 'constant', warmupRatio: 0 } })
  t.is((await again.train()).step, result.step, 'a run that has stopped makes no further update')
  const odd = await trainer({ config: { metricForBestModel: 'f1', maxSteps: 1 } })
  await t.throwsAsync(odd.train(), { message: /loss or perplexity/ })
})

test.serial(
  'a loss that is not finite ends the run with the step and the rows, before the weights change',
  async (t) => {
    const model = tinyLM()
    lora.noGrad(() => model.model.norm.weight!.copy_(lora.full([16], NaN)))
    const run = await trainer({ model, data: ROWS.slice(0, 3), config: { maxSteps: 2 } })
    const steps: number[] = []
    await t.throwsAsync(
      async () => {
        for await (const event of run.events()) if (event.type === 'step') steps.push(event.step)
      },
      { code: 'ERR_LORA_NON_FINITE', message: /loss of update 1 is not finite; its rows: row \d, row \d, row \d/ },
    )
    t.deepEqual(steps, [])
    for (const [name, values] of await bits(run)) t.true((values as number[]).every(Number.isFinite), String(name))
  },
)

test.serial('pause and resume, and a loop that is left', async (t) => {
  const run = await trainer({ callbacks: { onStep: ({ step }) => (step === 2 ? run.pause() : undefined) } })
  const seen = { steps: 0 }
  const training = run.train()
  const counted = (async () => {
    for await (const event of run.events()) if (event.type === 'step') seen.steps++
  })()
  while (seen.steps < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.is(seen.steps, 2)
  run.resume()
  const result = await training
  await counted
  t.is(seen.steps, result.steps)
  const plain = await trainer()
  await plain.train()
  t.deepEqual(await bits(run), await bits(plain))

  const left = await trainer()
  for await (const event of left.events()) if (event.type === 'step' && event.step === 2) break
  t.is((await left.train()).aborted, true)
})

test.serial('methods, optimizers, schedules, gradient checkpointing', async (t) => {
  const step = async (config: lora.train.TrainerConfig, model: lora.nn.Module = tinyLM()) => {
    const run = await trainer({ model, data: ROWS.slice(0, 4), config: { maxSteps: 2, ...config } })
    return (await run.train()).trainLoss
  }
  const { lora: _, ...bare } = CONFIG
  const plain = async (config: lora.train.TrainerConfig, model: lora.nn.Module) => {
    const run = new train.Trainer({ model, tokenizer: await tinyTokenizer(null), data: ROWS.slice(0, 4), config: { ...bare, maxSteps: 2, ...config } }) // prettier-ignore
    await run.train()
    return Object.keys(train.trainedParameters(run.model)).length
  }
  const base = tinyLM()
  t.is(await plain({ method: 'full' }, base), base.parameters().length)
  t.is(await plain({}, lora.peft.getPeftModel(tinyLM(), { r: 2, targetModules: ['q_proj'] })), 4)
  const frozen = tinyLM()
  frozen.requiresGrad_(false)
  await t.throwsAsync(plain({ method: 'marked' }, frozen), { message: /no parameter of the model requires gradients/ })
  for (const optimizer of ['adamw', 'adam', 'sgd', 'adafactor'] as const) t.true((await step({ optimizer })) > 0)
  for (const scheduler of [
    'linear',
    'cosine',
    'cosine_with_restarts',
    'polynomial',
    'constant',
    'inverse_sqrt',
  ] as const)
    t.true((await step({ scheduler, warmupSteps: 1 })) > 0)
  const quiet = { lora: { r: 2 } }
  t.is(await step({ ...quiet, gradientCheckpointing: true }), await step(quiet))
})

test.serial('packed rows do not see each other: their loss is that of the rows one by one', async (t) => {
  const first = async (config: lora.train.TrainerConfig) => {
    const run = await trainer({ data: ROWS, config: { lora: { r: 2 }, lr: 0, maxSteps: 1, ...config } })
    let found!: lora.train.TrainerEvent & { type: 'step' }
    for await (const event of run.events()) if (event.type === 'step') found = event
    return found
  }
  const packed = await first({ packing: true, batchSize: 100, maxLength: 12 })
  const single = await first({ batchSize: 1, gradientAccumulationSteps: 22 })
  t.is(packed.epoch, 1)
  t.is(packed.tokens, single.tokens)
  close(t, [packed.loss, packed.gradNorm!], [single.loss, single.gradNorm!], 'f32')
})

test('batch samplers: every row once, similar lengths together, a state that goes on', (t) => {
  const lengths = Array.from({ length: 40 }, (_, i) => 1 + ((i * 7) % 11))
  for (const make of [
    () => new data.LengthGroupedBatches(lengths, 4, 1),
    () => new data.PackedBatches(lengths, 20, 1),
  ]) {
    const sampler = make()
    const [one, two] = [[...sampler], [...sampler]]
    t.is(one.length, sampler.length)
    t.deepEqual(one.flat().toSorted((a, b) => a - b), lengths.map((_, i) => i)) // prettier-ignore
    t.notDeepEqual(one, two)
    const other = make()
    other.loadStateDict({ epoch: 1 })
    t.deepEqual([...other], two)
  }
  const spread = [...new data.LengthGroupedBatches(lengths, 4, 1)].map((batch) => {
    const own = batch.map((i) => lengths[i]!)
    return Math.max(...own) - Math.min(...own)
  })
  t.true(Math.max(...spread) <= 2)
  for (const pack of new data.PackedBatches(lengths, 20, 1)) t.true(pack.reduce((sum, i) => sum + lengths[i]!, 0) <= 20)

  const load = () => new lora.DataLoader(lengths, { batchSampler: new data.PackedBatches(lengths, 20, 1), collate: (rows) => rows }) // prettier-ignore
  const [whole, half] = [load(), load()]
  const batches = [...whole, ...whole]
  for (const _ of half) if (half.stateDict().batch === 3) break
  const rest = load()
  rest.loadStateDict(half.stateDict())
  t.deepEqual([...rest, ...rest], batches.slice(3))
  t.throws(() => new lora.DataLoader([1], { batchSampler: [[0]], batchSize: 2 }), { message: /batchSampler/ })
})
