// An adapter file says what adapter it is: rank, alpha, layers.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { models, nn, KeyError } = lora

const folder = mkdtempSync(join(tmpdir(), 'loralib-adapter-'))
test.after.always(() => removeFolder(folder))
let last = 0
const newPath = () => join(folder, `${++last}.safetensors`)

class Net extends nn.Module {
  words = new nn.Embedding(7, 4)
  qkv = new nn.Linear(4, 12)
  conv = new nn.Conv1d(4, 4, 3, { padding: 1 })
  attn = new nn.MultiheadAttention(4, 2, { batchFirst: true })
  head = new nn.Linear(4, 2)
  override forward(ids: lora.Tensor): lora.Tensor {
    const x = this.words.forward(ids)
    const q = (this.qkv.forward(x) as lora.Tensor).narrow(-1, 0, 4)
    const y = (this.conv.forward(q.transpose(1, 2)) as lora.Tensor).transpose(1, 2)
    return this.head.forward(this.attn.forward(y, y, y, { needWeights: false })[0]) as lora.Tensor
  }
}

/** A model with random adapters, and a plain one with the same base. */
function pair(options: lora.InjectOptions): [adapted: Net, fresh: Net] {
  const [adapted, fresh] = [new Net(), new Net()]
  fresh.loadStateDict(adapted.stateDict())
  lora.injectLora(adapted, options)
  for (const tensor of Object.values(lora.loraStateDict(adapted))) lora.noGrad(() => nn.init.normal_(tensor))
  return [adapted, fresh]
}

const EVERY: lora.InjectOptions = {
  targets: {
    words: { r: 2 },
    qkv: { r: 2, loraAlpha: 8, enableLora: [true, false, true], loraDropout: 0.25 },
    conv: { r: 1, loraAlpha: 3 },
    attn: { r: 2, enableLora: [true, false, true], out: true },
  },
  mergeWeights: false,
}
const ids = () => lora.tensor([[1, 2, 3, 0]], { dtype: 'i64' })

test('save(loraStateDict(model)): the metadata says rank, alpha, layers and blocks', async (t) => {
  const [adapted] = pair(EVERY)
  const path = newPath()
  await lora.save(lora.loraStateDict(adapted), path, { metadata: { step: '7' } })
  const { metadata } = await lora.loadHeader(path)
  t.is(metadata['step'], '7')
  t.deepEqual(JSON.parse(metadata['lora']!), {
    layers: [
      { targets: ['words'], r: 2, lora_alpha: 1, merge_weights: false },
      {
        ...{ targets: ['qkv'], r: 2, lora_alpha: 8, lora_dropout: 0.25, merge_weights: false },
        ...{ enable_lora: [true, false, true], blocks: [4, 4, 4] },
      },
      { targets: ['conv'], r: 1, lora_alpha: 3, merge_weights: false },
      { targets: ['attn'], r: 2, lora_alpha: 1, merge_weights: false, enable_lora: [true, false, true], out: true },
    ],
    include_tied: false,
  })
  await lora.save(new nn.Linear(2, 2).stateDict(), path)
  t.deepEqual((await lora.loadHeader(path)).metadata, { format: 'pt' })
})

test('loadAdapter: builds the layers of the file in a plain model, of every class', async (t) => {
  const [adapted, fresh] = pair(EVERY)
  const path = newPath()
  await lora.save(lora.loraStateDict(adapted), path)
  t.deepEqual(await lora.loadAdapter(fresh, path), ['words', 'qkv', 'conv', 'attn'])
  t.deepEqual(Object.keys(fresh.stateDict()), Object.keys(adapted.stateDict()))
  t.is((fresh.qkv as unknown as lora.MergedLinear).mergeWeights, false)
  const [want, got] = [adapted, fresh].map((model) => model.eval().forward(ids()))
  t.deepEqual(await numbers(got!), await numbers(want!))
  t.deepEqual(await lora.loadAdapter(fresh, path), [], 'what is there already is compared and loaded')
})

test('loadAdapter: a head that shares the update of the embedding shares it again', async (t) => {
  const config = { vocab_size: 11, n_positions: 8, n_embd: 4, n_layer: 1, n_head: 2 }
  const [adapted, fresh] = [new models.GPT2LMHeadModel(config), new models.GPT2LMHeadModel(config)]
  fresh.loadStateDict(adapted.stateDict())
  lora.injectLora(adapted, { targets: ['c_attn', 'wte'], r: 2, loraAlpha: 4, includeTied: true })
  for (const tensor of Object.values(lora.loraStateDict(adapted))) lora.noGrad(() => nn.init.normal_(tensor))
  const path = newPath()
  await lora.save(lora.loraStateDict(adapted), path)
  const made = await lora.loadAdapter(fresh, path)
  t.true(made.includes('lm_head'), made.join())
  const logits = [adapted, fresh].map((model) => model.eval().forward([[1, 2, 3]]).logits)
  t.deepEqual(await numbers(logits[1]!), await numbers(logits[0]!))
})

test('loadStateDict: an adapter with another rank, alpha or layer is refused, and the error shows both', async (t) => {
  const [adapted] = pair({ targets: ['head', 'qkv'], r: 2, loraAlpha: 16 })
  const path = newPath()
  await lora.save(lora.loraStateDict(adapted), path)
  const dict = await lora.load(path)
  const refused = (options: lora.InjectOptions | null) => {
    const model = new Net()
    if (options !== null) lora.injectLora(model, options)
    return t.throws(() => model.loadStateDict(dict, { strict: false }), { instanceOf: KeyError }) as lora.KeyError
  }
  const rank = refused({ targets: ['head', 'qkv'], r: 1, loraAlpha: 16 })
  t.is(rank.code, 'ERR_LORA_KEY')
  t.deepEqual([rank.expected, rank.received], ['qkv: r 1, loraAlpha 16', 'qkv: r 2, loraAlpha 16; and 1 more layers'])
  t.regex(refused({ targets: ['head', 'qkv'], r: 2, loraAlpha: 32 }).message, /loraAlpha 32[^]*loraAlpha 16/)
  t.regex(
    refused({ targets: { head: {}, qkv: { enableLora: [true, false, true] } }, r: 2, loraAlpha: 16 }).message,
    /enableLora/,
  )
  t.regex(refused({ targets: ['head'], r: 2, loraAlpha: 16 }).message, /no adapter at qkv/)
  t.regex(refused(null).message, /loadAdapter/)
  const same = new Net()
  lora.injectLora(same, { targets: ['head', 'qkv'], r: 2, loraAlpha: 16, loraDropout: 0.5 })
  t.deepEqual(same.loadStateDict(dict, { strict: false }).unexpectedKeys, [], 'dropout is no matter of the tensors')
  const other = new Net()
  lora.injectLora(other, { targets: ['head', 'qkv'], r: 2, loraAlpha: 32 })
  t.notThrows(() => other.loadStateDict({ ...dict }, { strict: false }), 'a copy says nothing')
})

test('loadAdapter: what fails leaves the model as it was', async (t) => {
  const [adapted] = pair({ targets: ['head', 'qkv'], r: 2, loraAlpha: 16 })
  const path = newPath()
  const small = new nn.Sequential(new nn.Linear(4, 2))
  await lora.save(lora.loraStateDict(adapted), path)
  const lacking = await t.throwsAsync(lora.loadAdapter(small, path), { instanceOf: KeyError })
  t.regex(lacking!.message, /qkv, head/)

  class Wide extends Net {
    override head = new nn.Linear(5, 2)
  }
  const wide = new Wide()
  const before = Object.keys(wide.stateDict())
  await t.throwsAsync(lora.loadAdapter(wide, path), { instanceOf: KeyError })
  t.deepEqual(Object.keys(wide.stateDict()), before)
  t.true(wide.parameters().every((tensor) => tensor.requiresGrad))

  await lora.save({ ...lora.loraStateDict(adapted) }, path)
  const silent = await t.throwsAsync(lora.loadAdapter(new Net(), path), { code: 'ERR_LORA_FORMAT' })
  t.regex(silent!.message, /injectLora/)
  for (const text of ['', '{}', '{"layers":[{"targets":"qkv","r":2,"lora_alpha":1}],"include_tied":false}', '[1]']) {
    await lora.save({ ...lora.loraStateDict(adapted) }, path, { metadata: { lora: text } })
    await t.throwsAsync(lora.loadAdapter(new Net(), path), { code: 'ERR_LORA_FORMAT' }, text)
  }
})
