// Selects cases of a folder.
import { FixtureError } from './manifest.mjs'

/**
 * The cases that match all of `group`, `kind` and `case` (each a list of names, separated by commas or given repeatedly).
 * @throws {FixtureError} for a name that neither the folder nor the runner knows, and when no case is left
 */
export function selectCases(manifest, { group, kind, case: id }, isKnownKind) {
  const wanted = { group: split(group), kind: split(kind), id: split(id) }
  const groups = new Set([...Object.keys(manifest.groups), ...manifest.cases.map((entry) => entry.group)])
  refuseUnknown('group', wanted.group, (name) => groups.has(name))
  refuseUnknown('kind', wanted.kind, (name) => isKnownKind(name) || manifest.cases.some((entry) => entry.kind === name))
  refuseUnknown('case', wanted.id, (name) => manifest.cases.some((entry) => entry.id === name))
  const fits = (entry) => Object.entries(wanted).every(([key, names]) => names === null || names.includes(entry[key]))
  const cases = manifest.cases.filter(fits)
  if (cases.length === 0) throw new FixtureError('no case of this folder fits the options: nothing was run')
  return cases
}

const split = (lists) => lists?.flatMap((list) => list.split(',')).map((name) => name.trim()) ?? null

function refuseUnknown(what, names, isKnown) {
  const unknown = (names ?? []).filter((name) => !isKnown(name))
  if (unknown.length > 0) throw new FixtureError(`unknown ${what} ${unknown.join(', ')}`)
}
