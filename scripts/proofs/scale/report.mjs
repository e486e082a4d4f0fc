// The limits, and how they are reported.
import { mb, row } from '../lib/report.mjs'
import { lateness } from '../lib/timer.mjs'
import { printCollections } from '../lib/collections.mjs'
import { COUNTED } from './work.mjs'

/** The most by which a median, or a count of work, may be larger than with few tensors and one stream. */
const MOST_GROWTH = 1.2
const MOST_DELAY_MS = 10
const TIMED = { timed: true }
const CASES = {
  few: () => '10 tensors, 1 stream',
  tensors: (count) => `${count} tensors`,
  both: (count, streams) => `${count} tensors, ${streams} streams`,
  onlyStreams: (_, streams) => `10 tensors, ${streams} streams`,
}
const WIDTHS = [34, 12, 12, 12, 12]

/** One number of tensors: a table in µs, and a check for each case. */
export function reportCosts(check, result) {
  if (!check('the process measured', result !== null, 'a result')) return
  const { count, streams, generators, cases } = result
  const names = Object.keys(cases.few)
  console.log(`\n${row(['µs, medians', ...names], WIDTHS)}`)
  for (const [key, label] of Object.entries(CASES)) {
    const line = (text, of) => console.log(row([text, ...names.map((name) => of(cases[key][name]).toFixed(1))], WIDTHS))
    line(label(count, streams), (of) => of.us)
    line('  meanwhile 10 tensors, 1 stream', (of) => of.still)
  }
  // Two processes that do the same differ a little, too: by how V8 compiled them.
  const ratio = (key, name) => cases[key][name].ratio / cases.few[name].ratio
  for (const [key, label] of Object.entries(CASES)) {
    if (key === 'few') continue
    const [worst, name] = names.map((each) => [ratio(key, each), each]).reduce((a, b) => (b[0] > a[0] ? b : a))
    check(
      `${label(count, streams)}: at most ${worst.toFixed(2)} times the time (${name})`,
      worst <= MOST_GROWTH,
      `${MOST_GROWTH} times`,
      TIMED,
    )
    for (const each of names)
      checkWork(check, `${label(count, streams)}, ${each}`, cases.few[each].work, cases[key][each].work)
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
  const { count, tensors, each, made, delay, waited, stall, pauses, forward } = result
  console.log(`\n${count} models that share a base, ${tensors.toFixed(1)} tensors each`)
  const resident = each.resident === null ? '' : `, ${mb(each.resident)} MB of the process`
  check(
    `memory of each: ${mb(each.adapter)} MB of adapters, ${mb(each.base)} MB of base, ${mb(each.heap)} MB of JavaScript${resident}`,
    each.base === 0 && each.adapter > 0,
    'nothing of the base',
  )
  const ms = ({ median, p99, worst }) =>
    `median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, worst ${worst.toFixed(2)} ms`
  const isBelow = (worst) => lateness({ worst }, { worst: stall }) < MOST_DELAY_MS
  check(`time to make one: ${ms(made)}`, isBelow(made.worst), `below ${MOST_DELAY_MS} ms`, TIMED)
  check(
    `delay of the event loop: ${ms(delay)}`,
    delay.count > 0 && isBelow(delay.worst),
    `below ${MOST_DELAY_MS} ms outside V8's pauses`,
    TIMED,
  )
  console.log(
    `        both without V8's pauses and the ${waited.toFixed(0)} ms in which this thread had no processor; the machine stood still for up to ${stall.toFixed(1)} ms`,
  )
  printCollections(pauses)
  const ratio = forward.last.ms / forward.first.ms
  console.log(
    `        a forward of the first model: ${forward.first.ms.toFixed(1)} ms alone, ${forward.last.ms.toFixed(1)} ms beside all, ${ratio.toFixed(2)} times`,
  )
  checkWork(check, `a forward beside ${count} models`, forward.first.work, forward.last.work)
}
