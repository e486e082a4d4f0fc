// Options and arguments that are not allowed.
import * as lora from 'loralib'
import { rejects, sync } from './judge.mjs'

const { nn, optim } = lora
const F = nn.functional
const parameter = () => nn.parameter(lora.zeros([2]))
const tiny = () =>
  lora.models.GPT2LMHeadModel.fromConfig({ vocab_size: 11, n_positions: 8, n_embd: 4, n_layer: 1, n_head: 2 })

class Arrow extends nn.Module {
  forward = (x) => x
}

function closedStream() {
  const stream = lora.stream()
  stream.close()
  return stream
}

export const group = 'options and arguments'
export const cases = [
  ...sync('ERR_LORA_OPTION', [
    ['r that is no integer', () => new lora.Linear(4, 4, { r: 1.5 }), { expected: /r: an integer/, received: /1\.5/ }],
    ['r below 0', () => new lora.Linear(4, 4, { r: -1 }), { received: /-1/ }],
    ['a dropout of 2', () => new lora.Linear(4, 4, { r: 1, loraDropout: 2 }), { expected: /0 to 1/ }],
    ["an option with Python's name", () => new lora.Linear(4, 4, { r: 1, lora_alpha: 2 }), { fix: /loraAlpha/ }],
    [
      'enableLora of numbers',
      () => new lora.MergedLinear(4, 6, { r: 1, enableLora: [1, 0, 1] }),
      { expected: /true and false/ },
    ],
    [
      'enableLora that does not divide the outputs',
      () => new lora.MergedLinear(4, 7, { r: 1, enableLora: [true, false] }),
      { expected: /7/ },
    ],
    ['a bias mode that there is not', () => lora.markOnlyLoraAsTrainable(tiny(), 'lora-only'), { fix: /lora_only/ }],
    ['a target that fits no layer', () => lora.injectLora(tiny(), { targets: ['c_atn'], r: 2 }), { fix: /c_attn/ }],
    [
      'adapters injected twice',
      ({ model }) => lora.injectLora(model, { targets: ['c_fc'], r: 2 }),
      { received: /already/ },
    ],
    ['a write to a merged weight', mergedWrite, { fix: /unmerge\(\)/ }],
    ['a layer without outputs', () => new nn.Linear(4, 0), { expected: /outFeatures/ }],
    [
      'heads that do not divide the width',
      () => lora.models.GPT2LMHeadModel.fromConfig({ n_embd: 10, n_head: 3 }),
      { expected: /divisor/ },
    ],
    [
      'a reduction that there is not',
      () => F.mseLoss(lora.zeros([2]), lora.zeros([2]), { reduction: 'avg' }),
      { expected: /'mean'/ },
    ],
    [
      'rows of ids of unequal lengths',
      ({ model }) => model.forward([[1, 2], [3]]),
      { fix: /pad/, path: 'transformer' },
    ],
    [
      'more ids than positions',
      ({ model }) => model.forward([Array.from({ length: 17 }, () => 1)]),
      { expected: /16/, path: 'transformer' },
    ],
    [
      'labels of another shape than the ids',
      ({ model, ids }) =>
        model.forward(ids, {
          labels: [
            [1, 2],
            [3, 4],
          ],
        }),
      { path: 'GPT2LMHeadModel' },
    ],
    ['forward as an arrow function', () => new Arrow().parameters(), { expected: /method/ }],
    ['a module that there is not', ({ model }) => model.getSubmodule('h.7'), { received: /h\.7/ }],
    ['a negative seed', () => lora.manualSeed(-1), { received: /-1/ }],
    ['a generator state of another length', () => lora.setRngState([1, 2]), { received: /\[1,2\]/ }],
    ['a stream after it was closed', () => closedStream().run(() => lora.zeros([1])), { fix: /lora\.stream/ }],
    [
      'a text as the priority of a stream',
      () => lora.stream({ priority: 'high' }),
      { expected: /integer/, received: /high/ },
    ],
    ['a size instead of a shape', () => lora.zeros(3), { received: /3/, fix: /\[n\]/ }],
    ['a list instead of a tensor', () => new nn.Linear(1, 1).forward([[1]]), { fix: /lora\.tensor/, path: 'Linear' }],
    ['a text beside a tensor', () => lora.ones([2]).mul('2'), { expected: /Tensor/ }],
    ['a tensor added to itself in place', addedToItself, { op: 'addInplace', fix: /clone/ }],
    ['no parameters to train', () => new optim.AdamW([]), { fix: /markOnlyLoraAsTrainable/ }],
    ['a negative learning rate', () => new optim.SGD([parameter()], { lr: -1 }), { expected: /lr/ }],
    ['a beta of 1', () => new optim.Adam([parameter()], { betas: [1, 0.9] }), { expected: /betas/ }],
    [
      'a parameter that the optimizer has already',
      ({ optimizer, trained }) => optimizer.addParamGroup({ params: [trained[0]] }),
      { expected: /once/ },
    ],
    ['a result as a parameter', () => new optim.AdamW([parameter().mul(2)]), { expected: /leaves/ }],
    [
      'a saved state with other groups',
      ({ optimizer }) => optimizer.loadStateDict({ state: {}, param_groups: [] }),
      { expected: /groups/ },
    ],
    ['a negative norm to clip to', ({ trained }) => optim.clipGradNorm(trained, -1), { expected: /maxNorm/ }],
    ['a batch of no samples', () => new lora.DataLoader([1, 2], { batchSize: 0 }), { what: /batchSize/ }],
    ['samples of different kinds', () => lora.data.defaultCollate([1, 'a']), { expected: /kind/ }],
  ]),
  ...rejects('ERR_LORA_OPTION', [
    [
      'text from a model in training mode',
      ({ model }) => model.generate([[1, 2]], { maxNewTokens: 2 }),
      { fix: /eval\(\)/ },
    ],
    [
      'more text than the model can take',
      ({ model }) => model.generate([[1, 2]], { maxNewTokens: 50 }),
      { fix: /maxNewTokens/ },
    ],
    [
      'a temperature below 0',
      ({ model }) => evaluated(model, [[1]], { doSample: true, temperature: -1, maxNewTokens: 2 }),
      { expected: /temperature/ },
    ],
    [
      'an option of generate that there is not',
      ({ model }) => model.generate([[1]], { max_new_tokens: 2 }),
      { fix: /maxNewTokens/ },
    ],
    ['a number as a path', () => lora.load(5), { expected: /path|text|string/, received: /5/ }],
    [
      'a number as metadata',
      () => lora.save({ x: lora.ones([1]) }, '/nowhere/x', { metadata: { step: 1 } }),
      { received: /1/ },
    ],
  ]),
  ...sync('ERR_LORA_UNSUPPORTED', [
    ['a sparse embedding', () => new nn.Embedding(4, 2, { sparse: true }), { received: /sparse: true/ }],
  ]),
  ...sync('ERR_LORA_INDEX', [
    ['an index outside the tensor', () => lora.zeros([3]).at(3), { expected: /-3 to 2/, received: /3/ }],
    ['narrow past the end', () => lora.zeros([3]).narrow(0, 2, 2), { received: /2/ }],
    ['a dimension that there is not', () => lora.zeros([3]).sum(1), { op: 'sum', received: /1/ }],
  ]),
]

async function evaluated(model, prompt, options) {
  model.eval()
  try {
    await lora.generation.generate(model, prompt, options)
  } finally {
    model.train()
  }
}

function mergedWrite() {
  const layer = new lora.Linear(2, 2, { r: 1 })
  layer.eval()
  layer.weight = lora.zeros([2, 2])
}

function addedToItself() {
  const x = lora.ones([2])
  x.add_(x)
}
