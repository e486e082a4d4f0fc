// node bench/lib/limit.mjs SHAPES.json --threads N [--precision highest|medium]: what the machine can do: the best rate of plain products of these (m, k, n), in GFLOP/s, and of
// reading 256 MiB, in GB/s.
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' }, precision: { type: 'string', default: 'highest' } },
})
process.env.LORALIB_THREADS = values.threads
const lora = await import('loralib')
lora.setFloat32MatmulPrecision(values.precision)

let gflops = 0
for (const [m, k, n] of JSON.parse(positionals[0])) {
  const [a, w] = [lora.randn([m, k]), lora.randn([n, k], { dtype: values.precision === 'medium' ? 'bf16' : 'f32' })]
  // One number of it is read, which waits for all.
  const corner = (out) => out.narrow(0, 0, 1).narrow(1, 0, 1)
  const ms = await least(() => lora.noGrad(() => lora.nn.functional.linear(a, w)), corner)
  gflops = Math.max(gflops, (2e-6 * m * k * n) / ms)
  for (const tensor of [a, w]) tensor.dispose()
}

const NUMBERS = 64 << 20
const numbers = lora.ones([NUMBERS])
const ms = await least(
  () => numbers.sum(),
  (sum) => sum,
)
console.log(JSON.stringify({ gflops, gbPerSecond: (4e-6 * NUMBERS) / ms }))

/** The least time of six runs, each with one number of its result. */
async function least(run, oneOf) {
  let best = Infinity
  for (let i = 0; i < 6; i++) {
    const began = performance.now()
    const out = run()
    await oneOf(out).item()
    best = Math.min(best, performance.now() - began)
    out.dispose()
  }
  return best
}
