import { OptionError } from '../../errors.js'
import type { ScheduledOptimizer } from '../schedule.js'

/** @throws {OptionError} for an Adafactor that makes its own rates: it would not read those of a schedule. */
export function refuseRelativeStep(owner: string, { paramGroups }: ScheduledOptimizer): void {
  if (!paramGroups.some((group) => 'relativeStep' in group && group.relativeStep === true)) return
  throw new OptionError({
    what: `${owner}: this optimizer makes its own rates`,
    expected: 'an optimizer that uses lr',
    received: 'Adafactor with relativeStep: true',
    fix: 'make it with relativeStep: false and lr, or leave out the schedule',
  })
}
