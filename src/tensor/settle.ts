import { collect } from '../native/collect.js'
import { waitForQueue } from '../native/lazy.js'
import { waitForStreams } from '../native/streams.js'
import { forgetDropped } from './backward.js'

/**
 * Waits for the queues of all streams of this thread and for handles that nobody can reach any more; then `memory()` is exact.
 * Rejects with an error of the current stream that nobody was told; those of other streams stay for whoever awaits them.
 */
export async function settle(): Promise<void> {
  await waitForQueue()
  await waitForStreams()
  await collect(true)
  forgetDropped()
  // What the finalisers let go of is queued in the current stream, behind its last use in any other.
  await waitForStreams()
  await waitForQueue()
}
