// Matching of targets against the modules of a model, and the errors for targets that match nothing.
import { OptionError } from '../errors.js'
import type { Module } from '../nn/module.js'
import { bad, nearest } from '../runtime/options.js'
import { isAdapter } from './adapter.js'

/**
 * Selects layers: a string matches a path that equals it or ends with `.` and it; a RegExp is tested against the whole path; a function decides
 * from path and layer.
 */
export type Target = string | RegExp | ((path: string, module: Module) => boolean)

/** A module with its path. */
export type Named<M extends Module = Module> = readonly [path: string, module: M]

/** Whether a path is a name, or ends with a dot and it. */
export function isNamed(name: string, path: string): boolean {
  return path === name || path.endsWith(`.${name}`)
}

/** Whether a target matches a module. */
export function fits(target: Target, path: string, module: Module): boolean {
  if (typeof target === 'string') return isNamed(target, path)
  if (typeof target === 'function') return target(path, module)
  target.lastIndex = 0 // a RegExp with the g flag would resume at its last index
  return target.test(path)
}

/** Checks the type of a target. @throws {OptionError} for a value that is not a target. */
export function checkTarget(owner: string, name: string, target: unknown): Target {
  if (typeof target === 'string' || typeof target === 'function' || target instanceof RegExp) return target as Target
  throw bad(owner, name, 'strings, RegExps or functions that name layers', target)
}

/** One target or a list of them, as a list. */
export function checkTargets(owner: string, name: string, given: Target | readonly Target[]): Target[] {
  const targets = Array.isArray(given) ? [...(given as Target[])] : [given as Target]
  return targets.map((target) => checkTarget(owner, name, target))
}

/** A target as shown in errors. */
export function showTarget(target: Target): string {
  return typeof target === 'function' ? (target.name ? `the function ${target.name}` : 'a function') : String(target)
}

/** The error for targets that match no layer; it suggests similar names. */
export function fitsNothing(
  owner: string,
  unmatched: readonly Target[],
  modules: readonly Named[],
  layers: readonly Named[],
): OptionError {
  const target = unmatched[0]!
  const others = modules.filter(([path, module]) => fits(target, path, module))
  const names = lastNames(layers)
  return new OptionError({
    what: `${owner}: no layer matches ${unmatched.map(showTarget).join(', ')}`,
    expected: `targets that match a layer which can be adapted: ${names.join(', ') || 'the model has none'}`,
    received: others.length > 0 ? others.slice(0, 3).map(describe).join(', ') : showTarget(target),
    fix: repair(target, others, layers),
  })
}

/** The error for an exclude that excludes nothing. */
export function excludesNothing(owner: string, target: Target, targeted: readonly Named[]): OptionError {
  return new OptionError({
    what: `${owner}: exclude ${showTarget(target)} excludes no layer`,
    expected: `an exclude that matches one of the ${targeted.length} layers that the targets match: ${some(targeted)}`,
    received: showTarget(target),
    fix: `${nearName(target, targeted) ?? 'name one of the layers above'}, or remove it`,
  })
}

/** The error for selected modules that no LoRA layer can replace. */
export function cannotAdapt(owner: string, modules: readonly Named[]): OptionError {
  const adapted = modules.some(([, module]) => isAdapter(module))
  return new OptionError({
    what: `${owner}: the targets name ${modules.length === 1 ? 'a module' : 'modules'} that cannot be adapted`,
    expected:
      'plain layers: nn.Linear, nn.TransposedLinear, nn.Embedding, nn.Conv1d to nn.Conv3d, nn.MultiheadAttention',
    received: modules.slice(0, 5).map(describe).join(', ') + (modules.length > 5 ? ', …' : ''),
    fix: adapted
      ? 'inject once, with all targets, into the plain model'
      : 'name other layers, or list these under exclude',
  })
}

/** The first few paths, for an error. */
export function some(named: readonly Named[]): string {
  const paths = named.slice(0, 8).map(([path]) => path)
  return paths.join(', ') + (named.length > 8 ? ', …' : '')
}

function describe([path, module]: Named): string {
  return `${path} (${isAdapter(module) ? 'a LoRA layer already' : module.constructor.name})`
}

function repair(target: Target, others: readonly Named[], layers: readonly Named[]): string {
  if (others.some(([, module]) => isAdapter(module))) return 'inject once, with all targets, into the plain model'
  if (others.length > 0) return 'name the layers inside it'
  return nearName(target, layers) ?? 'name one of the layers above'
}

// A target of n names is compared with the last n names of each path.
function nearName(target: Target, layers: readonly Named[]): string | undefined {
  const wanted = target instanceof RegExp ? target.source : typeof target === 'string' ? target : ''
  const parts = wanted.split('.').length
  const near = nearest(wanted, new Set(layers.map(([path]) => path.split('.').slice(-parts).join('.'))))
  return near === undefined ? undefined : `write '${near}'`
}

function lastNames(layers: readonly Named[]): string[] {
  return [...new Set(layers.map(([path]) => path.slice(path.lastIndexOf('.') + 1)))]
}
