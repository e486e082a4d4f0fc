// The mutants of a case, for the proof that the runner detects errors: one expected tensor, one stated fact or one setting changed at a time.
import { Check, valueAt } from './compare.mjs'
import { KINDS, statesNothing } from './kinds.mjs'
import { statedFiles, verifyFiles } from './manifest.mjs'
import { checkTensorList, runFixture } from './run.mjs'

/** An expected element is changed by this many times its tolerance. */
const SHIFT = 10

/**
 * All mutants of one case: `{type, label, isCaught}`. `isCaught()` runs the changed case and returns whether it failed because
 * of the change.
 * @param record what a run of the unchanged case compared
 */
export function* mutantsOf(manifest, fixture, record) {
  yield* tensorMutants(fixture, record)
  yield* meanMutants(fixture, record)
  yield* factMutants(fixture, record)
  yield* ruleMutants(fixture, record)
  yield* unknownMutants(fixture)
  yield* settingMutants(fixture, record)
  yield* fileMutants(manifest, fixture.raw)
}

/** One element of each compared tensor; every comparison with that tensor must then fail. */
function* tensorMutants(fixture, record) {
  const byName = groupByName(record.filter((item) => item.type === 'tensor'))
  for (const [name, items] of byName) {
    const { want, what } = changedTensor(fixture.want(name), items)
    const labels = items.map((item) => item.label)
    const isCaught = async () => {
      const { failures } = await runFixture(fixture.with({ wants: new Map([[name, want]]), isNoted: false }))
      return labels.every((label) => failures.some(({ about }) => about === label))
    }
    yield { type: 'tensors', label: `${name}: ${what}`, isCaught }
  }
}

function groupByName(items) {
  const groups = new Map()
  for (const item of items) groups.set(item.name, [...(groups.get(item.name) ?? []), item])
  return groups
}

/** The last element that counts, changed by 10 times its tolerance; an empty tensor gets another shape. */
function changedTensor(want, items) {
  const at = want.data.findLastIndex(
    (value, i) => Number.isFinite(Number(value)) && items.every(({ binds }) => binds(i)),
  )
  if (at < 0) {
    const shape = [...want.shape.slice(0, -1), (want.shape.at(-1) ?? 0) + 1]
    return { want: { ...want, shape }, what: `shape (${shape})` }
  }
  if (typeof want.data[at] === 'bigint') {
    const data = want.data.slice()
    data[at] += 1n
    return { want: { ...want, data }, what: `element ${at} plus 1` }
  }
  const data = Float64Array.from(want.data)
  const allowed = Math.max(...items.map(({ tolerance: { atol, rtol } }) => atol + rtol * Math.abs(data[at])))
  // Where bits must agree there is no tolerance: then one unit in the last place of an f32.
  const step = allowed > 0 ? SHIFT * allowed : Math.max(Math.abs(data[at]) * 2 ** -23, 2 ** -149)
  data[at] += step
  return { want: { ...want, data }, what: `element ${at} moved by ${step}` }
}

/** All elements of the tensors of a mean, changed by 10 times the tolerance of the mean. */
function* meanMutants(fixture, record) {
  for (const { label, names, tolerance } of record.filter((item) => item.type === 'mean')) {
    const moved = names.map((name) => {
      const want = fixture.want(name)
      return [name, { ...want, data: Float64Array.from(want.data, (value) => value + SHIFT * tolerance.atol) }]
    })
    const isCaught = async () => {
      const { failures } = await runFixture(fixture.with({ wants: new Map(moved), isNoted: false }))
      return failures.some(({ about }) => about === label)
    }
    yield { type: 'tensors', label: `${label}: ${names.length} tensors moved by ${SHIFT * tolerance.atol}`, isCaught }
  }
}

/** Each leaf of each fact, and each list and map made longer, shorter or reordered. */
function* factMutants(fixture, record) {
  for (const { path, tolerance, ordered } of record.filter((item) => item.type === 'fact')) {
    const about = path.join('.')
    for (const { at, what, value } of falsified(valueAt(fixture.raw, path), path, tolerance, ordered)) {
      const mutant = fixture.with({ entry: withValue(fixture.raw, at, value), isNoted: false })
      const isCaught = async () => {
        const { failures } = path[0] === 'tensors' ? listOnly(mutant) : await runFixture(mutant)
        return failures.some((failure) => failure.about === about || failure.about.startsWith(`${about}.`))
      }
      yield { type: 'facts', label: `${at.join('.')}: ${what}`, isCaught }
    }
  }
}

/** The list of tensors is checked before and separately from the rest of a case, so its mutants need no run. */
function listOnly(mutant) {
  const check = new Check(mutant)
  checkTensorList(mutant, check)
  return check
}

function* falsified(value, at, tolerance, ordered) {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* falsified(item, [...at, i], tolerance, ordered)
    yield { at, what: 'one more entry', value: [...value, value.at(-1) ?? 'extra'] }
    if (value.length > 0) yield { at, what: 'last entry left out', value: value.slice(0, -1) }
    const swap = ordered
      ? value.findIndex((item, i) => i > 0 && JSON.stringify(item) !== JSON.stringify(value[i - 1]))
      : -1
    if (swap > 0) yield { at, what: `entries ${swap - 1} and ${swap} swapped`, value: swapped(value, swap) }
  } else if (value !== null && typeof value === 'object') {
    for (const key of Object.keys(value)) yield* falsified(value[key], [...at, key], tolerance, ordered)
    yield { at, what: 'one more key', value: { ...value, extra: Object.values(value)[0] ?? 1 } }
    for (const key of Object.keys(value)) yield { at, what: `${key} left out`, value: without(value, key) }
  } else {
    const other = falsifiedLeaf(value, tolerance)
    yield { at, what: `${JSON.stringify(other)} for ${JSON.stringify(value)}`, value: other }
  }
}

function falsifiedLeaf(value, { atol, rtol }) {
  if (value === null) return 1
  if (typeof value === 'boolean') return !value
  // Adding 1 to a large number has no effect.
  const exact = Math.max(1, Math.abs(value) * 2 ** -23)
  if (typeof value === 'number') return value + (atol + rtol === 0 ? exact : SHIFT * (atol + rtol * Math.abs(value)))
  return `${value}_x`
}

const swapped = (list, i) => list.with(i, list[i - 1]).with(i - 1, list[i])
const without = (object, key) => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))

/** Sentences that the runner acts on: one that it cannot know, and those that contradict the result. */
function* ruleMutants(fixture, record) {
  for (const { path, mutants } of record.filter((item) => item.type === 'rule')) {
    for (const text of ['as nobody has written it', ...mutants]) {
      const mutant = fixture.with({ entry: withValue(fixture.raw, path, text), isNoted: false })
      const isCaught = async () => (await runFixture(mutant)).failures.length > 0
      yield { type: 'facts', label: `${path.join('.')}: ${JSON.stringify(text)}`, isCaught }
    }
  }
}

/** A setting that nobody knows, in the entry and in each object of its settings: the run must not pass over it. */
function* unknownMutants(fixture) {
  for (const path of [[], ...objectsIn(fixture.raw, settingsOf(fixture.raw))]) {
    const holder = valueAt(fixture.raw, path)
    const value = { ...holder, setting_of_the_proof: 1 }
    const entry = path.length === 0 ? value : withValue(fixture.raw, path, value)
    const isCaught = async () => (await runFixture(fixture.with({ entry }))).failures.length > 0
    yield { type: 'settings', label: `${path.join('.') || 'entry'}: one more setting`, isCaught }
  }
}

/**
 * Each value of each setting. Where no other value makes this case fail (a penalty that changes no beam), another case of the kind must show the
 * setting: `shows` is its name.
 */
function* settingMutants(fixture, record) {
  const { raw } = fixture
  const { ordered = [], fixed = {} } = KINDS[raw.kind]
  const isFact = (path) => record.some((item) => item.path?.join('.') === path.join('.'))
  const fails = async (at, value) =>
    (await runFixture(fixture.with({ entry: withValue(raw, at, value) }))).failures.length > 0
  for (const key of settingsOf(raw)) {
    for (const { at, values } of otherValues(raw[key], [key], isFact)) {
      if (statesNothing(raw, at) || Object.keys(fixed).some((end) => `.${nameOf(at)}`.endsWith(`.${end}`))) continue
      const isCaught = async () => {
        for (const value of values) if (await fails(at, value)) return true
        return false
      }
      const path = at.join('.')
      yield { type: 'settings', label: `${path}: another value`, shows: `${raw.kind} ${nameOf(at)}`, isCaught }
      if (!ordered.includes(path)) continue
      const list = valueAt(raw, at)
      for (let i = 1; i < list.length; i++)
        yield {
          type: 'settings',
          label: `${path}: entries ${i - 1} and ${i} swapped`,
          isCaught: () => fails(at, swapped(list, i)),
        }
    }
  }
}

/** A path without the numbers of list entries: all entries of a list are one setting. */
const nameOf = (path) => path.map((key) => (/^\d+$/.test(key) ? '*' : key)).join('.')

const settingsOf = (entry) => KINDS[entry.kind].settings.filter((key) => key in entry)

/** The paths of all objects below some keys, without those that state a file. */
function objectsIn(entry, keys) {
  const found = []
  const walk = (value, path) => {
    if (value === null || typeof value !== 'object' || 'sha256' in value) return
    if (!Array.isArray(value)) found.push(path)
    for (const [key, item] of Object.entries(value)) walk(item, [...path, key])
  }
  for (const key of keys) walk(entry[key], [key])
  return found
}

/** Other values for each part of a setting. A path that a file states is changed with the files. */
function* otherValues(value, at, isFact) {
  if (isFact(at)) return
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* otherValues(item, [...at, String(i)], isFact)
    const lists = value.map((_, i) => value.toSpliced(i, 1))
    const isMixed = value.some((item, i) => i > 0 && JSON.stringify(item) !== JSON.stringify(value[i - 1]))
    if (value.length > 0) yield { at, values: [...lists, ...(isMixed ? [value.toReversed()] : [])] }
  } else if (value !== null && typeof value === 'object') {
    if ('sha256' in value) return
    for (const key of Object.keys(value)) yield* otherValues(value[key], [...at, key], isFact)
  } else yield { at, values: otherLeaves(value) }
}

/** The nearest ones first: the one that shows is found soonest. */
function otherLeaves(value) {
  if (value === null) return [1, 0, 'other']
  if (typeof value === 'boolean') return [!value]
  if (typeof value === 'string') return [`${value}_x`]
  const numbers = [value + 1, value * 2, value / 2, value === 0 ? 0.5 : 0, 1, -1 - value]
  return [...new Set(numbers)].filter((number) => number !== value)
}

/** Sizes, hashes and names of all files that the entry states. */
function* fileMutants(manifest, entry) {
  for (const [i, file] of statedFiles(entry).entries()) {
    const changes = {
      bytes: file.bytes + 1,
      sha256: file.sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      path: `${file.path}.missing`,
    }
    for (const [key, value] of Object.entries(changes)) {
      const copy = structuredClone(entry)
      const target = statedFiles(copy)[i]
      if (target.path === copy.file) copy[key === 'path' ? 'file' : key] = value
      else target[key] = value
      yield {
        type: 'files',
        label: `${file.path}: ${key} ${value}`,
        isCaught: () => throws(() => verifyFiles(manifest, copy)),
      }
    }
  }
}

/** Whether `fn` throws. */
export function throws(fn) {
  try {
    fn()
    return false
  } catch {
    return true
  }
}

/** The entry with another value at a path; what is not on the path is shared. */
function withValue(entry, [key, ...rest], value) {
  const next = rest.length === 0 ? value : withValue(entry[key], rest, value)
  return Array.isArray(entry) ? entry.with(Number(key), next) : { ...entry, [key]: next }
}
