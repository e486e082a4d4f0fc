// What commands that need an NVIDIA GPU share.
import { ask } from './run.mjs'

/** The exit code when there is no GPU: nothing was run, so it is no success. */
export const NO_GPU = 2

/** The GPUs of this machine, a line each; null where there is none. */
export const gpus = () => ask('nvidia-smi', ['-L'])

/** Reports that nothing was run, and sets the exit code. */
export function reportNoGpu(what) {
  console.error(`0 run: no NVIDIA GPU found (\`nvidia-smi -L\` lists none), and ${what} needs one`)
  console.error(
    '  fix  run it on Linux with a GPU of compute capability 8.0 or higher and its driver; --plan prints what it would do',
  )
  process.exitCode = NO_GPU
}
