// A LoRA training on a target: its losses must be those of this machine's own addon.
import { addonFile } from '../lib/stamp.mjs'
import { fail, inRoot, run } from '../lib/run.mjs'
import { addonOf, builtFrom } from './build.mjs'
import { machines } from './machines.mjs'
import { fileHash, stage } from './stages.mjs'

const PROGRAM = 'scripts/platforms/train.mjs'
/** How far a loss may be from that of x64. Kernels of another processor add in another order. */
const NEAR = 1e-5

/** `{ ok, isa, worst }`: the largest difference of a loss. */
export function train(name, target) {
  const own = addonFile() ?? fail('this machine has no addon of its own to compare with: run `npm run build`')
  const inputs = [builtFrom(), fileHash(PROGRAM), fileHash('dist/loralib.js')]
  return stage(name, 'training', inputs, async () => {
    const wanted = await losses([process.execPath], inRoot(own), {})
    const { node, env } = await machines[target.machine]()
    const found = await losses(node, addonOf(name, target), env)
    if (!wanted || !found) return { ok: false, note: `the training ended early ${found ? 'here' : 'there'}` }
    const worst = Math.max(...wanted.losses.map((loss, step) => Math.abs(loss - found.losses[step])))
    const isWhole = found.losses.length === 20 && wanted.losses.length === 20
    return { ok: isWhole && worst <= NEAR, isa: found.isa, worst, losses: found.losses, wanted: wanted.losses }
  })
}

async function losses([program, ...args], addon, env) {
  const all = { ...env, LORALIB_NATIVE_PATH: addon }
  const { code, out } = await run(program, [...args, PROGRAM], { env: all, onLine: () => false })
  return code === 0 ? JSON.parse(out) : null
}
