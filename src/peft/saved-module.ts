// Modules of which each adapter has a copy (PEFT's modules_to_save), and embeddings of which each adapter has some rows.
import { embedding, linear } from '../generated/ops.js'
import { activeAdapters, rowAdapters } from '../lora/active.js'
import type { RowAdapters } from '../lora/active.js'
import { inMode } from '../lora/from-layer.js'
import { byAdapter, noRows, tokensByAdapter } from '../lora/rows.js'
import { cloneModule } from '../nn/clone.js'
import { Embedding } from '../nn/embedding.js'
import { Linear } from '../nn/linear.js'
import { Module, parameter } from '../nn/module.js'
import { cat, tensor, zeros } from '../tensor/make.js'
import { keep, noGrad } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'

/** A module with copies by the names of adapters: a call that names one computes with it. The names of the fields are those of PEFT. */
export class SavedModule extends Module {
  readonly modules_to_save = new Map<string, Module>()

  constructor(readonly original_module: Module) {
    super()
    this.training = original_module.training
  }

  /** Gives an adapter its copy, which starts as the module is. With `onlyBias` it shares all but the bias. */
  add(name: string, onlyBias = false): void {
    const copy = cloneModule(this.original_module, { shareFrozen: onlyBias })
    for (const [key, tensor] of onlyBias ? [...copy.ownTensors()] : []) {
      if (key === 'bias') copy.setOwnTensor(key, parameter(noGrad(() => keep(tensor.detach().clone()))))
    }
    this.modules_to_save.set(name, copy)
  }

  /** The tensors of an adapter's copy by their keys: all but those that it shares. */
  ownOf(name: string): [key: string, tensor: Tensor][] {
    const shared = new Set(this.original_module.parameters())
    const all = [...(this.modules_to_save.get(name)?.namedTensors() ?? [])]
    return all.flatMap(([key, tensor]) => (shared.has(tensor) ? [] : [[key, tensor]]))
  }

  /** The module of the present call. */
  get current(): Module {
    if (this.rowsInUse() !== null) throw noRows(`the copy of a module (${this.original_module.constructor.name})`)
    for (const name of activeAdapters()) {
      const copy = this.modules_to_save.get(name)
      if (copy !== undefined) return copy
    }
    return this.original_module
  }

  /** The weight of the module of the present call. */
  get weight(): Tensor {
    return (this.current as Module & { weight: Tensor }).weight
  }

  /** The module of the present call, in place of this one. */
  toPlain(): Module {
    return this.current
  }

  override forward(...args: unknown[]): unknown {
    const rows = this.rowsInUse()
    const [x] = args
    if (rows !== null && args.length === 1 && x instanceof Tensor) return this.forwardRows(x, rows)
    return this.current.forward(...args)
  }

  /** The tokens of each copy by themselves. An embedding takes ids, anything else channels last. */
  private forwardRows(x: Tensor, rows: RowAdapters): Tensor {
    const lead = this.original_module instanceof Embedding ? x.shape : x.shape.slice(0, -1)
    const owner = `the copy of a module (${this.original_module.constructor.name})`
    const groups = tokensByAdapter(owner, lead, rows, (name) => this.modules_to_save.has(name))
    return byAdapter(x, lead, groups, (own) => this.current.forward(own) as Tensor)
  }

  private rowsInUse(): RowAdapters | null {
    const rows = rowAdapters()
    return rows?.names.some((name) => name !== null && this.modules_to_save.has(name)) ? rows : null
  }
}

/** Where the rows of one adapter belong: their ids, and of each id of the vocabulary its row, from 1 on; 0 for none. */
interface Rows {
  readonly ids: readonly number[]
  readonly slots: Tensor
}

/** An embedding with trained rows by the names of adapters. */
export class TokenRows extends Module {
  /** The rows of each adapter, (ids, dim). */
  readonly token_adapter = new Map<string, Tensor>()
  private readonly rows = new Map<string, Rows>()

  constructor(readonly base_layer: Embedding) {
    super()
    this.training = base_layer.training
  }

  /** Gives an adapter rows, which start as those of the embedding. */
  add(name: string, ids: readonly number[]): void {
    const slots = new BigInt64Array(this.base_layer.numEmbeddings)
    for (const [i, id] of ids.entries()) slots[id] = BigInt(i + 1)
    const start = noGrad(() =>
      keep(
        this.base_layer.weight
          .detach()
          .indexSelect(0, tensor([...ids], { dtype: 'i64' }))
          .to('f32'),
      ),
    )
    this.token_adapter.set(name, parameter(start))
    this.rows.set(name, { ids, slots: keep(tensor(slots)) })
  }

  /** Takes an adapter's rows out and releases them. */
  delete(name: string): void {
    this.token_adapter.get(name)?.dispose()
    this.rows.get(name)?.slots.dispose()
    this.token_adapter.delete(name)
    this.rows.delete(name)
  }

  get weight(): Tensor {
    return this.base_layer.weight
  }

  /** The rows of the adapters of the present call, with their ids. */
  current(): { ids: readonly number[]; rows: Tensor }[] {
    return activeAdapters().flatMap((name) => {
      const [known, rows] = [this.rows.get(name), this.token_adapter.get(name)]
      return known && rows ? [{ ids: known.ids, rows }] : []
    })
  }

  /** An embedding with the rows of the present call. */
  toPlain(): Module {
    const { base_layer: base } = this
    const own = this.current()
    if (own.length === 0) return base
    const { numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq } = base
    const weight = noGrad(() =>
      own.reduce((table, { ids, rows }) => {
        const index = tensor([...ids], { dtype: 'i64' })
          .unsqueeze(1)
          .expand(rows.shape)
        return keep(table.scatter(0, index, rows.to(table.dtype)))
      }, base.weight.detach()),
    )
    const options = {
      paddingIdx,
      maxNorm,
      normType,
      scaleGradByFreq,
      weight: parameter(weight, base.weight.requiresGrad),
    }
    return inMode(new Embedding(numEmbeddings, embeddingDim, options), this)
  }

  override forward(ids: Tensor): Tensor {
    const rows = rowAdapters()
    if (rows?.names.some((name) => name !== null && this.token_adapter.has(name))) {
      const groups = tokensByAdapter('lora.peft', ids.shape, rows, (name) => this.token_adapter.has(name))
      return byAdapter(ids, ids.shape, groups, (own) => this.forwardWhole(own))
    }
    return this.forwardWhole(ids)
  }

  private forwardWhole(ids: Tensor): Tensor {
    let y = this.base_layer.forward(ids)
    for (const name of activeAdapters()) {
      const [own, rows] = [this.rows.get(name), this.token_adapter.get(name)]
      if (own === undefined || rows === undefined) continue
      const slots = own.slots.indexSelect(0, ids.flatten()).reshape(ids.shape)
      const table = cat([zeros([1, rows.shape[1]!], { dtype: rows.dtype as 'f32' }), rows], 0)
      const isBase = slots.eq(0).to(y.dtype).unsqueeze(-1)
      y = y.mul(isBase).add(embedding(table, slots, 0, false).to(y.dtype))
    }
    return y
  }
}

/** A head that is tied to an embedding with trained rows: it scores their tokens by these rows. It has no tensors of its own. */
export class TiedTokenRows extends Module {
  /** The embedding, which is a module of the model at its own path. */
  readonly source!: TokenRows

  constructor(
    readonly base_layer: Linear,
    source: TokenRows,
  ) {
    super()
    this.training = base_layer.training
    Object.defineProperty(this, 'source', { value: source, enumerable: false, configurable: true })
  }

  get weight(): Tensor {
    return this.base_layer.weight
  }

  /** The plain head. It shares the weight of the embedding's plain layer in `twins`, so that the two stay tied. */
  toPlain(twins: ReadonlyMap<Module, Module> = new Map()): Module {
    const { base_layer: base } = this
    const twin = twins.get(this.source) as Embedding | undefined
    if (twin === undefined || twin.weight === base.weight) return base
    const { inFeatures, outFeatures } = base
    return inMode(new Linear(inFeatures, outFeatures, { weight: twin.weight, bias: base.bias ?? false }), this)
  }

  override forward(x: Tensor): Tensor {
    return this.source.current().reduce((y, { ids, rows }) => {
      const places = tensor([...ids], { dtype: 'i64' })
      const { bias } = this.base_layer
      const scores = linear(x, rows, bias === null ? null : bias.indexSelect(0, places), 0).to(y.dtype)
      return y.scatter(-1, places.expand(scores.shape), scores)
    }, this.base_layer.forward(x))
  }
}
