import { OptionError } from '../errors.js'
import { adapterTensors } from '../lora/trainable.js'
import { Embedding } from '../nn/embedding.js'
import { Embedding as LoraEmbedding } from '../lora/embedding.js'
import type { Module } from '../nn/module.js'
import { bad, checkChoice } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { BottleneckAdapter } from './bottleneck.js'

/** What may be trained: low-rank factors, bottleneck adapters, all biases (BitFit, Zaken et al. 2022), the head, or everything. */
export type TrainablePart = 'lora' | 'adapters' | 'biases' | 'head' | 'all'

const PARTS = ['lora', 'adapters', 'biases', 'head', 'all'] as const
const OWNER = 'adapters.trainOnly'

/**
 * Makes the named parts trainable and freezes everything else. Parts can be combined freely.
 *
 * `biases` are all parameters called `bias`, those of norms included; `head` is everything outside of the base model (the one with the token embedding), and that
 * model's pooler.
 * @example
 * adapters.trainOnly(model, ['lora', 'head'])       // LoRA
 * adapters.trainOnly(model, ['biases', 'head'])     // BitFit
 * adapters.trainOnly(model, ['all'])                // full fine-tuning
 * @throws {OptionError} when the model has no parameter of a part; nothing is changed then.
 */
export function trainOnly(model: Module, parts: readonly TrainablePart[]): void {
  if (!Array.isArray(parts) || parts.length === 0) throw bad(OWNER, 'parts', `some of ${PARTS.join(', ')}`, parts)
  const wanted = new Set(parts.flatMap((part) => tensorsOf(model, checkChoice(OWNER, 'parts', part, PARTS))))
  for (const tensor of model.parameters()) tensor.requiresGrad = wanted.has(tensor)
}

/** Names of the parameters of the head: everything outside of the base model (the one with the token embedding), and that model's pooler. */
export function headNames(model: Module): string[] {
  const body = bodyOf(model)
  const names = [...model.namedParameters()].map(([name]) => name)
  if (body === null) return []
  return names.filter((name) => !name.startsWith(`${body}.`) || name.startsWith(`${body}.pooler.`))
}

/** The field with the base model: the one with the token embedding. */
function bodyOf(model: Module): string | null {
  for (const [name, child] of model.namedChildren()) {
    const isTable = child instanceof Embedding || child instanceof LoraEmbedding
    if (!isTable && [...child.modules()].some((part) => part instanceof Embedding || part instanceof LoraEmbedding)) {
      // A model without a head keeps its token embedding in `embeddings`.
      return name === 'embeddings' ? null : name
    }
  }
  return null
}

function tensorsOf(model: Module, part: TrainablePart): Tensor[] {
  const found = {
    lora: () => [...adapterTensors(model, 'none').values()],
    adapters: () =>
      [...model.modules()].flatMap((module) => (module instanceof BottleneckAdapter ? module.parameters() : [])),
    biases: () =>
      [...model.namedParameters()].flatMap(([name, tensor]) => (/(^|[._])bias$/.test(name) ? [tensor] : [])),
    head: () => {
      const names = new Set(headNames(model))
      return [...model.namedParameters()].flatMap(([name, tensor]) => (names.has(name) ? [tensor] : []))
    },
    all: () => model.parameters(),
  }[part]()
  if (found.length > 0) return found
  throw new OptionError({
    what: `${OWNER}: the model has no parameters of '${part}'`,
    expected: EXPECTED[part],
    received: `${model.constructor.name} without them`,
    fix:
      part === 'lora'
        ? 'call injectLora first'
        : part === 'adapters'
          ? 'call injectAdapters first'
          : 'name another part',
  })
}

const EXPECTED = {
  lora: 'LoRA layers',
  adapters: 'bottleneck adapters',
  biases: 'biases',
  head: 'a head on top of the base model',
  all: 'parameters',
}
