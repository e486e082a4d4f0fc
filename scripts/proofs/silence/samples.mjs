// Sample values for each type: candidates of which a search finds those that fit together (search.mjs). Nothing here is about one function.
import { join } from 'node:path'
import ts from 'typescript'
import { GPT2 } from './world.mjs'

const ROTARY = {
  vocab_size: 300,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 16,
  pad_token_id: 0,
}
const ENCODER = { ...ROTARY, type_vocab_size: 1, num_key_value_heads: undefined, num_labels: 2 }
const MODERN = { ...ENCODER, local_attention: 4, global_attn_every_n_layers: 1 }

/** Configurations by their `model_type`. */
const CONFIGS = [
  { model_type: 'gpt2', ...GPT2 },
  { model_type: 'bert', ...ENCODER, type_vocab_size: 2 },
]

/** Shapes of tensors: most functions take one of the first, or all of one shape. */
const SHAPES = [
  [4, 4],
  [4],
  [2, 4],
  [1, 4, 8],
  [1, 4, 8, 8],
  [1, 4, 4, 4, 4],
  [4, 4, 3],
  [4, 4, 3, 3],
  [4, 4, 3, 3, 3],
  [1, 2, 4, 8],
  [1, 8, 4],
  [],
]

export class Samples {
  #world
  #checker
  #made
  #byType

  /** `make(type)` gives instances of a class by its constructor. */
  constructor(lora, world, checker, make) {
    this.#world = world
    this.#checker = checker
    this.#made = make
    this.#byType = table(lora, world)
  }

  /** Candidates for a type that the table names. */
  known(name) {
    return this.#byType[name]
  }

  /** Functions that make candidates for a type, those that are likely first. `name` is that of the parameter. */
  async of(type, name, depth = 0) {
    if (depth > 4) return []
    const { flags } = type
    if (type.isUnion()) {
      const parts = type.types.filter(({ flags }) => !(flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)))
      const literals = parts.filter((part) => part.isStringLiteral() || part.isNumberLiteral())
      const others = parts.filter((part) => !literals.includes(part))
      const found = [
        ...literals.map(
          ({ value }) =>
            () =>
              value,
        ),
      ]
      for (const part of others) found.push(...(await this.of(part, name, depth)))
      if (parts.length < type.types.length && parts.length === 0) found.push(() => null)
      return found
    }
    if (type.isStringLiteral() || type.isNumberLiteral()) return [() => type.value]
    if (flags & ts.TypeFlags.BooleanLike) {
      const text = this.#checker.typeToString(type)
      return text === 'boolean' ? [() => true, () => false] : [() => text === 'true']
    }
    if (flags & ts.TypeFlags.NumberLike) return [4, 1, 2, 0, 0.5, -1, 300].map((value) => () => value)
    if (flags & ts.TypeFlags.BigIntLike) return [() => 1n]
    if (flags & ts.TypeFlags.StringLike) return this.#texts(name)
    if (flags & ts.TypeFlags.Null) return [() => null]
    if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return [() => undefined]
    if (flags & ts.TypeFlags.TypeParameter) {
      const limit = this.#checker.getBaseConstraintOfType(type)
      return limit && !(limit.flags & ts.TypeFlags.Unknown) ? this.of(limit, name, depth) : [() => 1, () => 'a']
    }
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) {
      return [() => 1, () => 'a', () => ({}), () => [], () => ({ entries: [] }), ...(this.#byType.Tensor ?? [])]
    }
    if (type.isIntersection()) return this.#object(type, depth)
    return this.#objects(type, name, depth)
  }

  async #objects(type, name, depth) {
    const checker = this.#checker
    const symbol = type.aliasSymbol ?? type.getSymbol()
    const known = this.#byType[type.aliasSymbol?.name] ?? this.#byType[type.getSymbol()?.name]
    const whole = type.aliasSymbol?.name === 'Partial' ? this.#partsOf(type.aliasTypeArguments[0]) : []
    if (whole.length > 0) return whole
    if (known === this.#byType.Tensor) return tensorsFor(name, known)
    if (known) return known
    const calls = type.getCallSignatures()
    if (calls.length > 0) return this.#functions(calls[0], depth)
    if (checker.isTupleType(type)) {
      return this.#combined(
        await Promise.all(checker.getTypeArguments(type).map((part) => this.of(part, name, depth + 1))),
      )
    }
    const isList =
      checker.isArrayType(type) || /^(Iterable|AsyncIterable|ArrayLike|ReadonlySet|Set)$/.test(symbol?.name ?? '')
    if (isList) return this.#lists(await this.of(checker.getTypeArguments(type)[0], name, depth + 1), symbol?.name)
    const made = await this.#made(type)
    if (made.length > 0) return made
    const values = checker.getIndexInfosOfType(type)[0]?.type
    if (values && name === 'config') return CONFIGS.map((config) => () => ({ ...config }))
    if (values && type.getProperties().length === 0) {
      const items = await this.of(values, name, depth + 1)
      return items.slice(0, 3).map((item) => async () => ({ weight: await item() }))
    }
    return this.#object(type, depth)
  }

  /** Candidates for one of the types whose fields a type has. */
  #partsOf(type) {
    const parts = type.isIntersection() ? type.types : [type]
    return parts.map((part) => this.#byType[part.getSymbol()?.name]).find((known) => known !== undefined) ?? []
  }

  #lists(items, kind) {
    const all = items.slice(0, 8)
    const lists = [
      ...all.map((item) => async () => [await item()]),
      ...all.map((item) => async () => [await item(), await item()]),
      ...all.slice(0, 2).map((item) => async () => [await item(), await item(), await item(), await item()]),
      () => [],
    ]
    return kind?.endsWith('Set') ? lists.map((list) => async () => new Set(await list())) : lists
  }

  /** Functions that return their argument, or what their type says. */
  async #functions(call, depth) {
    const results = await this.of(call.getReturnType(), '', depth + 1)
    return [(...given) => given[0], ...results.slice(0, 3).map((result) => () => result())].map((run) => () => run)
  }

  /** Objects with the fields that they must have: candidate by candidate, and some mixtures. */
  async #object(type, depth) {
    const required = type.getProperties().filter(({ flags }) => !(flags & ts.SymbolFlags.Optional))
    const names = required.map(({ name }) => name)
    const lists = await Promise.all(
      required.map((property) => this.of(this.#checker.getTypeOfSymbol(property), property.name, depth + 1)),
    )
    if (lists.some((list) => list.length === 0)) return []
    const objects = this.#combined(lists, (values) => Object.fromEntries(values.map((value, i) => [names[i], value])))
    if (depth > 1) return objects
    // Some need one of several that are optional.
    const optional = type.getProperties().filter(({ flags }) => flags & ts.SymbolFlags.Optional)
    for (const property of optional.slice(0, 12)) {
      const [first] = await this.of(this.#checker.getTypeOfSymbol(property), property.name, depth + 1)
      if (first) objects.push(async () => ({ ...(await objects[0]()), [property.name]: await first() }))
    }
    return objects
  }

  /** Combinations of candidates, one of each list; those of the same place in all lists first. */
  #combined(lists, join = (values) => values) {
    if (lists.some((list) => list.length === 0)) return []
    const most = Math.max(1, ...lists.map((list) => list.length))
    const pick = (choose) => async () =>
      join(await Promise.all(lists.map((list, i) => list[Math.min(choose(i), list.length - 1)]())))
    const same = Array.from({ length: Math.min(most, 8) }, (_, k) => pick(() => k))
    const single = lists.flatMap((list, at) => list.slice(1, 8).map((_, k) => pick((i) => (i === at ? k + 1 : 0))))
    return lists.length === 0 ? [() => join([])] : [...same, ...single]
  }

  #texts(name) {
    const { folder } = this.#world
    const files = ['model', 'model.safetensors', 'tokenizer.json', 'lines.txt', 'blocks.txt', 'table.csv', 'encoded.jsonl', 'rows.jsonl', 'predictions.jsonl', 'e2e.txt', 'data.json', 'wordnet'] // prettier-ignore
    const paths = files.map((file) => join(folder, file))
    if (/path|file|dir|folder|predictions|formatted|hypotheses|references/i.test(name)) {
      return [...paths, join(folder, 'new.safetensors'), join(folder, 'new')].map((path) => () => path)
    }
    const hub = [...paths.slice(0, 1), 'owner/name', 'config.json']
    return ['a', 'the cat sat on the mat', '0', 'weight', 'sentence', 'i,i->i', 'ij->ji', 'name : a||b c', ...hub].map(
      (text) => () => text,
    )
  }
}

/** Tensors of whole numbers or truth values first, where the name of a parameter says that these are wanted. */
function tensorsFor(name, all) {
  const first = /ids|ind(ex|ices)|label|target/i.test(name) ? INTEGERS : /mask|cond/i.test(name) ? BOOLEANS : []
  return [...first.map((at) => all[at]), ...all.filter((_, at) => !first.includes(at))]
}

/** Places in the list of tensors. */
const INTEGERS = [3, 4, 5]
const BOOLEANS = [6]

/** Candidates by the name of their type, for types that have rules which TypeScript does not know. */
function table(lora, { tokenizer, folder }) {
  const f32 = SHAPES.map((shape) => () => lora.rand(shape))
  const tensors = [
    ...f32.slice(0, 3),
    () => lora.tensor([[1n, 2n, 0n, 1n]]),
    () => lora.tensor([1n, 0n, 2n, 1n]),
    () => lora.tensor([0n]),
    () => lora.ones([4, 4], { dtype: 'bool' }),
    ...f32.slice(3),
    () => lora.rand([4, 4], { requiresGrad: true }),
  ]
  const gpt2 = () => lora.models.GPT2LMHeadModel.fromConfig(GPT2).eval()
  const batches = { length: 1, stateDict: () => ({ epoch: 0, batch: 0 }),
    loadStateDict() {}, *[Symbol.iterator]() { yield 1 } } // prettier-ignore
  const module = [
    () => new lora.nn.Sequential(new lora.nn.Linear(4, 4)),
    () => new lora.nn.Linear(4, 4),
    () => new lora.Linear(4, 4, { r: 2 }),
    gpt2,
  ]
  const optimizer = () => new lora.optim.AdamW([lora.nn.parameter(lora.rand([4, 4]))])
  const config = (fields) => [() => ({ ...fields })]
  return {
    // Types have the names of methods of objects, too.
    __proto__: null,
    Tensor: tensors,
    Module: module,
    CausalLM: [gpt2],
    GenerativeModel: [gpt2],
    Optimizer: [optimizer],
    Tokenizer: [() => tokenizer],
    Dtype: [() => 'f32'],
    GPT2Config: config(GPT2),
    ...Object.fromEntries(
      ['Llama', 'Mistral', 'Qwen2', 'Qwen3', 'Phi3', 'Gemma2', 'Gemma3', 'Granite'].map((name) => [
        `${name}Config`,
        config(ROTARY),
      ]),
    ),
    RotaryDecoderConfig: config(ROTARY),
    BertConfig: config({ ...ENCODER, type_vocab_size: 2 }),
    RobertaConfig: config(ENCODER),
    DebertaV2Config: config(ENCODER),
    ModernBertConfig: config(MODERN),
    AbortSignal: [() => new AbortController().signal],
    Ids: [() => [[1, 2, 3]]],
    Prompt: [() => [[1, 2, 3]], () => [1, 2]],
    Generator: [() => new lora.Generator()],
    ArrayBufferView: [() => new Float32Array(4)],
    Nested: [() => [1, 2]],
    RegExp: [() => /a/],
    URL: [() => new URL('file:///')],
    Values: [() => [0, 1, 1, 0], () => [0.5, 1, 2, 3]],
    Uint8Array: [() => new Uint8Array(4)],
    Map: [() => new Map()],
    StateDict: [() => ({ weight: lora.rand([4, 4]), bias: lora.rand([4]) }), () => ({ weight: lora.rand([4, 4]) })],
    OptimizerState: [() => optimizer().stateDict()],
    BatchSource: [() => batches],
    Table: [() => lora.data.readTable(join(folder, 'table.csv'))],
    ModuleList: [() => new lora.nn.ModuleList([new lora.nn.Linear(4, 4)])],
    TensorDataset: [() => new lora.data.TensorDataset(lora.rand([4, 4]))],
    Stream: [() => lora.stream()],
    DecodeNlgOptions: [
      () => ({
        predictions: join(folder, 'predictions.jsonl'),
        formatted: join(folder, 'rows.jsonl'),
        tokenizer,
        outputReferences: join(folder, 'references.txt'),
        outputPredictions: join(folder, 'decoded.txt'),
      }),
    ],
  }
}
