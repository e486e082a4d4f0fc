import * as ops from '../generated/ops.js'
import { storageOf } from '../native/tensor.js'
import { noGrad, scope } from './scope.js'
import type { Tensor } from './tensor.js'

/**
 * Copies each source into its target, converted: all of them, or none if a source has failed or the work is aborted. It is one entry of the queue.
 * Of two sources for one target the later one counts.
 */
export function copyAll(pairs: Iterable<readonly [target: Tensor, source: Tensor]>): void {
  const changes = new Map<number, readonly [target: Tensor, source: Tensor]>()
  for (const pair of pairs) changes.set(storageOf(pair[0].id), pair)
  noGrad(() =>
    scope(() => {
      const [targets, sources]: [Tensor[], Tensor[]] = [[], []]
      for (const [storage, [target, source]] of changes) {
        const from = storageOf(source.id)
        if (from === storage) continue
        targets.push(target)
        // One that is overwritten itself, in an exchange of weights: all are read before any is changed.
        sources.push(changes.has(from) ? source.clone() : source)
      }
      if (targets.length > 0) ops.assign(targets, sources)
    }),
  )
}
