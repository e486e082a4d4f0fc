import * as ops from '../generated/ops.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'

/** Copies each source into its target: all of them, or none if computing one of the sources fails. */
export function copyAll(pairs: readonly (readonly [target: Tensor, source: Tensor])[]): void {
  const changes = pairs.filter(([target, source]) => target !== source)
  if (changes.length === 0) return
  noGrad(() => {
    const sound = ops.allSound(changes.map(([, source]) => source))
    for (const [target, source] of changes) ops.copyInplace(target, source, sound)
    sound.dispose()
  })
}
