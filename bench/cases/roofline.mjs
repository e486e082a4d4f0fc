// Case roofline: the best that the machine can do: products of the models' shapes, reading and copying.
import * as lora from 'loralib'
import { noise } from '../lib/noise.mjs'

const SHAPES = [
  ...[
    [2048, 2048, 2048],
    [1024, 768, 2304],
    [1024, 768, 768],
    [1024, 3072, 768],
    [1024, 576, 1536],
  ],
  ...[
    [1024, 768, 50257],
    [1024, 768, 8],
    [8, 768, 768],
    [1, 768, 2304],
  ],
]
const LONG_NAMES = { f32: 'float32', bf16: 'bfloat16' }
const BIG = 64 << 20

export const rooflineCases = { roofline: { run: runRoofline } }

async function runRoofline({ measure }) {
  for (const dtype of ['f32', 'bf16']) {
    lora.setFloat32MatmulPrecision(dtype === 'bf16' ? 'medium' : 'highest')
    for (const [m, k, n] of SHAPES) {
      if (dtype === 'bf16' && n === 50257) continue
      const row = `mm ${m}x${k} @ (${n}x${k})' ${LONG_NAMES[dtype]}`
      // A bf16 base multiplies f32 activations, as in a bf16 model, and rounds them.
      const [a, w] = [matrix('a', [m, k], 'f32'), matrix('w', [n, k], dtype)]
      const product = () => lora.noGrad(() => lora.nn.functional.linear(a, w)).dispose()
      await measure(product, { row, micro: true, gflop: 2e-9 * m * k * n })
      for (const tensor of [a, w]) tensor.dispose()
    }
  }
  const big = await lora.tensorAsync(noise('big', [BIG]))
  const out = lora.zeros([BIG])
  await measure(() => big.sum().dispose(), { row: 'read 256 MiB (sum)', micro: true })
  await measure(() => void out.copy_(big), { row: 'copy 256 MiB', micro: true })
}

function matrix(name, shape, dtype) {
  return lora.tensor(noise(name, shape), { shape, dtype })
}
