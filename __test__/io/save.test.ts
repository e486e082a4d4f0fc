import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { same, wave } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const folder = mkdtempSync(join(tmpdir(), 'loralib-save-'))
test.after.always(() => removeFolder(folder))

for (const sync of [true, false]) {
  test(`save({ sync: ${sync} }): every dtype comes back, large and empty tensors too`, async (t) => {
    const path = join(folder, `all-${sync}.safetensors`)
    const dict = {
      half: lora.tensor(wave(6), { dtype: 'bf16' }),
      whole: lora.tensor([1n, -2n], { dtype: 'i64' }),
      truth: lora.tensor([true, false]),
      large: lora.randn([700, 1000]),
      empty: lora.zeros([0, 3]),
      double: lora.tensor(wave(5), { dtype: 'f64' }),
      scalar: lora.tensor(3),
    }
    await lora.save(dict, path, { sync, metadata: { step: '7' } })
    const back = await lora.load(path)
    t.deepEqual(Object.keys(back).toSorted(), Object.keys(dict).toSorted())
    for (const [name, tensor] of Object.entries(dict)) {
      t.is(back[name]!.dtype, tensor.dtype)
      t.deepEqual(back[name]!.shape, tensor.shape)
      await same(t, back[name]!, tensor)
    }
    t.deepEqual((await lora.loadHeader(path)).metadata, { format: 'pt', step: '7' })
  })
}

test('save: the values are those of the call, whatever is recorded behind it', async (t) => {
  const path = join(folder, 'snapshot.safetensors')
  const dict = { a: lora.ones([3]), b: lora.randn([400, 400]).mul(0).add(2) }
  const saved = lora.save(dict, path, { sync: false })
  dict.a.fill_(7)
  dict.b.fill_(7)
  await saved
  const back = await lora.load(path)
  await same(t, back['a']!, [1, 1, 1])
  t.is(await back['b']!.mean().item(), 2)
})

test('save: a mapped file can be replaced by what was read of it', async (t) => {
  const path = join(folder, 'mapped.safetensors')
  await lora.save({ a: lora.tensor(wave(1000)), b: lora.tensor([1, 2]) }, path)
  const mapped = await lora.load(path, { mapped: true })
  await lora.save({ a: mapped['a']!, b: lora.tensor([3, 4]) }, path)
  const back = await lora.load(path)
  await same(t, back['a']!, mapped['a']!)
  await same(t, back['b']!, [3, 4])
  await same(t, mapped['b']!, [1, 2])
})

test('save: nothing is an empty file, and a bad option is refused', async (t) => {
  const path = join(folder, 'empty.safetensors')
  await lora.save({}, path)
  t.deepEqual(await lora.load(path), Object.create(null))
  await t.throwsAsync(lora.save({}, path, { sync: 'yes' as never }), { instanceOf: lora.OptionError, message: /sync/ })
  await t.throwsAsync(lora.save({}, path, { fsync: false } as never), { instanceOf: lora.OptionError })
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  )
})
