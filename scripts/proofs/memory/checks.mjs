// What each case must show.
import { mb, mean } from '../lib/report.mjs'
import { agrees } from './loop.mjs'

const MOST_GROWTH = 1.15
const MOST_LATE_MS = 50
const TIMED = { timed: true }

/** The checks that every training loop must pass. */
export function flat(result) {
  const { first, last, early, steps } = result
  const ratio = last.peak / first.peak
  const counts = (m) => `${m.values} tensors, ${m.total.bytes} bytes`
  return [
    [
      `peak resident set: ${mb(first.peak)} MB at step ${early}, ${mb(last.peak)} MB at step ${steps}, ratio ${ratio.toFixed(3)}`,
      ratio <= MOST_GROWTH,
      `at most ${MOST_GROWTH}`,
    ],
    [
      `live after settle(): ${counts(first)} at step ${early}; ${counts(last)} at step ${steps}, ${last.parameters} of them parameters`,
      first.values === last.values &&
        first.total.tensors === last.total.tensors &&
        first.total.bytes === last.total.bytes,
      'the same',
    ],
    [
      `the allocator holds ${last.liveValues} tensors, ${last.numberBytes + last.mappedBytes} bytes`,
      agrees(first) && agrees(last),
      'what memory() says, both times',
    ],
    [`nodes of the tape: ${first.tapeNodes}, ${last.tapeNodes}`, last.tapeNodes === first.tapeNodes, 'the same'],
  ]
}

/** A timer beside the loop. */
export function onTime({ ours, idle, late }) {
  return [
    `timer: ${ours.ticks} times, at most ${ours.worst.toFixed(1)} ms late; in an idle process beside it ${idle.worst.toFixed(1)} ms`,
    ours.ticks > 0 && late <= MOST_LATE_MS,
    `at most ${MOST_LATE_MS} ms, or as much more as a busy machine makes the idle process late`,
    TIMED,
  ]
}

/** Training without any progress would have constant memory, too. */
export function learns({ losses }) {
  const part = Math.min(20, Math.floor(losses.length / 4))
  const [before, after] = [mean(losses.slice(0, part)), mean(losses.slice(-part))]
  return [
    `loss: ${before.toFixed(3)} in the first ${part} steps, ${after.toFixed(3)} in the last ${part}`,
    after < before,
    'falls',
  ]
}
