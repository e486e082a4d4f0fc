import test from 'ava'
import * as lora from 'loralib'
import { numbers, same, wave } from '../support/close.js'

const { nn } = lora
const [ROWS, WIDTH, OUT] = [40, 50, 36]

test.afterEach.always(() => lora.setFloat32MatmulPrecision('highest'))

/** A layer's output and gradients, recorded under one precision; whoever reads them may have set another by then. */
function run(layer: lora.nn.Linear | lora.Linear, precision: lora.Float32MatmulPrecision) {
  lora.setFloat32MatmulPrecision(precision)
  const x = lora.tensor(wave(ROWS * WIDTH), { shape: [ROWS, WIDTH], requiresGrad: true })
  const y = layer.forward(x)
  y.backward(lora.tensor(wave(ROWS * OUT, 1.7), { shape: [ROWS, OUT] }))
  lora.setFloat32MatmulPrecision('highest')
  return [y, x.grad!] as const
}

/** The largest difference, relative to the largest number. */
async function apart(a: lora.Tensor, b: lora.Tensor): Promise<number> {
  const [x, y] = [await numbers(a), await numbers(b)]
  const size = Math.max(...y.map(Math.abs))
  return Math.max(...x.map((value, i) => Math.abs(value - y[i]!))) / size
}

function adapted(dtype: 'f32' | 'bf16'): lora.Linear {
  const layer = new lora.Linear(WIDTH, OUT, { r: 4, loraAlpha: 8, dtype })
  lora.noGrad(() => layer.loraB!.copy_(lora.tensor(wave(OUT * 4, 0.3, 0.1), { shape: [OUT, 4] })))
  return layer
}

test('setFloat32MatmulPrecision: medium rounds before a bf16 weight, where the processor multiplies bf16', async (t) => {
  t.is(lora.getFloat32MatmulPrecision(), 'highest')
  for (const layer of [new nn.Linear(WIDTH, OUT, { dtype: 'bf16' }), adapted('bf16')]) {
    const [exact, rounded] = [run(layer, 'highest'), run(layer, 'medium')]
    for (const i of [0, 1] as const) {
      const distance = await apart(rounded[i], exact[i])
      t.true(distance < 2 ** -8, `${distance}`)
      t.is(distance > 0, lora.backend().bf16Products)
    }
  }
})

test('setFloat32MatmulPrecision: f32 weights give the same bits', async (t) => {
  for (const layer of [new nn.Linear(WIDTH, OUT), adapted('f32')]) {
    const [exact, medium] = [run(layer, 'highest'), run(layer, 'medium')]
    await same(t, medium[0], exact[0])
    await same(t, medium[1], exact[1])
  }
})

test('setFloat32MatmulPrecision: a bf16 model learns as with exact products', async (t) => {
  const sizes = { vocab_size: 97, n_positions: 32, n_layer: 2, n_embd: 48, n_head: 3 }
  const config = { ...sizes, resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 }
  const model = lora.models.GPT2LMHeadModel.fromConfig(config, { dtype: 'bf16' })
  lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 8 })
  lora.markOnlyLoraAsTrainable(model)
  model.train()
  const ids = [0, 1, 2].map((row) => Array.from({ length: 24 }, (_, i) => (i * 7 + row * 13 + 5) % 97))
  const name = [...model.namedParameters()].find(([key]) => key.endsWith('lora_B'))![0]
  const pass = async (precision: lora.Float32MatmulPrecision) => {
    lora.setFloat32MatmulPrecision(precision)
    const { loss } = model.forward(ids, { labels: ids })
    await loss!.backward()
    const parameter = [...model.namedParameters()].find(([key]) => key === name)![1]
    const gradient = parameter.grad!.clone()
    parameter.grad = null
    return { loss: await loss!.item(), gradient }
  }
  const [exact, rounded] = [await pass('highest'), await pass('medium')]
  t.true(Math.abs(rounded.loss - exact.loss) < 1e-2 * exact.loss, `${rounded.loss}, exact ${exact.loss}`)
  const distance = await apart(rounded.gradient, exact.gradient)
  t.true(distance < 0.05, `${distance}`)
  t.is(rounded.loss !== exact.loss, lora.backend().bf16Products)
})

test('setFloat32MatmulPrecision: refuses other names', (t) => {
  lora.setFloat32MatmulPrecision('medium')
  for (const wrong of ['high', 'Medium', 'bf16', undefined, true]) {
    t.throws(() => lora.setFloat32MatmulPrecision(wrong as lora.Float32MatmulPrecision), {
      instanceOf: lora.OptionError,
      code: 'ERR_LORA_OPTION',
      message: /setFloat32MatmulPrecision/,
    })
  }
  t.is(lora.getFloat32MatmulPrecision(), 'medium')
})
