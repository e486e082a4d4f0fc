// Kind `optimizer`: one parameter with given gradients, and its value after each step; in f32 and in f64.
import * as lora from 'loralib'
import { followScript, toleranceOf, toHost } from './compare.mjs'
import { optionsOf } from './python.mjs'

const { nn, optim } = lora

const CLASSES = { AdamW: 'AdamW', Adam: 'Adam', SGD: 'SGD', 'NLG AdamW': 'NlgAdamW' }

export const optimizerKinds = {
  optimizer: {
    run: runOptimizer,
    settings: ['optimizer'],
    words: {},
  },
}

// The script: the runner does exactly this.
const SCRIPT = [
  /^param starts at param0$/,
  /^step s: grad = grads\[s\], optimizer\.step\(\)$/,
  /^params_\*\[s\] is the parameter after step s$/,
]

async function runOptimizer(fixture, check) {
  if (!followScript(check, SCRIPT)) return
  for (const name of fixture.names('params_')) {
    const dtype = name.slice('params_'.length)
    await check.close(name, await trajectory(fixture, dtype), toleranceOf(fixture.entry, dtype, dtype))
  }
}

/** The parameter after each step, in one dtype, as rows. */
async function trajectory(fixture, dtype) {
  const { name, ...hyper } = fixture.entry.optimizer
  if (CLASSES[name] === undefined) throw new Error(`this runner knows no optimizer ${name}`)
  const parameter = nn.parameter(fixture.tensor('param0', { dtype }))
  const optimizer = new optim[CLASSES[name]]([parameter], optionsOf(hyper))
  const [steps, ...shape] = fixture.input('grads').shape
  const gradients = fixture.tensor('grads', { dtype })
  const rows = []
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad()
    parameter.grad = gradients.at(step).clone()
    await optimizer.step()
    rows.push(...(await toHost(parameter)).data)
  }
  const data = dtype === 'f64' ? Float64Array.from(rows) : Float32Array.from(rows)
  return { dtype: parameter.dtype, shape: [steps, ...shape], data }
}
