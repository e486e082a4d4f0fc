// Conditions of tests that apply to our own kernels only.
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'

/** Whether operations run on candle (`LORALIB_ISA=candle`): its tensors are outside our pool and its products make no pauses. Prints why a test ends here. */
export function isOnCandle(t: ExecutionContext, lacks: string): boolean {
  if (lora.backend().isa !== 'candle') return false
  t.log(`skipped: on candle ${lacks}`)
  t.pass()
  return true
}
