// One file with all that is needed to resume training: weights, moments, random states, position in the data, and the log so far.
import { existsSync, rmSync } from 'node:fs'
import * as lora from 'loralib'

// The head shares the tensor of the token embedding.
const TIED = 'lm_head.weight'

/** Writes the file: there is the old one or the complete new one, never an incomplete one. */
export async function saveCheckpoint(path, { model, optimizer, windows, progress }) {
  const { state, param_groups: groups } = optimizer.stateDict()
  const tensors = Object.entries(model.stateDict()).filter(([name]) => name !== TIED)
  const steps = {}
  for (const [number, { step, ...moments }] of Object.entries(state)) {
    steps[number] = step
    for (const [name, moment] of Object.entries(moments)) tensors.push([`optimizer.${number}.${name}`, moment])
  }
  const rest = { groups, steps, windows: windows.state, rng: lora.getRngState(), progress }
  await lora.save(Object.fromEntries(tensors), path, { metadata: { trainBase: JSON.stringify(rest) } })
}

/** Restores everything. Returns the progress, or null when there is no checkpoint. */
export async function loadCheckpoint(path, { model, optimizer, windows }) {
  if (!existsSync(path)) return null
  const { metadata } = await lora.loadHeader(path)
  const rest = JSON.parse(metadata.trainBase)
  const dict = await lora.load(path)
  const [weights, state] = [{}, {}]
  for (const [number, step] of Object.entries(rest.steps)) state[number] = { step }
  for (const [name, tensor] of Object.entries(dict)) {
    const [, number, moment] = /^optimizer\.(\d+)\.(.*)$/.exec(name) ?? []
    if (moment === undefined) weights[name] = tensor
    else state[number][moment] = tensor
  }
  const { missingKeys, unexpectedKeys } = model.loadStateDict(weights, { strict: false })
  const wrong = [...missingKeys.filter((key) => key !== TIED), ...unexpectedKeys]
  if (wrong.length > 0) {
    throw new Error(`${path} belongs to another model (${wrong[0]}).\n  fix  begin anew with --fresh`)
  }
  optimizer.loadStateDict({ state, param_groups: rest.groups })
  windows.state = rest.windows
  lora.setRngState(rest.rng)
  await lora.settle()
  for (const tensor of Object.values(dict)) tensor.dispose()
  return rest.progress
}

export function removeCheckpoint(path) {
  rmSync(path, { force: true })
}
