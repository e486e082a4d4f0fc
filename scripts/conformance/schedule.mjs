// Kind `schedule`: the learning rate before each step.
import * as lora from 'loralib'
import { followScript, numbers, toleranceOf } from './compare.mjs'
import { optionsOf } from './python.mjs'

const { lrScheduler } = lora.optim

const TRANSFORMERS = {
  linear: 'LinearWarmup',
  cosine: 'CosineWarmup',
  cosine_with_restarts: 'CosineWithRestarts',
  cosine_with_min_lr: 'CosineWithMinLr',
  polynomial: 'Polynomial',
  inverse_sqrt: 'InverseSqrt',
  constant: 'Constant',
  constant_with_warmup: 'ConstantWithWarmup',
}

export const scheduleKinds = {
  schedule: {
    run: runSchedule,
    settings: ['schedule', 'base_lr', 'params'],
    words: {},
  },
}

const SCRIPT = [/^lrs\[s\] is the learning rate before the s-th schedule step \(s = 0 is the first optimizer step\)$/]

async function runSchedule(fixture, check) {
  if (!followScript(check, SCRIPT)) return
  const { entry } = fixture
  const optimizer = { paramGroups: [{ lr: entry.base_lr }] }
  const schedule = makeSchedule(optimizer, entry.schedule, optionsOf(entry.params))
  const lrs = []
  for (let step = 0; step < fixture.tensors.get('lrs').data.length; step++) {
    lrs.push(optimizer.paramGroups[0].lr)
    check.that('lrs', schedule.getLastLr()[0] === optimizer.paramGroups[0].lr, 'getLastLr() differs from the group')
    schedule.step()
  }
  await check.close('lrs', numbers(lrs), toleranceOf(entry, 'lr', 'f64'))
}

/** `transformers cosine` or `NLG cosine`. */
function makeSchedule(optimizer, name, options) {
  const [family, shape] = name.split(' ')
  if (family === 'NLG') return new lrScheduler.NlgSchedule(optimizer, { name: shape, ...options })
  const found = family === 'transformers' ? lrScheduler[TRANSFORMERS[shape]] : undefined
  if (found === undefined) throw new Error(`this runner knows no schedule ${JSON.stringify(name)}`)
  return new found(optimizer, options)
}
