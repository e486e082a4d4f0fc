// npm run test:cuda [-- --plan]: builds the addon with CUDA and runs the test suite with tensors on the GPU. --plan prints what it would run. Exit code 0 when all
// passes, 1 when something fails, 2 when there is no GPU, and so nothing was run.
import { buildCuda, loadEnv } from './cuda-build.mjs'
import { flag, readArgs } from './lib/args.mjs'
import { gpus, reportNoGpu } from './lib/gpu.mjs'
import { say } from './lib/run.mjs'
import { runGroups } from './lib/report.mjs'
import { filesBelow } from './lib/stamp.mjs'
import { avaTests, conformance, fixtures } from './lib/suites.mjs'
import { setup } from './setup.mjs'

/** Each group with what it runs, given the environment of the addon. */
const groups = [
  {
    name: 'ava-cuda',
    about: 'the public API on the GPU',
    plan: () => `${filesBelow(['__test__'], (file) => file.endsWith('.test.ts')).length} test files of __test__/`,
    run: (env) => avaTests({ env }),
  },
  {
    name: 'conformance-cuda',
    about: 'reference numbers on the GPU',
    plan: () => `every case of ${fixtures}, which is not part of the repository; skipped where it is missing`,
    run: (env) => conformance({ env }),
  },
]

const { values } = readArgs({ options: { plan: flag } })
const gpu = gpus()
if (values.plan) {
  say(
    '1. builds the addon with CUDA, as `npm run check:cuda`: with nvcc of this system, or NVIDIA compilers from PyPI (1.2 GB)',
  )
  say('2. sets LORALIB_DEVICE=cuda and LORALIB_NATIVE_PATH to that addon, and runs:')
  for (const { name, about, plan } of groups) console.log(`   ${name}: ${about}: ${plan()}`)
  say(gpu ? `on ${gpu}` : 'there is no NVIDIA GPU here: without --plan it would run nothing and end with exit code 2')
} else if (!gpu) {
  reportNoGpu('test:cuda')
} else {
  say(gpu)
  await setup()
  const addon = await buildCuda({ driver: true })
  const env = { ...loadEnv({ driver: true }), LORALIB_NATIVE_PATH: addon, LORALIB_DEVICE: 'cuda' }
  const ok = await runGroups(groups.map(({ name, about, run }) => ({ name, about, run: () => run(env) })))
  process.exitCode = ok ? 0 : 1
}
