import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { warningCodesOf, warningsOf } from '../support/warnings.js'
import { removeFolder } from '../support/files.js'

const { data, train } = lora

const home = mkdtempSync(join(tmpdir(), 'loralib-train-'))
test.after.always(() => removeFolder(home))

const SHAPE = {
  vocab_size: 40,
  n_positions: 24,
  n_embd: 16,
  n_layer: 2,
  n_head: 2,
  eos_token_id: 0,
  initializer_range: 0.3,
}
const DROPOUT = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }

const base = (dtype: 'f32' | 'f64' = 'f32') =>
  lora.models.GPT2LMHeadModel.fromConfig({ ...SHAPE, ...DROPOUT }, { generator: new lora.Generator(4), dtype })

function adapted(options: lora.train.NlgAdapterOptions = {}, dtype: 'f32' | 'f64' = 'f32') {
  const model = base(dtype)
  lora.manualSeed(7)
  train.adaptForNlg(model, { loraDim: 2, loraAlpha: 8, loraDropout: 0.1, ...options })
  return model
}

/** Rows of different lengths whose completion says something about the context. */
const dataset = (rows = 20) =>
  new data.NlgDataset(
    Array.from({ length: rows }, (_, i) => ({
      context: [...Array.from({ length: 2 + (i % 5) }, (_, t) => 1 + ((i * 7 + t * 3) % 30)), 0],
      completion: [1 + ((i * 7) % 30), 31 + (i % 3), 0],
    })),
    { seqLen: 16 },
  )

const settings = {
  lr: 2e-2,
  warmupSteps: 3,
  batchSize: 4,
  gradientAccumulationSteps: 2,
  maxGradNorm: 1,
  maxSteps: 6,
  seed: 5,
}

const factors = async (model: lora.nn.Module) =>
  Promise.all(Object.values(lora.loraStateDict(model)).map((tensor) => numbers(tensor)))

/** How far apart the loss may be, of its size, and the gradients, all together, of theirs. */
const DISTANCES = { f64: { loss: 1e-9, gradients: 1e-9 }, f32: { loss: 1e-5, gradients: 1e-4 } }

for (const dtype of ['f64', 'f32'] as const) {
  test.serial(`nlgLoss: the loss and the gradients of the padded recipe (${dtype})`, async (t) => {
    const [ours, theirs] = [adapted({ loraDropout: 0 }, dtype), adapted({ loraDropout: 0 }, dtype)]
    for (const model of [ours, theirs]) {
      for (const tensor of Object.values(lora.loraStateDict(model)))
        lora.noGrad(() => lora.nn.init.normal_(tensor, 0, 0.3, { generator: new lora.Generator(11) }))
      model.train()
    }
    const samples = [0, 3, 4, 9].map((id) => dataset().get(id))
    const loss = train.nlgLoss(ours, data.collateNlg(samples), 0.1)
    await loss.backward()

    const { input, target, mask } = data.padNlg(samples, 16)
    const logits = theirs.forward(input).logits.reshape([64, 40])
    const options = { reduction: 'none', labelSmoothing: 0.1 } as const
    const each = lora.nn.functional.crossEntropy(logits, target.reshape([64]), options)
    const weights = mask.to(dtype)
    const padded = each.mul(weights.reshape([64])).sum().div(weights.sum().add(1e-4)) // prettier-ignore
    await padded.backward()

    const allowed = DISTANCES[dtype]
    const [got, want] = [await loss.item(), await padded.item()]
    t.true(Math.abs(got - want) <= allowed.loss * Math.abs(want), `${got}, not ${want}`)
    const gradients = async (model: lora.nn.Module) =>
      (await Promise.all(Object.values(lora.loraStateDict(model)).map((tensor) => numbers(tensor.grad!)))).flat()
    const [a, b] = [await gradients(ours), await gradients(theirs)]
    const distance = Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b)
    t.true(distance <= allowed.gradients, `gradients are ${distance} apart`)
  })
}

test.serial('nlgLoss: smoothing up to 1e-4 is none, as upstream has it', async (t) => {
  const model = adapted({ loraDropout: 0 }).eval()
  const batch = data.collateNlg([dataset().get(1)])
  await same(t, lora.noGrad(() => train.nlgLoss(model, batch, 1e-4)), lora.noGrad(() => train.nlgLoss(model, batch))) // prettier-ignore
})

test.serial('trainNlg: the loss falls, LoRA alone changes and is saved', async (t) => {
  const model = adapted()
  const before = await numbers(model.transformer.wte.weight)
  const validation = dataset(6)
  const start = await train.evaluateNlg(model, validation)
  const dir = join(home, 'falls')
  const reports: lora.train.NlgStepReport[] = []
  const result = await train.trainNlg(model, dataset(), {
    ...settings,
    ...{ maxSteps: 30, dir, validation, evalSteps: 10, onStep: (report) => void reports.push(report) },
  })
  t.deepEqual([result.step, result.steps, result.epoch, result.aborted], [30, 30, 10, false])
  t.deepEqual(result.evaluations.map(({ epoch }) => epoch), [10 / 3, 20 / 3, 10]) // prettier-ignore
  t.true(result.timeMs > 0 && Math.abs(result.trainLoss - reports.reduce((sum, { loss }) => sum + loss / 30, 0)) < 1e-6)
  t.deepEqual(result.evaluations.map(({ step }) => step), [10, 20, 30]) // prettier-ignore
  t.true(result.best!.loss < start.loss - 0.5, `${start.loss} → ${result.best!.loss}`)
  t.true(Math.abs(result.best!.perplexity - Math.exp(result.best!.loss)) < 1e-9)
  t.true(reports.every(({ tokens, loss, gradNorm }) => tokens > 0 && Number.isFinite(loss) && gradNorm! > 0))
  t.deepEqual(await numbers(model.transformer.wte.weight), before)
  const saved = await lora.load(join(result.checkpoint!, 'trained.safetensors'))
  t.deepEqual(Object.keys(saved).toSorted(), Object.keys(lora.loraStateDict(model)).toSorted())
  t.true(model.training)
})

test.serial(
  'trainNlg: 200 rows with the defaults reach the rate, and learn more than with the warm-up of the paper',
  async (t) => {
    const rates: number[] = []
    const [quick, slow] = [adapted(), adapted()]
    const codes = await warningCodesOf(() =>
      train.trainNlg(quick, dataset(200), { onStep: ({ lr }) => void rates.push(lr) }),
    )
    t.deepEqual([rates.length, codes], [125, []])
    t.true(Math.max(...rates) > 0.95 * 2e-4, `${Math.max(...rates)}`)
    // The rate of a long run is that of the paper: 500 micro-batches of warm-up.
    t.is(rates.indexOf(Math.max(...rates)), 12)
    t.deepEqual(await warningCodesOf(() => train.trainNlg(slow, dataset(200), { warmupSteps: 500 })), ['LORA_WARMUP'])
    const [a, b, start] = await Promise.all(
      [quick, slow, adapted()].map((model) => train.evaluateNlg(model, dataset(20))),
    )
    t.true(start!.loss - a!.loss > 2 * (start!.loss - b!.loss), `${start!.loss} → ${a!.loss}, ${b!.loss}`)
  },
)

test.serial('trainNlg: a schedule whose highest rate lies behind the run is warned of', async (t) => {
  const run = (iSteps: number[]) =>
    warningCodesOf(() =>
      train.trainNlg(adapted(), dataset(), {
        scheduler: 'cycle',
        iSteps,
        iLrs: [0, 1e-3, 0],
        maxSteps: 3,
        batchSize: 4,
      }),
    )
  t.deepEqual([await run([0, 1, 3]), await run([0, 500, 1000])], [[], ['LORA_WARMUP']])
})

test.serial('trainNlg: the schedule counts micro-batches, as upstream steps it', async (t) => {
  const rates: number[] = []
  await train.trainNlg(adapted(), dataset(), { ...settings, onStep: ({ lr }) => void rates.push(lr) })
  // Of the 5 micro-batches of an epoch the last one makes an update alone: updates follow these numbers of steps, of 10; 3 are warm-up.
  const wanted = [1, 3, 4, 6, 8, 9].map((s) => 2e-2 * (s < 3 ? s / 3 : (10 - s) / 7))
  await close(t, rates, wanted)
})

test.serial('trainNlg: stopped and resumed, it ends with the bits of a run that was never stopped', async (t) => {
  const whole = adapted()
  const validation = dataset(4)
  const more = { ...settings, validation, evalSteps: 3 }
  const wanted = await train.trainNlg(whole, dataset(), { ...more, dir: join(home, 'whole') })

  const dir = join(home, 'parts')
  const stop = new AbortController()
  const onStep = ({ step }: { step: number }) => void (step === 4 && stop.abort())
  const stopped = await train.trainNlg(adapted(), dataset(), { ...more, dir, signal: stop.signal, onStep })
  t.deepEqual([stopped.step, stopped.aborted], [4, true])
  t.deepEqual(readdirSync(dir), ['checkpoint-4'])

  const second = adapted()
  lora.manualSeed(123)
  const resumed = await train.trainNlg(second, dataset(), { ...more, dir, resume: true })
  t.deepEqual([resumed.step, resumed.aborted], [6, false])
  t.deepEqual(await factors(second), await factors(whole))
  t.deepEqual(resumed.evaluations, wanted.evaluations)
})

test.serial('trainNlg: an abort during a measurement keeps the checkpoint', async (t) => {
  const dir = join(home, 'measuring')
  const stop = new AbortController()
  const model = adapted()
  model.registerForwardPreHook((module) => {
    if (!module.training) stop.abort(new Error('enough'))
  })
  const options = { ...settings, dir, validation: dataset(8), evalSteps: 3, evalBatchSize: 2, signal: stop.signal }
  const result = await train.trainNlg(model, dataset(), options)
  t.deepEqual([result.step, result.aborted, result.evaluations], [3, true, []])
  t.true(existsSync(join(dir, 'checkpoint-3', 'trained.safetensors')))
})

test.serial('trainNlg: an evaluation that an abort cut short is made when the run is resumed', async (t) => {
  const more = { ...settings, validation: dataset(8), evalSteps: 3, evalBatchSize: 2 }
  const wanted = await train.trainNlg(adapted(), dataset(), more)
  const dir = join(home, 'cut')
  const stop = new AbortController()
  const model = adapted()
  model.registerForwardPreHook((module) => {
    if (!module.training) stop.abort(new Error('enough'))
  })
  const stopped = await train.trainNlg(model, dataset(), { ...more, dir, signal: stop.signal })
  t.deepEqual([stopped.step, stopped.aborted, stopped.evaluations], [3, true, []])
  const resumed = await train.trainNlg(adapted(), dataset(), { ...more, dir, resume: true })
  t.deepEqual(resumed.evaluations, wanted.evaluations)
})

test.serial('trainNlg: a run that starts anew in the folder of another one says so', async (t) => {
  const dir = join(home, 'twice')
  const short = { ...settings, warmupSteps: 1, maxSteps: 1, dir }
  const run = (options: object) => train.trainNlg(adapted(), dataset(), { ...short, ...options })
  t.deepEqual(await warningsOf(() => run({})), [])
  t.deepEqual(await warningCodesOf(() => run({})), ['LORA_OTHER_CHECKPOINTS'])
  t.deepEqual(await warningsOf(() => run({ resume: true })), [])
})

test.serial('trainNlg: aborted before it began, it writes nothing', async (t) => {
  const dir = join(home, 'never')
  const result = await train.trainNlg(adapted(), dataset(), { ...settings, dir, signal: AbortSignal.abort() })
  t.deepEqual([result.step, result.aborted, result.checkpoint], [0, true, null])
  t.false(existsSync(dir))
})

test.serial('adaptForNlg: each layer draws its own start, sameStart copies that of the first', async (t) => {
  const starts = async (options: lora.train.NlgAdapterOptions) => {
    const state = lora.loraStateDict(adapted(options))
    return Promise.all([0, 1].map((i) => numbers(state[`transformer.h.${i}.attn.c_attn.lora_A`]!)))
  }
  const [first, second] = await starts({})
  t.notDeepEqual(first, second)
  const [one, other] = await starts({ sameStart: true })
  t.deepEqual(one, first)
  t.deepEqual(other, first)
})

test.serial('adaptForNlg: loraDim 0 trains all weights, others are llamas too', (t) => {
  const full = base().requiresGrad_(false)
  t.deepEqual(train.adaptForNlg(full, { loraDim: 0 }), [])
  t.true(full.parameters().every((parameter) => parameter.requiresGrad))
  const llama = lora.models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 40, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 1 },
    ...{ num_attention_heads: 2, num_key_value_heads: 2, max_position_embeddings: 32 },
  })
  t.deepEqual(train.adaptForNlg(llama, { loraDim: 2 }), [
    'model.layers.0.self_attn.q_proj',
    'model.layers.0.self_attn.v_proj',
  ])
})

test.serial('trainNlg: what cannot be is an error before anything is trained', async (t) => {
  const refused: [lora.train.NlgTrainOptions, RegExp][] = [
    [{ lr: -1 }, /lr/],
    [{ scheduler: 'inv_sqrt' as 'linear' }, /scheduler/],
    [{ resume: true }, /dir/],
    [{ batchSize: 0 }, /batchSize/],
    [{ warmupStep: 1 } as lora.train.NlgTrainOptions, /warmupStep/],
  ]
  for (const [options, message] of refused)
    await t.throwsAsync(() => train.trainNlg(adapted(), dataset(), { ...settings, ...options }), { message })
  const frozen = base().requiresGrad_(false)
  await t.throwsAsync(() => train.trainNlg(frozen, dataset(), settings), { message: /no parameters to train/ })
  const long = new data.NlgDataset([{ context: [1, 2], completion: Array.from({ length: 30 }, () => 1) }], {
    seqLen: 40,
  })
  await t.throwsAsync(() => train.trainNlg(adapted(), long, settings), { message: /row 1 is longer/ })
})
