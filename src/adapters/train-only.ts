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
 * Makes the parts named trainable and freezes everything else. Parts combine as one likes.
 *
 * It goes by what a parameter is and not by letters in its name: `biases` are all parameters called `bias`, those of norms too; `head` is what stands outside of
 * the model that reads the tokens, with that model's pooler.
 * @example
 * adapters.trainOnly(model, ['lora', 'head'])       // LoRA
 * adapters.trainOnly(model, ['biases', 'head'])     // BitFit
 * adapters.trainOnly(model, ['all'])                // full fine-tuning
 * @throws {OptionError} when the model has none of a part; nothing is changed then.
 */
export function trainOnly(model: Module, parts: readonly TrainablePart[]): void {
  if (!Array.isArray(parts) || parts.length === 0) throw bad(OWNER, 'parts', `some of ${PARTS.join(', ')}`, parts)
  const wanted = new Set(parts.flatMap((part) => tensorsOf(model, checkChoice(OWNER, 'parts', part, PARTS))))
  for (const tensor of model.parameters()) tensor.requiresGrad = wanted.has(tensor)
}

/** Names of the parameters of the head: of all that stands outside of the model that reads the tokens, and of that model's pooler. */
export function headNames(model: Module): string[] {
  const body = bodyOf(model)
  const names = [...model.namedParameters()].map(([name]) => name)
  if (body === null) return []
  return names.filter((name) => !name.startsWith(`${body}.`) || name.startsWith(`${body}.pooler.`))
}

/** The field that holds the model without a head: the one with the table of tokens. */
function bodyOf(model: Module): string | null {
  for (const [name, child] of model.namedChildren()) {
    const isTable = child instanceof Embedding || child instanceof LoraEmbedding
    if (!isTable && [...child.modules()].some((part) => part instanceof Embedding || part instanceof LoraEmbedding)) {
      // The bare model holds its table one level down, in embeddings; it has no head.
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
    what: `${OWNER}: there is nothing to train of '${part}'`,
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
  head: 'a head on top of the model that reads the tokens',
  all: 'parameters',
}
