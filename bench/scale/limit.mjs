// node bench/scale/limit.mjs SHAPES.json --threads N: the best rate of plain f32 products of these (m, k, n), which is what the machine can do, in GFLOP/s.
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' }, precision: { type: 'string', default: 'highest' } },
})
process.env.LORALIB_THREADS = values.threads
const lora = await import('loralib')
lora.setFloat32MatmulPrecision(values.precision)

let best = 0
for (const [m, k, n] of JSON.parse(positionals[0])) {
  const [a, w] = [lora.randn([m, k]), lora.randn([n, k], { dtype: values.precision === 'medium' ? 'bf16' : 'f32' })]
  for (let run = 0; run < 6; run++) {
    const began = performance.now()
    const product = lora.noGrad(() => lora.nn.functional.linear(a, w))
    // One number of it is read, which waits for all.
    await product.narrow(0, 0, 1).narrow(1, 0, 1).item()
    best = Math.max(best, (2e-6 * m * k * n) / (performance.now() - began))
    product.dispose()
  }
  for (const tensor of [a, w]) tensor.dispose()
}
console.log(JSON.stringify({ gflops: best }))
