// npm run test:cuda: the test suite with tensors on the GPU. Without a GPU it runs nothing, and reports that.
import { buildCuda, loadEnv } from './cuda-build.mjs'
import { readArgs } from './lib/args.mjs'
import { ask, say } from './lib/run.mjs'
import { runGroups } from './lib/report.mjs'
import { avaTests, conformance } from './lib/suites.mjs'
import { setup } from './setup.mjs'

readArgs()
const gpu = ask('nvidia-smi', ['-L'])
if (!gpu) {
  console.log('0 run: no NVIDIA GPU found (`nvidia-smi -L` lists none)')
} else {
  say(gpu)
  await setup()
  const addon = await buildCuda({ driver: true })
  const env = { ...loadEnv({ driver: true }), LORALIB_NATIVE_PATH: addon, LORALIB_DEVICE: 'cuda' }
  const ok = await runGroups([
    { name: 'ava-cuda', about: 'the public API on the GPU', run: () => avaTests({ env }) },
    { name: 'conformance-cuda', about: 'reference numbers on the GPU', run: () => conformance({ env }) },
  ])
  process.exitCode = ok ? 0 : 1
}
