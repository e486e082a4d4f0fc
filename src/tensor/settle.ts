import { collect } from '../native/collect.js'
import { waitForQueue } from '../native/lazy.js'
import { waitForStreams } from '../native/streams.js'
import { forgetDropped } from './backward.js'

/**
 * Waits for the queues of all streams of this thread and releases unreachable tensors; then `memory()` is exact.
 * Rejects with an error of the current stream that has not been reported; those of other streams are left to those who await them.
 */
export async function settle(): Promise<void> {
  await waitForQueue()
  await waitForStreams()
  await collect(true)
  forgetDropped()
  // Releases by finalisers are queued in the current stream, after the last use in any other.
  await waitForStreams()
  await waitForQueue()
}
