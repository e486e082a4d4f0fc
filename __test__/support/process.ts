// Child processes that use the package as a program would.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository: `loralib` resolves from here. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  errors: string
  ms: number
}

/** Runs a program text; `module` is how Node reads it. Killed after `limitMs`, which shows as a signal. */
export function runProgram(
  text: string,
  { module = 'esm' as 'esm' | 'cjs', env = {} as Record<string, string>, limitMs = 60_000, ulimit = '' } = {},
): Promise<Ended> {
  const args = [`--input-type=${module === 'esm' ? 'module' : 'commonjs'}`, '--eval', text]
  const started = performance.now()
  return new Promise((resolve, reject) => {
    // `ulimit`, such as '-v 2000000', limits only the child.
    const [command, ...rest] = ulimit
      ? ['sh', '-c', `ulimit ${ulimit} && exec "$0" "$@"`, process.execPath, ...args]
      : [process.execPath, ...args]
    const child = spawn(command!, rest, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    let [out, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, out, errors, ms: performance.now() - started })
    })
  })
}

/** Three steps of a LoRA layer; prints the loss of each. For the beginning of a program. */
export const TRAIN = `
async function train(lora, steps = 3, width = 16) {
  lora.manualSeed(1)
  const model = new lora.Linear(width, width, { r: 2 })
  lora.markOnlyLoraAsTrainable(model)
  const optimizer = new lora.optim.AdamW(model.parameters().filter((p) => p.requiresGrad), { lr: 0.1 })
  const losses = []
  for (let i = 0; i < steps; i++) {
    const loss = model.forward(lora.ones([4, width])).square().sum()
    loss.backward()
    await optimizer.step()
    optimizer.zeroGrad()
    losses.push(await loss.item())
  }
  return losses
}
`
