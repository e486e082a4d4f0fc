import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { rows } from '../support/reference.js'
import { removeFolder } from '../support/files.js'

const { nn } = lora
const X = () => lora.tensor(rows(wave(8, 0.4), 4))

const folder = mkdtempSync(join(tmpdir(), 'loralib-merged-'))
test.after.always(() => removeFolder(folder))

class Model extends nn.Module {
  first = new lora.Linear(4, 6, { r: 2, loraAlpha: 4 })
  fused = new lora.MergedLinear(6, 6, { r: 1, enableLora: [true, false, true], fanInFanOut: true })
  last = new nn.Linear(6, 2)
  constructor() {
    super()
    this.registerBuffer('mask', lora.ones([2]))
    lora.noGrad(() => {
      this.first.loraB!.copy_(lora.tensor(rows(wave(12), 2)))
      this.fused.loraB!.copy_(lora.tensor(rows(wave(4), 1)))
    })
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return this.last.forward(this.fused.forward(this.first.forward(x)))
  }
}

class Plain extends nn.Module {
  first = new nn.Linear(4, 6)
  fused = new nn.TransposedLinear(6, 6)
  last = new nn.Linear(6, 2)
  constructor() {
    super()
    this.registerBuffer('mask', lora.zeros([2]))
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return this.last.forward(this.fused.forward(this.first.forward(x)))
  }
}

test('saveMerged: a plain model reads it strictly and computes the same; the model stays as it is', async (t) => {
  for (const mode of [true, false]) {
    const model = new Model().train(mode)
    const [want, weight] = [await numbers(model.forward(X())), await numbers(model.first.baseWeight)]
    const path = join(folder, `plain-${mode}.safetensors`)
    await lora.saveMerged(model, path, { metadata: { made: 'here' } })
    const plain = new Plain()
    plain.loadStateDict(await lora.load(path))
    await close(t, plain.forward(X()), want)
    t.deepEqual((await lora.loadHeader(path)).metadata, { format: 'pt', made: 'here' })
    t.is(model.first.merged, !mode)
    await same(t, model.first.baseWeight, weight)
    await same(t, model.forward(X()), want)
    t.deepEqual(
      readdirSync(folder).filter((name) => !name.endsWith('.safetensors')),
      [],
    )
  }
})

test('saveMerged: dtype converts floating tensors', async (t) => {
  const path = join(folder, 'half.safetensors')
  await lora.saveMerged(new Model(), path, { dtype: 'bf16' })
  const { tensors } = await lora.loadHeader(path)
  t.true(tensors.every(({ dtype }) => dtype === 'bf16'))
})

test('mergedStateDict: plain keys in order, live tensors but for merged weights', (t) => {
  const model = new Model()
  const dict = lora.mergedStateDict(model)
  t.deepEqual(Object.keys(dict), Object.keys(new Plain().stateDict()))
  t.is(dict['first.bias'], model.first.bias!)
  t.not(dict['first.weight'], model.first.weight)
})

test('saveMerged: an unknown option is an error; a folder that is not there is a FileError', async (t) => {
  const path = join(folder, 'none', 'plain.safetensors')
  await t.throwsAsync(lora.saveMerged(new Model(), path), { instanceOf: lora.FileError })
  await t.throwsAsync(lora.saveMerged(new Model(), path, { dtyp: 'f16' } as never), { message: /dtype for dtyp/ })
})
