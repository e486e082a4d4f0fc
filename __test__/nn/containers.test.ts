import test from 'ava'
import * as lora from 'loralib'
import { close, numbers } from '../support/close.js'

const { nn } = lora

test('nn.Sequential: one layer after the other, keys 0.weight …', async (t) => {
  const mlp = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2))
  t.deepEqual(Object.keys(mlp.stateDict()), ['0.weight', '0.bias', '2.weight', '2.bias'])
  const x = lora.ones([2, 3])
  const [first, , last] = [...mlp] as [InstanceType<typeof nn.Linear>, unknown, InstanceType<typeof nn.Linear>]
  await close(t, mlp.forward(x), last.forward(first.forward(x).relu()))
  t.is(mlp.length, 3)
  t.is(mlp.at(-1), last)
})

test('nn.ModuleList: lists modules, has no forward, refuses other things', (t) => {
  const list = new nn.ModuleList<lora.nn.Module>([new nn.Linear(2, 2)])
  list.append(new nn.Identity())
  t.is(list.length, 2)
  t.deepEqual(
    [...list.namedModules()].map(([path]) => path),
    ['', '0', '1'],
  )
  t.throws(() => list.forward(), { instanceOf: lora.OptionError })
  t.throws(() => list.append({} as never), { instanceOf: lora.OptionError })
  t.throws(() => list.at(2), { instanceOf: lora.OptionError })
})

test('nn.Dropout: off in evaluation mode; in training zeroes a share p and scales the rest', async (t) => {
  lora.manualSeed(3)
  const drop = new nn.Dropout(0.25)
  const x = lora.ones([100, 100])
  const values = await numbers(drop.forward(x))
  const zeros = values.filter((v) => v === 0).length / values.length
  t.true(Math.abs(zeros - 0.25) < 0.03)
  t.true(values.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6))
  t.is(drop.eval().forward(x), x)
  t.throws(() => new nn.Dropout(1.5), { instanceOf: lora.OptionError })
})

test('activations: the formulas', async (t) => {
  const x = lora.tensor([-2, -0.5, 0, 1])
  const erf1 = [-0.04550026, -0.1542688, 0, 0.8413447] // x · Φ(x)
  await close(t, new nn.GELU().forward(x), erf1)
  await close(t, new nn.GELU({ approximate: 'tanh' }).forward(x), [-0.04540231, -0.1542859, 0, 0.841192])
  await close(t, new nn.SiLU().forward(x), [-0.2384058, -0.1887703, 0, 0.7310586])
  await close(t, new nn.ReLU().forward(x), [0, 0, 0, 1])
  await close(t, new nn.Softmax(-1).forward(lora.tensor([0, Math.log(3)])), [0.25, 0.75])
  await close(t, new nn.LogSoftmax(0).forward(lora.tensor([0, Math.log(3)])), [Math.log(0.25), Math.log(0.75)])
  t.throws(() => new nn.GELU({ approximate: 'tahn' as never }), { message: /write 'tanh'/ })
})
