// The limits, and how they are reported.
import { mb, row } from '../lib/report.mjs'
import { lateness } from '../lib/timer.mjs'
import { printCollections } from '../loop/calls.mjs'
import { COUNTED } from './work.mjs'

/** The most by which a median, or a count of work, may be larger than with few tensors and one stream. */
const MOST_GROWTH = 1.2
const MOST_DELAY_MS = 10
const TIMED = { timed: true }
const CASES = {
  tensors: (count) => `${count} tensors`,
  both: (count, streams) => `${count} tensors, ${streams} streams`,
  onlyStreams: (_, streams) => `10 tensors, ${streams} streams`,
}
const WIDTHS = [32, 12, 12, 12, 12]

/** One number of tensors: a table in µs, and a check for each case. */
export function reportCosts(check, result) {
  if (!check(`the process measured`, result !== null, 'a result')) return
  const { count, streams, generators, cases } = result
  const names = Object.keys(cases.before)
  const base = (name) => (cases.before[name].us + cases.after[name].us) / 2
  console.log(`\n${row(['µs, medians', ...names], WIDTHS)}`)
  const line = (label, of) => console.log(row([label, ...names.map((name) => of[name].us.toFixed(1))], WIDTHS))
  line('10 tensors, 1 stream, before', cases.before)
  for (const [key, label] of Object.entries(CASES)) line(label(count, streams), cases[key])
  line('10 tensors, 1 stream, after', cases.after)
  for (const [key, label] of Object.entries(CASES)) {
    const grown = names.map((name) => [name, cases[key][name].us / base(name)])
    const [name, worst] = grown.reduce((a, b) => (b[1] > a[1] ? b : a))
    check(
      `${label(count, streams)}: at most ${worst.toFixed(2)} times the time (${name})`,
      worst <= MOST_GROWTH,
      `${MOST_GROWTH} times`,
      TIMED,
    )
    for (const name of names)
      checkWork(check, `${label(count, streams)}, ${name}`, cases.before[name].work, cases[key][name].work)
  }
  check(`generators that seeded requests left behind: ${generators}`, generators === 0, 'none')
}

/** No count of work is larger, and nothing lists tensors. */
function checkWork(check, label, before, now) {
  const text = COUNTED.map((what, i) => `${now[i].toFixed(1)} ${what}`).join(', ')
  const listed = now[COUNTED.indexOf('tensors listed')]
  const grown = now.every((n, i) => n <= MOST_GROWTH * before[i])
  check(`${label}: ${text}`, grown && listed === 0, 'as with 10 tensors and one stream, and no list of tensors')
}

/** The models. */
export function reportModels(check, result) {
  if (!check('the process made the models', result !== null, 'a result')) return
  const { count, tensors, each, made, delay, pauses, idle, forward } = result
  console.log(`\n${count} models that share a base, ${tensors.toFixed(1)} tensors each`)
  const resident = each.resident === null ? '' : `, ${mb(each.resident)} MB of the process`
  check(
    `memory of each: ${mb(each.adapter)} MB of adapters, ${mb(each.base)} MB of base, ${mb(each.heap)} MB of JavaScript${resident}`,
    each.base === 0 && each.adapter > 0,
    'nothing of the base',
  )
  check(
    `time to make one: median ${made.median.toFixed(2)} ms, p99 ${made.p99.toFixed(2)} ms, worst ${made.worst.toFixed(1)} ms`,
    made.p99 < MOST_DELAY_MS,
    `p99 below ${MOST_DELAY_MS} ms`,
    TIMED,
  )
  const late = lateness({ worst: delay.worst }, idle)
  check(
    `event loop outside V8's pauses: at most ${delay.worst.toFixed(1)} ms late, p99 ${delay.p99.toFixed(1)} ms; an idle process beside it ${idle.worst.toFixed(1)} ms`,
    delay.count > 0 && late < MOST_DELAY_MS,
    `below ${MOST_DELAY_MS} ms, or as much more as a busy machine makes the idle process late`,
    TIMED,
  )
  console.log("        V8's pauses:")
  printCollections(pauses)
  const ratio = forward.last.ms / forward.first.ms
  console.log(
    `        a forward of the first model: ${forward.first.ms.toFixed(1)} ms alone, ${forward.last.ms.toFixed(1)} ms beside all, ${ratio.toFixed(2)} times`,
  )
  checkWork(check, `a forward beside ${count} models`, forward.first.work, forward.last.work)
}
