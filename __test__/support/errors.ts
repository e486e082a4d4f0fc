// Tables of wrong uses: each must give its error at once or at the next await, and leave the state of the library unchanged.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { same } from './close.js'

/** Fields of an error that a case checks; `message` is the whole text. `at: 'await'` is for errors that only running can find, `'either'` for those that may be found before. */
export interface Wanted {
  op?: RegExp
  path?: RegExp
  expected?: RegExp
  received?: RegExp
  hint?: RegExp
  message?: RegExp
  at?: 'call' | 'await' | 'either'
}

type Made = new (...args: never[]) => lora.LoraError

/** What is done wrong, the code that does it, class and code of the error, and its fields. */
export type Case = readonly [title: string, run: () => unknown, made: Made, code: lora.ErrorCode, wanted: Wanted]

/** Registers a test for each case, and one at the end that training in the process is still correct. */
export function wrongUses(group: string, cases: readonly Case[]): void {
  for (const [title, run, made, code, wanted] of cases) {
    test.serial(`${group}: ${title} is ${code}`, async (t) => {
      const { error, at } = await caught(run)
      if (!(error instanceof lora.LoraError))
        return t.fail(`no error of loralib: ${error instanceof Error ? error.stack : String(error)}`)
      t.true(error instanceof made, `${error.name}, not ${made.name}: ${error.message}`)
      t.is(error.code, code)
      t.is(error.name, made.name)
      if (wanted.at !== 'either') t.is(at, wanted.at ?? 'call', 'when it comes')
      t.true(error.stack!.startsWith(`${made.name} [${code}]: `), error.stack)
      t.true(
        error.expected !== '' || error.received !== '' || error.hint !== '',
        'the error says nothing but what failed',
      )
      for (const field of ['op', 'path', 'expected', 'received', 'hint', 'message'] as const) {
        const pattern = wanted[field]
        if (pattern) t.regex(error[field], pattern, field)
      }
    })
  }
  test.serial(`${group}: afterwards a training step gives what it should`, stillTrains)
}

/** Runs a wrong use; returns what it threw, and when. */
export async function caught(run: () => unknown): Promise<{ error: unknown; at: 'call' | 'await' | 'never' }> {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    return { error, at: 'call' }
  }
  try {
    await result
  } catch (error) {
    return { error, at: 'await' }
  }
  return { error: 'nothing was thrown', at: 'never' }
}

/** One step of SGD on `(w x + s·B A x)²` with numbers that can be worked out by hand: y 20, dA 300, dB 200. */
export async function stillTrains(t: ExecutionContext): Promise<void> {
  const layer = new lora.Linear(1, 1, { r: 1, loraAlpha: 0.5, bias: false })
  layer.loadStateDict({ weight: lora.tensor([[1]]), lora_A: lora.tensor([[2]]), lora_B: lora.tensor([[3]]) })
  lora.markOnlyLoraAsTrainable(layer)
  const optimizer = new lora.optim.SGD([layer.loraA!, layer.loraB!], { lr: 0.01 })
  const loss = layer
    .forward(lora.tensor([[5]]))
    .square()
    .sum()
  t.is(await loss.item(), 400)
  await loss.backward()
  await same(t, layer.loraA!.grad!, [300])
  await same(t, layer.loraB!.grad!, [200])
  await optimizer.step()
  await same(t, layer.loraA!, [-1])
  await same(t, layer.loraB!, [1])
  t.is(layer.weight.grad, null)
}
