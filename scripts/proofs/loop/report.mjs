// The limits, and how they are reported.
import { mean, quantile } from '../lib/report.mjs'
import { printCollections } from '../lib/collections.mjs'
import { printKinds } from './calls.mjs'

const MOST_CALL_MS = 2
/** Larger than what an app trains: they may take longer, which is still not noticeable. */
const EXTREME = /48 layers|1000 parameters|100 MB|1 MB/
const EXTREME_CALL_MS = 4
const FIRST_TOKEN_MS = 300
const RESPONSE_MS = 25
const DELAY_P99_MS = 10
const DELAY_MS = 50
const TINY_ALONE = 50
/** Generation beside training keeps at least this share of its speed alone. */
const LEAST_SHARE = 0.5
/** Full collections a second: each blocks the event loop for 10 to 20 ms. */
const FULL_RATE = 0.5
/** In a short run the first full collections weigh more. */
const FULL_RATE_SHORT = 2
const TIMED = { timed: true }

/** Single calls of the recorder. */
export function reportCases(check, { cases, idle }) {
  console.log('\nrecorder calls, the longest of each case')
  const slowestFirst = [...cases].sort((a, b) => b.callMs - a.callMs)
  for (const { label, ms, call, callMs } of slowestFirst)
    console.log(
      `        ${label.padEnd(40)} ${callMs.toFixed(2).padStart(6)} ms in ${call.padEnd(26)} ${ms.toFixed(1).padStart(6)} ms in one turn`,
    )
  console.log(`        idle process beside it: at most ${idle.worst.toFixed(1)} ms late`)
  const isExtreme = (c) => EXTREME.test(c.label)
  const usual = slowestFirst.filter((c) => !isExtreme(c))
  checkLongest(check, usual, MOST_CALL_MS)
  checkLongest(check, slowestFirst.filter(isExtreme), EXTREME_CALL_MS)
  console.log()
}

function checkLongest(check, [{ label, call, callMs }], most) {
  check(
    `recorder calls: longest ${callMs.toFixed(2)} ms, ${call} (${label})`,
    callMs <= most,
    `at most ${most.toFixed(0)} ms`,
    TIMED,
  )
}

/** Each thing alone. */
export function reportAlone(check, { tiny, text, delay }) {
  const [first, rate] = [Math.max(...text.map((t) => t.first)), mean(text.map((t) => t.rate))]
  console.log(`alone   text: first token within ${first.toFixed(0)} ms, ${rate.toFixed(1)} tokens/s`)
  console.log(
    `alone   event-loop delay beside the tiny model: p99 ${delay.p99.toFixed(1)} ms, longest ${delay.worst.toFixed(1)} ms`,
  )
  check(`alone   the tiny model: ${tiny.rate.toFixed(0)} steps/s`, tiny.rate > TINY_ALONE, `above ${TINY_ALONE}`, TIMED)
}

/** Everything at once. */
export function reportTogether(check, alone, together, { short, seconds, rate }) {
  const { small, tiny, file, merges, generations, requests, delay, idleDelay, calls } = together
  console.log(`\ntogether, for ${seconds} s`)
  check(
    `GPT-2 small: ${small.steps} steps, ${small.rate.toFixed(2)}/s, loss ${number(small.first)} to ${number(small.loss)}`,
    small.steps > 0,
    'at least 1',
  )
  check(
    `the tiny model: ${tiny.steps} steps, ${tiny.rate.toFixed(1)}/s, loss ${number(tiny.first)} to ${number(tiny.loss)}`,
    tiny.loss < tiny.first,
    'the loss falls',
  )
  check(
    `a file of ${(file.bytes / 1e6).toFixed(0)} MB: ${file.times} times, saved in ${per(file.saveMs, file.times)} ms, loaded in ${per(file.loadMs, file.times)} ms`,
    file.times > 0 && file.wrong === 0,
    'the same numbers come back',
  )
  check(
    `an adapter of ${merges.layers} layers: merged and taken out ${merges.times} times, ${per(merges.ms, merges.times)} ms each`,
    merges.times > 0,
  )
  reportText(check, alone.text, generations)
  reportRequests(check, requests, seconds * rate)
  console.log(
    `        idle process beside it: delay p99 ${idleDelay.p99.toFixed(1)} ms, longest ${idleDelay.worst.toFixed(1)} ms`,
  )
  check(
    `event-loop delay: p50 ${delay.p50.toFixed(1)}, p99 ${delay.p99.toFixed(1)} ms of ${delay.count}`,
    delay.p99 < DELAY_P99_MS,
    `below ${DELAY_P99_MS} ms`,
    TIMED,
  )
  check(`event-loop delay: longest ${delay.worst.toFixed(1)} ms`, delay.worst < DELAY_MS, `below ${DELAY_MS} ms`, TIMED)
  printCollections(calls.pauses)
  const full = calls.pauses.filter((pause) => pause.kind === 'full').length
  const mostFull = seconds * (short ? FULL_RATE_SHORT : FULL_RATE)
  check(`full collections of V8: ${full}`, full <= mostFull, `at most ${mostFull}`)
  reportCalls(check, calls)
}

function reportText(check, alone, generations) {
  const firsts = generations.map((g) => g.first)
  const list = firsts.map((ms) => ms.toFixed(0)).join(' ')
  check(
    `text: first tokens after ${list} ms`,
    firsts.length > 0 && Math.max(...firsts) <= FIRST_TOKEN_MS,
    `each within ${FIRST_TOKEN_MS} ms`,
    TIMED,
  )
  const [before, now] = [mean(alone.map((g) => g.rate)), mean(generations.map((g) => g.rate))]
  check(
    `text: ${now.toFixed(1)} tokens/s, ${((100 * now) / before).toFixed(0)} % of alone`,
    now >= LEAST_SHARE * before,
    `at least ${100 * LEAST_SHARE} %`,
    TIMED,
  )
}

function reportRequests(check, { sent, lost, wrong, times }, due) {
  const p99 = quantile(times, 0.99)
  check(`HTTP: ${sent} requests, ${lost} lost, ${wrong} wrong`, sent > 0 && lost === 0 && wrong === 0, 'none lost')
  check(`HTTP: ${sent} requests sent of ${due}`, sent >= 0.95 * due, 'at least 95 %', TIMED)
  check(
    `HTTP: response p50 ${quantile(times, 0.5).toFixed(1)}, p99 ${p99.toFixed(1)} ms, longest ${Math.max(...times).toFixed(0)} ms`,
    p99 < RESPONSE_MS,
    `p99 below ${RESPONSE_MS} ms`,
    TIMED,
  )
}

function reportCalls(check, { kinds, longest }) {
  const total = [...kinds.values()].reduce((n, kind) => n + kind.calls, 0)
  const worst = longest[0] ?? { name: 'none', ms: 0 }
  const above = longest.filter(({ ms }) => ms > MOST_CALL_MS).length
  // The system may suspend the thread in the middle of a call: on a machine with as many busy threads as cores, that counts as the call's time.
  console.log(
    `        recorder calls: ${total}, longest ${worst.ms.toFixed(2)} ms ${worst.name}; ${above} above ${MOST_CALL_MS} ms`,
  )
  printKinds(kinds)
  check(
    `recorder calls above ${MOST_CALL_MS} ms: ${((1e6 * above) / total).toFixed(0)} of a million`,
    above <= 1e-4 * total,
    'at most 1 of 10,000, where the system took the thread away',
    TIMED,
  )
}

function number(x) {
  return x === null ? 'unknown' : x.toFixed(3)
}

function per(ms, times) {
  return times === 0 ? '-' : (ms / times).toFixed(0)
}
