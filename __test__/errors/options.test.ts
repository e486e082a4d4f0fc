import * as lora from 'loralib'
import { wrongUses } from '../support/errors.js'

const { nn, optim, OptionError, DeviceError, IndexError, UnsupportedError } = lora
const { functional: F } = nn
const CODE = 'ERR_LORA_OPTION'

const weak = (value: unknown) => value as never
const parameter = () => nn.parameter(lora.zeros([2]))
const tiny = () =>
  lora.models.GPT2LMHeadModel.fromConfig({ vocab_size: 11, n_positions: 8, n_embd: 4, n_layer: 1, n_head: 2 })

wrongUses('options of LoRA layers', [
  [
    'r that is no integer',
    () => new lora.Linear(4, 4, { r: 1.5 }),
    OptionError,
    CODE,
    { expected: /r: an integer/, received: /1\.5/ },
  ],
  ['r below 0', () => new lora.Linear(4, 4, { r: -1 }), OptionError, CODE, { received: /-1/ }],
  ['r as text', () => new lora.Linear(4, 4, { r: weak('4') }), OptionError, CODE, { received: /'4'/ }],
  [
    'a dropout of 2',
    () => new lora.Linear(4, 4, { r: 1, loraDropout: 2 }),
    OptionError,
    CODE,
    { expected: /0 to 1/, received: /2/ },
  ],
  [
    'loraAlpha that is not finite',
    () => new lora.Linear(4, 4, { r: 1, loraAlpha: NaN }),
    OptionError,
    CODE,
    { expected: /loraAlpha/ },
  ],
  [
    'an unknown option near a known one',
    () => new lora.Linear(4, 4, weak({ r: 1, lora_alpha: 2 })),
    OptionError,
    CODE,
    { hint: /write loraAlpha/ },
  ],
  [
    'enableLora of numbers',
    () => new lora.MergedLinear(4, 6, { r: 1, enableLora: weak([1, 0, 1]) }),
    OptionError,
    CODE,
    { expected: /true and false/, received: /\[1, 0, 1\]/ },
  ],
  [
    'enableLora whose length does not divide the outputs',
    () => new lora.MergedLinear(4, 7, { r: 1, enableLora: [true, false] }),
    OptionError,
    CODE,
    { expected: /divides outFeatures = 7/ },
  ],
  [
    'blocks that do not add up',
    () => new lora.MergedLinear(4, 6, { r: 1, blocks: [3, 2], enableLora: [true, false] }),
    OptionError,
    CODE,
    { expected: /add up to outFeatures = 6/, received: /3 \+ 2 = 5/ },
  ],
  [
    'a bias mode that there is not',
    () => lora.markOnlyLoraAsTrainable(tiny(), weak('lora-only')),
    OptionError,
    CODE,
    { hint: /lora_only/ },
  ],
  [
    'a bias mode that there is not, for saving',
    () => lora.loraStateDict(tiny(), weak('bias')),
    OptionError,
    CODE,
    { expected: /'none'/ },
  ],
  [
    'a target that fits no layer',
    () => lora.injectLora(tiny(), { targets: ['c_atn'], r: 2 }),
    OptionError,
    CODE,
    { hint: /'c_attn'/ },
  ],
  [
    'injecting twice',
    () => {
      const m = tiny()
      lora.injectLora(m, { targets: ['c_attn'], r: 2 })
      lora.injectLora(m, { targets: ['c_attn'], r: 2 })
    },
    OptionError,
    CODE,
    { received: /LoRA layer already/ },
  ],
  [
    'a write to a merged weight',
    () => {
      const l = new lora.Linear(2, 2, { r: 1 })
      l.eval()
      l.weight = lora.zeros([2, 2])
    },
    OptionError,
    CODE,
    { hint: /unmerge\(\)/ },
  ],
  [
    'maxNorm of 0',
    () => new lora.Embedding(4, 2, { r: 1, maxNorm: 0 }),
    OptionError,
    CODE,
    { expected: /maxNorm: a finite number above 0/ },
  ],
  [
    'sparse',
    () => new nn.Embedding(4, 2, { sparse: true }),
    UnsupportedError,
    'ERR_LORA_UNSUPPORTED',
    { received: /sparse: true/ },
  ],
])

wrongUses('options of layers, models and functions', [
  ['a layer without outputs', () => new nn.Linear(4, 0), OptionError, CODE, { expected: /outFeatures/ }],
  [
    'a dtype that there is not',
    () => new nn.Linear(4, 4, { dtype: weak('float16') }),
    OptionError,
    CODE,
    { expected: /'f16'/ },
  ],
  [
    'a device that is not in use',
    () => new nn.Linear(4, 4, { device: 'cuda:0' }),
    DeviceError,
    'ERR_LORA_DEVICE',
    { expected: /'cpu'/, received: /cuda:0/ },
  ],
  [
    'a padding row outside the table',
    () => new nn.Embedding(4, 2, { paddingIdx: 4 }),
    OptionError,
    CODE,
    { expected: /-4 to 3/ },
  ],
  ['a dropout above 1', () => F.dropout(lora.zeros([2]), 1.1), OptionError, CODE, { received: /1\.1/ }],
  [
    'a label smoothing below 0',
    () => F.crossEntropy(lora.zeros([1, 2]), lora.tensor([0n]), { labelSmoothing: -1 }),
    OptionError,
    CODE,
    { expected: /labelSmoothing/ },
  ],
  [
    'a reduction that there is not',
    () => F.mseLoss(lora.zeros([2]), lora.zeros([2]), { reduction: weak('avg') }),
    OptionError,
    CODE,
    { expected: /'mean'/ },
  ],
  [
    'heads that differ without enableGqa',
    () => F.scaledDotProductAttention(lora.zeros([1, 2, 3, 4]), lora.zeros([1, 1, 3, 4]), lora.zeros([1, 1, 3, 4])),
    OptionError,
    CODE,
    { hint: /enableGqa/ },
  ],
  [
    'heads that do not divide the width',
    () => lora.models.GPT2LMHeadModel.fromConfig({ n_embd: 10, n_head: 3 }),
    OptionError,
    CODE,
    { expected: /divisor/ },
  ],
  ['rows of ids of unequal lengths', () => tiny().forward([[1, 2], [3]]), OptionError, CODE, { hint: /pad the rows/ }],
  [
    'more ids than positions',
    () => tiny().forward([[0, 1, 2, 3, 4, 5, 6, 7, 8]]),
    OptionError,
    CODE,
    { expected: /at most 8/ },
  ],
  [
    'a mode that is no truth value',
    () => new nn.Linear(2, 2).train(weak(1)),
    OptionError,
    CODE,
    { expected: /true or false/ },
  ],
  ['a module that there is not', () => tiny().getSubmodule('h.7'), OptionError, CODE, { received: /h\.7/ }],
  [
    'forward as an arrow function',
    () => {
      class Arrow extends nn.Module {
        forward = (x: lora.Tensor) => x
      }
      return new Arrow().parameters()
    },
    OptionError,
    CODE,
    { message: /Arrow/, expected: /method/ },
  ],
  ['a negative seed', () => lora.manualSeed(-1), OptionError, CODE, { expected: /0 to 2\^64/, received: /-1/ }],
  ['a seed with a fraction', () => new lora.Generator(0.5), OptionError, CODE, { received: /0\.5/ }],
  ['a seed of 2^64', () => lora.manualSeed(1n << 64n), OptionError, CODE, {}],
  ['a step of 0', () => lora.arange(0, 3, 0), OptionError, CODE, { expected: /other than 0/ }],
  ['a dimension named twice', () => lora.zeros([2, 2]).sum([0, 0]), OptionError, CODE, { op: /^sum$/ }],
  ['a slice with a step of 0', () => lora.zeros([4]).at([0, 4, 0]), OptionError, CODE, { op: /^slice$/ }],
  [
    'a tensor added to itself in place',
    () => {
      const x = lora.ones([2])
      x.add_(x)
    },
    OptionError,
    CODE,
    { op: /^addInplace$/, hint: /clone/ },
  ],
  ['a generator state of another length', () => lora.setRngState([1, 2]), OptionError, CODE, { received: /\[1,2\]/ }],
  [
    'a stream after it was closed',
    () => {
      const s = lora.stream()
      s.close()
      s.run(() => lora.zeros([1]))
    },
    OptionError,
    CODE,
    { hint: /lora\.stream/ },
  ],
])

wrongUses('arguments of the wrong type', [
  ['a size instead of a shape', () => lora.zeros(weak(3)), OptionError, CODE, { received: /3/, hint: /\[n\]/ }],
  ['a text instead of a shape', () => lora.zeros(weak('3')), OptionError, CODE, { expected: /array/ }],
  [
    'a text instead of a truth value',
    () => {
      lora.zeros([1]).requiresGrad = weak('no')
    },
    OptionError,
    CODE,
    { hint: /index\.d\.ts/ },
  ],
  [
    'a text as the priority of a stream',
    () => lora.stream({ priority: weak('high') }),
    OptionError,
    CODE,
    { expected: /integer/, received: /high/ },
  ],
  [
    'a number as a path',
    () => lora.load(weak(5)),
    OptionError,
    CODE,
    { expected: /string/, received: /5/, at: 'await' },
  ],
  [
    'a number as metadata',
    () => lora.save({ x: lora.ones([1]) }, '/nowhere/x', { metadata: weak({ step: 1 }) }),
    OptionError,
    CODE,
    { at: 'await' },
  ],
  [
    'nothing to save',
    () => lora.save(weak(null), '/nowhere/x'),
    OptionError,
    CODE,
    { expected: /record/, at: 'await' },
  ],
  ['nothing to load', () => new nn.Linear(1, 1).loadStateDict(weak(null)), OptionError, CODE, { hint: /stateDict/ }],
  [
    'numbers to load',
    () => new nn.Linear(1, 1).loadStateDict(weak({ weight: [[1]], bias: [1] })),
    OptionError,
    CODE,
    { message: /weight is not a tensor/ },
  ],
  [
    'a list instead of an input',
    () => new nn.Linear(1, 1).forward(weak([[1]])),
    OptionError,
    CODE,
    { hint: /lora\.tensor/ },
  ],
  ['no input', () => new nn.Linear(1, 1).forward(weak(undefined)), OptionError, CODE, { received: /undefined/ }],
  ['a text beside a tensor', () => lora.ones([2]).mul(weak('2')), OptionError, CODE, { expected: /Tensor/ }],
  ['a GELU that there is not', () => lora.ones([2]).gelu(weak('fast')), OptionError, CODE, { received: /fast/ }],
  ['no chunks', () => lora.ones([4]).chunk(0), OptionError, CODE, { received: /0/ }],
])

wrongUses('options of optimizers', [
  ['no parameters', () => new optim.AdamW([]), OptionError, CODE, { hint: /markOnlyLoraAsTrainable/ }],
  ['a negative learning rate', () => new optim.SGD([parameter()], { lr: -1 }), OptionError, CODE, { expected: /lr/ }],
  ['a beta of 1', () => new optim.Adam([parameter()], { betas: [1, 0.9] }), OptionError, CODE, { expected: /betas/ }],
  [
    'the same parameter twice',
    () => {
      const p = parameter()
      return new optim.AdamW([p, p])
    },
    OptionError,
    CODE,
    { hint: /one group/ },
  ],
  ['a result of an operation', () => new optim.AdamW([parameter().mul(2)]), OptionError, CODE, { expected: /leaves/ }],
  ['a negative norm', () => optim.clipGradNorm([parameter()], -1), OptionError, CODE, { expected: /maxNorm/ }],
  [
    'a saved state with other groups',
    () => new optim.AdamW([parameter()]).loadStateDict({ state: {}, param_groups: [] }),
    OptionError,
    CODE,
    {},
  ],
])

wrongUses('indexes', [
  [
    'an index outside the tensor',
    () => lora.zeros([3]).at(3),
    IndexError,
    'ERR_LORA_INDEX',
    { expected: /-3 to 2/, received: /3/ },
  ],
  [
    'more indexes than dimensions',
    () => lora.zeros([3]).at(0, 0),
    IndexError,
    'ERR_LORA_INDEX',
    { expected: /at most 1/ },
  ],
  ["'...' twice", () => lora.zeros([3, 3]).at('...', 0, '...'), IndexError, 'ERR_LORA_INDEX', {}],
  ['an index with a fraction', () => lora.zeros([3]).at(0.5), IndexError, 'ERR_LORA_INDEX', { received: /0\.5/ }],
  [
    'narrow past the end',
    () => lora.zeros([3]).narrow(0, 2, 2),
    IndexError,
    'ERR_LORA_INDEX',
    { received: /start 2, length 2/ },
  ],
  [
    'a dimension that there is not',
    () => lora.zeros([3]).size(1),
    IndexError,
    'ERR_LORA_INDEX',
    { expected: /-1 to 0/ },
  ],
  [
    'a reduction over a dimension that there is not',
    () => lora.zeros([3]).sum(1),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^sum$/ },
  ],
  ['unsqueeze too far', () => lora.zeros([3]).unsqueeze(3), IndexError, 'ERR_LORA_INDEX', { received: /3/ }],
  [
    'an id outside the table, given as a number',
    () => tiny().forward([[0, 11]]),
    IndexError,
    'ERR_LORA_INDEX',
    { path: /^transformer$/, expected: /0 to 10/, received: /^11$/, hint: /tokenizer/ },
  ],
  [
    'an id outside the table, in a tensor',
    () =>
      tiny()
        .forward(lora.tensor([[0n, 11n]]))
        .logits.data(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^embedding$/, path: /^transformer\.wte$/, received: /11/, hint: /vocabulary|table/, at: 'await' },
  ],
  [
    'a negative id',
    () => new nn.Embedding(3, 2).forward(lora.tensor([-1n])).data(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^embedding$/, at: 'await' },
  ],
  [
    'an id outside a LoRA embedding',
    () => new lora.Embedding(3, 2, { r: 1 }).forward(lora.tensor([3n])).data(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^loraEmbedding$/, at: 'await' },
  ],
  [
    'a gather outside the tensor',
    () =>
      lora
        .zeros([3])
        .gather(0, lora.tensor([3n]))
        .data(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^gather$/, received: /3/, at: 'await' },
  ],
  [
    'an indexSelect outside the tensor',
    () =>
      lora
        .zeros([3, 2])
        .indexSelect(0, lora.tensor([-1n]))
        .data(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^indexSelect$/, at: 'await' },
  ],
  [
    'a target outside the classes',
    () => F.crossEntropy(lora.zeros([1, 2]), lora.tensor([2n])).item(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^crossEntropy$/, at: 'await' },
  ],
  [
    'an integer beyond 2^53 as a number',
    () => lora.tensor([2n ** 53n + 1n]).item(),
    IndexError,
    'ERR_LORA_INDEX',
    { received: /9007199254740993/, hint: /itemBigInt/, at: 'await' },
  ],
])
