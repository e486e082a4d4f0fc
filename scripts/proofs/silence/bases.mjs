// Right calls whose arguments depend on one another, which no table of types can say: `{ receiver, args }`, functions that make them. All other calls are found
// by search.
import { join } from 'node:path'

/** One entry of a file of WebNLG. */
const WEBNLG = {
  entries: [{ 1: { category: 'A', modifiedtripleset: [{ subject: 'a', property: 'b', object: 'c' }], lexicalisations: [{ comment: 'good', lex: 'a c', xml_id: 'Id1' }] } }], // prettier-ignore
}

export function bases(lora, { folder }) {
  const at = (name) => () => join(folder, name)
  const { nn, optim, models, data } = lora
  const leaf = (shape) => lora.rand(shape, { requiresGrad: true, dtype: 'f64' })
  const bert = () => models.AutoModelForSequenceClassification.fromPretrained(join(folder, 'bert'))
  const heads = () => lora.rand([1, 2, 4, 8])
  const rows = () => [{ inputIds: [1, 2, 3], tokenTypeIds: [0, 0, 0], label: 0 }, { inputIds: [1, 2], tokenTypeIds: [0, 0], label: 1 }] // prettier-ignore
  const run = () => {
    const model = new nn.Linear(2, 2)
    const optimizer = new optim.AdamW(model.parameters())
    return {
      model,
      optimizer,
      schedule: new optim.lrScheduler.Constant(optimizer),
      loader: new lora.DataLoader([1, 2]),
    }
  }
  const trained = () => ({ model: decoder(), data: [{ input_ids: [1, 2] }], config: { epochs: 1 } })
  const trainer = () => new lora.train.Trainer(trained())
  const input = leaf([2])
  const saved = () => {
    const weight = nn.parameter(lora.rand([2]))
    const state = new Map([[0, { step: lora.tensor(1), exp_avg: weight.detach(), exp_avg_sq: weight.detach() }]])
    return { state, param_groups: [{ params: [0], lr: 0.1 }] }
  }
  return {
    grad: { args: [() => input.mul(2).sum(), () => [input]] },
    gradcheck: { args: [() => (x) => x.mul(2), () => [leaf([2])]] },
    loadAdapter: { args: [() => new nn.Sequential(new nn.Linear(4, 4)), at('adapter.safetensors')] },
    injectLora: { args: [() => new nn.Sequential(new nn.Linear(4, 4)), () => ({ targets: ['0'], r: 2 })] },
    'Tensor.backward': { receiver: () => leaf([2]).sum(), args: [] },
    'nn.functional.scaledDotProductAttention': { args: [heads, heads, heads] },
    'Linear.getSubmodule': { receiver: () => new nn.Sequential(new nn.Linear(1, 1)), args: [() => '0'] },
    ...resumed(),
    'optim.lrScheduler.ReduceLROnPlateau.step': {
      receiver: () => new optim.lrScheduler.ReduceLROnPlateau(run().optimizer),
      args: [() => 1],
    },
    'nn.ModuleDict.get': { receiver: named, args: [() => 'head'] },
    'nn.ModuleDict.set': { receiver: named, args: [() => 'body', () => new nn.Identity()] },
    'nn.ModuleDict.pop': { receiver: named, args: [() => 'head'] },
    'nn.TransformerEncoder': { args: [encoderLayer, () => 1] },
    'optim.lrScheduler.OneCycleLR': { args: [() => run().optimizer, () => ({ maxLr: 1, totalSteps: 4 })] },
    'optim.lrScheduler.ChainedScheduler': { args: [() => [new optim.lrScheduler.ConstantLR(run().optimizer)]] },
    'optim.lrScheduler.SequentialLR': { args: sequential() },
    'optim.stateFromTorch': { args: [saved] },
    'models.BertModel.fromPretrained': { args: [at('bert')] },
    'models.BertForMaskedLM.fromPretrained': { args: [at('bert-mlm')] },
    'models.AutoModel.fromPretrained': { args: [at('bert')] },
    'models.AutoModelForMaskedLM.fromPretrained': { args: [at('bert-mlm')] },
    'models.AutoModelForSequenceClassification.fromPretrained': { args: [at('bert')] },
    'models.Gemma2Model.fromPretrained': { args: [at('gemma2')] },
    'models.Gemma2ForCausalLM.fromPretrained': { args: [at('gemma2')] },
    'models.Gemma2ForSequenceClassification.fromPretrained': { args: [at('gemma2')] },
    'models.Gemma2ForTokenClassification.fromPretrained': { args: [at('gemma2')] },
    loadGgufHeader: { args: [ggufFile] },
    saveGguf: { args: [() => ({ w: lora.rand([2, 32]) }), at('tensors.gguf')] },
    GgufWriter: { args: [at('writer.gguf'), ggufTensors] },
    'GgufWriter.write': { receiver: () => ggufWriter('write'), args: [() => 'w', () => lora.rand([2, 32])] },
    'GgufWriter.finish': { receiver: finished, args: [] },
    'GgufWriter.abort': { receiver: () => ggufWriter('abort'), args: [] },
    'models.saveGguf': { args: [decoder, at('model.gguf')] },
    'models.KvCache.append': { receiver: extended, args: [() => 0, heads, heads] },
    'peft.PeftModel.fromPretrained': { args: [decoder, folderOfPeft] },
    'peft.PeftModel.saveGguf': { receiver: adapted, args: [at('adapter.gguf')] },
    'peft.PeftModel.forward': { receiver: adapted, args: [() => [[1, 2]]] },
    'peft.PeftModel.loadAdapter': { receiver: adapted, args: [folderOfPeft, () => ({ adapterName: 'more' })] },
    'peft.PeftModel.withAdapters': { receiver: adapted, args: [() => ['default', '__base__']] },
    convert: { args: [folderOfPeft, at('converted'), () => ({ to: 'mlx' })] },
    'peft.PeftModel.deleteAdapter': { receiver: adapted, args: [() => 'default'] },
    'peft.PeftModel.addWeightedAdapter': {
      receiver: adapted,
      args: [() => ['default'], () => [0.5], () => 'sum', () => ({ combinationType: 'cat' })],
    },
    'peft.loraPlusParamGroups': { args: [adapted, () => ({ lr: 1e-4, loraplusLrRatio: 4 })] },
    'peft.createLoraFaOptimizer': { args: [adapted, () => ({ lr: 1e-4 })] },
    'peft.PeftModel.unscaleAdapter': { receiver: adapted, args: [() => 'default'] },
    'peft.PeftModel.scaleAdapter': { receiver: adapted, args: [() => 'default', () => 0.5] },
    'adapters.startFrom': { args: [gpt2, weights] },
    'adapters.injectAdapters': { args: [bert] },
    'data.Table': { args: [() => 'a.csv', () => new Map([['a', ['x', 'y']]])] },
    'data.readTextTask': { args: [() => ({ train: join(folder, 'table.csv') })] },
    'data.readRows': { args: [at('table.csv')] },
    'data.splitFiles': { args: [() => folder] },
    'data.formatDart': { args: [() => [{ tripleset: [['a', 'B', 'c']], annotations: [{ text: 'a c' }] }]] },
    'data.formatWebnlg': { args: [() => WEBNLG] },
    'data.LabelMap.read': {
      receiver: () => new data.LabelMap(null),
      args: [() => new data.Table('a.csv', new Map([['label', ['1', '2']]])), () => 0, () => 'label'],
    },
    'train.saveCheckpoint': { args: [at('checkpoints'), run, () => ({ step: 1, notes: {} })] },
    'train.loadCheckpoint': {
      args: [() => lora.train.saveCheckpoint(join(folder, 'saved'), run(), { step: 1, notes: {} }), run],
    },
    'train.Trainer': { args: [trained] },
    'train.Trainer.prepare': { receiver: trainer, args: [] },
    'train.Trainer.train': { receiver: trainer, args: [] },
    'train.Trainer.events': { receiver: trainer, args: [] },
    'train.trainClassifier': { args: [bert, rows, () => ({ epochs: 1, warmupSteps: 0 })] },
    'train.evaluateClassifier': { args: [bert, rows, () => () => ({ accuracy: 1 })] },
    'train.predictClassifier': { args: [bert, rows] },
    'tokenizers.Tokenizer.fromVocabAndMerges': { args: [at('vocab.json'), at('merges.txt')] },
    'tokenizers.Tokenizer.fromVocabAndMergesAsync': { args: [at('vocab.json'), at('merges.txt')] },
    'hub.hfHubDownload': { args: [() => 'owner/name', () => 'config.json'] },
    'generation.stream': { args: [gpt2, () => [1, 2], () => ({ maxNewTokens: 2 })] },
    'models.GPT2LMHeadModel.stream': { receiver: gpt2, args: [() => [1, 2], () => ({ maxNewTokens: 2 })] },
    'TiedLinear.forward': { receiver: tied, args: [() => lora.rand([1, 4])] },
    'TiedLinear.isAdapted': { receiver: tied, args: [() => lora.rand([1])] },
    TiedLinear: { args: [() => new lora.Embedding(4, 4, { r: 2 }), () => null] },
    'nn.PixelShuffle.forward': { receiver: () => new nn.PixelShuffle(2), args: [() => lora.rand([1, 4, 2, 2])] },
    'models.ModernBertPredictionHead': { args: [() => modern(), () => take] },
    'models.RobertaClassificationHead': { args: [() => roberta(), () => take] },
    'data.encodeTexts': { args: [() => classifierTokenizer(), () => [{ text: 'a cat', pair: null, label: 0 }]] },
  }

  /** Schedules that load a state of their own kind. */
  function resumed() {
    const { ChainedScheduler, ConstantLR, ExponentialLR, ReduceLROnPlateau, SequentialLR } = optim.lrScheduler
    const sequence = sequential()
    const made = {
      ExponentialLR: () => new ExponentialLR(run().optimizer, { gamma: 0.5 }),
      ReduceLROnPlateau: () => new ReduceLROnPlateau(run().optimizer),
      ChainedScheduler: () => new ChainedScheduler([new ConstantLR(run().optimizer)]),
      SequentialLR: () => new SequentialLR(sequence[0](), sequence[1]()),
    }
    return Object.fromEntries(
      Object.entries(made).map(([name, make]) => [
        `optim.lrScheduler.${name}.loadStateDict`,
        { receiver: make, args: [() => make().stateDict()] },
      ]),
    )
  }
  function named() {
    return new nn.ModuleDict({ head: new nn.Identity() })
  }
  function encoderLayer() {
    return new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 4 })
  }
  function sequential() {
    const optimizer = new optim.AdamW([nn.parameter(lora.rand([2]))])
    const schedules = () => [1, 2].map(() => new optim.lrScheduler.ConstantLR(optimizer))
    return [() => optimizer, () => ({ schedulers: schedules(), milestones: [1] })]
  }
  function extended() {
    const cache = new models.KvCache()
    cache.extend(2)
    return cache
  }
  function tied() {
    return new lora.TiedLinear(new lora.Embedding(4, 4, { r: 2 }), null)
  }
  async function weights() {
    // The file may have been written over by then: paths are tried with every function.
    const path = join(folder, 'weights.safetensors')
    await lora.save((await gpt2()).stateDict(), path)
    return path
  }
  function gpt2() {
    return models.GPT2LMHeadModel.fromPretrained(join(folder, 'model'))
  }
  function decoder() {
    return models.GPT2LMHeadModel.fromConfig({ vocab_size: 30, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 16 })
  }
  function ggufTensors() {
    return { tensors: [{ name: 'w', dtype: 'q8_0', shape: [2, 32] }] }
  }
  function ggufWriter(name) {
    return new lora.GgufWriter(join(folder, `${name}.gguf`), ggufTensors())
  }
  async function finished() {
    const writer = ggufWriter('finish')
    await writer.write('w', lora.rand([2, 32]))
    return writer
  }
  async function ggufFile() {
    const path = join(folder, 'header.gguf')
    await lora.saveGguf({ w: lora.rand([2, 32]) }, path)
    return path
  }
  function adapted() {
    return lora.peft.getPeftModel(decoder(), { r: 2 })
  }
  async function folderOfPeft() {
    const path = join(folder, 'peft')
    await adapted().savePretrained(path)
    return path
  }
  function take(name, shape) {
    return nn.parameter(lora.zeros(shape))
  }
  function modern() {
    return models.ModernBertModel.fromConfig({ hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2, vocab_size: 30, pad_token_id: 0 }).config // prettier-ignore
  }
  function roberta() {
    return models.RobertaForSequenceClassification.fromConfig({ hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2, vocab_size: 30, max_position_embeddings: 16 }).config // prettier-ignore
  }
  function classifierTokenizer() {
    return lora.tokenizers.Tokenizer.fromFile(join(folder, 'classifier.json'))
  }
}

/**
 * Calls that cannot succeed here, and why: their right call fails with an error of ours, and each wrong one must fail with another.
 */
export function outside(lora, { folder }) {
  const at = (name) => () => join(folder, name)
  const texts = () => ['a cat']
  return {
    // Needs Java and the files of Meteor.
    'metrics.meteorJava': { args: [texts, () => [['a cat']], () => ({ jar: join(folder, 'none.jar') })] },
    // Need the files of WordNet.
    'metrics.meteor': { args: [texts, () => [['a cat']]] },
    'metrics.WordNet.open': { args: [at('none')] },
    'metrics.WordNet.find': { args: [] },
    // Needs the files of a GLUE task.
    'data.readGlue': { args: [() => 'cola', at('none')] },
    // Needs an adapter of AdapterHub.
    'adapters.loadAdapterHub': { args: [() => new lora.nn.Linear(1, 1), at('none')] },
  }
}

/** Members that nobody calls as they are, and why. */
export const NOT_CALLED = new Map([
  ['Function.forward', 'a subclass defines it'],
  ['Function.backward', 'a subclass defines it'],
  ['Function.apply', 'its arguments are those of the forward of a subclass'],
  ['models.CausalLMOutput', 'models make it'],
  ['models.DecoderOutput', 'models make it'],
  ['models.MaskedLMOutput', 'models make it'],
  ['metrics.WordNet.synonyms', 'WordNet is not installed here'],
])
