// One case from its files to its result.
import { Check } from './compare.mjs'
import { KINDS, isKnownKind, statesNothing, unsupportedReason } from './kinds.mjs'
import { FixtureError, openFixture, packageDtype } from './manifest.mjs'

/**
 * Runs one case.
 * @returns {Promise<{entry: object, state: 'passed' | 'failed' | 'unsupported', reason?: string, failures: object[],
 *   worst: {share: number, what: string}}>}
 */
export async function runCase(manifest, entry) {
  const nothing = { entry, failures: [], worst: { share: 0, what: '' } }
  const failed = (text) => ({ ...nothing, state: 'failed', failures: [{ about: entry.kind, text }] })
  if (!isKnownKind(entry.kind)) return failed(`unknown kind ${JSON.stringify(entry.kind)}`)
  const reason = unsupportedReason(entry)
  if (reason !== null) return { ...nothing, state: 'unsupported', reason }
  try {
    const fixture = await openFixture(manifest, entry)
    const check = await runFixture(fixture)
    const state = check.failures.length === 0 ? 'passed' : 'failed'
    return { entry, state, failures: check.failures, worst: check.worst }
  } catch (error) {
    return failed(error instanceof FixtureError ? error.message : `threw ${error?.stack ?? error}`)
  }
}

/** Runs an opened case, which a proof may have changed in memory. A thrown error is a failure. */
export async function runFixture(fixture) {
  const check = new Check(fixture)
  checkTensorList(fixture, check)
  try {
    await KINDS[fixture.entry.kind].run(fixture, check)
    if (check.failures.length === 0) checkCoverage(fixture, check)
    if (check.failures.length === 0) checkReads(fixture, check)
  } catch (error) {
    check.failures.push({ about: 'threw', text: `threw ${error?.stack ?? error}` })
  }
  return check
}

/** The entry lists names, dtypes and shapes: the result of `lora.load` must have exactly these. */
export function checkTensorList({ entry, loaded, tensors }, check) {
  const got = {}
  for (const [name, { dtype, shape }] of loaded) {
    const stored = tensors.get(name)?.stored
    got[name] = { dtype: packageDtype(stored) === dtype ? stored : dtype, shape }
  }
  if (entry.tensors !== undefined || loaded.size > 0) check.fact(['tensors'], got)
  check.that(
    'tensors',
    loaded.size === 0 || entry.tensors !== undefined,
    'the entry does not list the tensors of its file',
  )
}

/** Every tensor of the file must be an input, be compared, or be for information only. */
function checkCoverage(fixture, check) {
  const compared = check.comparedTensors()
  const informative = KINDS[fixture.entry.kind].informative ?? (() => false)
  for (const name of fixture.names()) {
    const covered = compared.has(name) || fixture.used.has(name) || informative(fixture.entry, name)
    check.that(name, covered, 'the file has this tensor and nothing checks it')
  }
}

/** Every value of the entry must be read by the run, or be known to state nothing: a setting that is not read is not checked. */
function checkReads({ reads, raw }, check) {
  for (const path of reads?.unread() ?? []) {
    const ignored = statesNothing(raw, path) || check.isInformative(path)
    check.that(path.join('.'), ignored, 'the entry states this and the runner does not read it')
  }
}
