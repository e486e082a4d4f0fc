import test from 'ava'
import * as lora from 'loralib'

const { nn } = lora

class Heads extends nn.Module {
  heads = new nn.ModuleDict({ sentiment: new nn.Linear(4, 2), topic: new nn.Linear(4, 3, { bias: false }) })

  override forward(x: lora.Tensor, name: 'sentiment' | 'topic'): lora.Tensor {
    return this.heads.get(name).forward(x)
  }
}

test("nn.ModuleDict: PyTorch's keys, and its modules are trained, saved and found", (t) => {
  const model = new Heads()
  t.deepEqual(Object.keys(model.stateDict()), ['heads.sentiment.weight', 'heads.sentiment.bias', 'heads.topic.weight'])
  t.is(model.parameters().length, 3)
  t.deepEqual(model.forward(lora.ones([5, 4]), 'topic').shape, [5, 3])
  t.is(model.getSubmodule('heads.topic'), model.heads.get('topic'))
  model.eval()
  t.false(model.heads.get('topic').training)
  t.deepEqual(lora.injectLora(model, { targets: ['topic'], r: 1 }), ['heads.topic'])
  t.true((model.heads.get('topic') as unknown) instanceof lora.Linear)
  t.regex(String(model), /\(topic\): Linear/)
})

test('nn.ModuleDict: the methods of PyTorch', (t) => {
  const [a, b, c] = [new nn.Identity(), new nn.ReLU(), new nn.Tanh()]
  const dict = new nn.ModuleDict<Record<string, lora.nn.Module>>([
    ['a', a],
    ['b', b],
  ])
  t.deepEqual([dict.length, dict.has('a'), dict.has('z'), dict.has('keys')], [2, true, false, false])
  t.deepEqual(dict.keys(), ['a', 'b'])
  t.deepEqual(dict.values(), [a, b])
  t.deepEqual(dict.items(), [
    ['a', a],
    ['b', b],
  ])
  t.deepEqual([...dict], ['a', 'b'])
  dict.set('c', c).update({ a: c })
  t.is(dict.get('a'), c)
  t.is(dict.pop('a'), c)
  t.deepEqual(dict.keys(), ['b', 'c'])
  const copy = new nn.ModuleDict().update(dict)
  t.deepEqual(copy.values(), [b, c])
  dict.clear()
  t.is(dict.length, 0)
  t.is(copy.length, 2)
})

test('nn.ModuleDict: names that cannot be, and what is no module, are refused', (t) => {
  const dict = new nn.ModuleDict<Record<string, lora.nn.Module>>({ head: new nn.Identity() })
  const refused = (run: () => unknown, message: RegExp) => t.throws(run, { instanceOf: lora.OptionError, message })
  for (const name of ['', 'a.b', 'train', 'forward', 'keys', 'training', 'constructor', 3 as never])
    refused(() => dict.set(name, new nn.Identity()), /name/)
  refused(() => dict.set('x', {} as never), /an nn.Module/)
  refused(() => dict.get('haed'), /write 'head'/)
  refused(() => dict.pop('tail'), /'head'/)
  refused(() => new nn.ModuleDict(3 as never), /modules/)
  refused(() => new nn.ModuleDict({ a: 1 } as never), /an nn.Module/)
  refused(() => new nn.ModuleDict(new nn.Identity() as never), /modules/)
  refused(() => dict.forward(), /no forward/)
  t.deepEqual(dict.keys(), ['head'])
})

test('contiguous and isContiguous: nothing to do, since a transposed tensor is a copy', async (t) => {
  const x = lora.tensor([[1, 2], [3, 4]]).transpose(0, 1) // prettier-ignore
  t.is(x.contiguous(), x)
  t.true(x.isContiguous())
  t.deepEqual([...(await x.contiguous().data())], [1, 3, 2, 4])
  x.dispose()
  t.throws(() => x.contiguous(), { instanceOf: lora.DisposedError })
})
