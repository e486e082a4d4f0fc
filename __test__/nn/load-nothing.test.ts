// A state dict that would change nothing: with strict: false, too, it is an error.
import test from 'ava'
import * as lora from 'loralib'

const { nn } = lora
const plain = () => new nn.Sequential(new nn.Linear(2, 2))
const adapted = () => new nn.Sequential(new lora.Linear(2, 2, { r: 1 }))

test('loadStateDict: strict: false of a dict of which no key fits is an error', (t) => {
  const model = plain()
  const error = t.throws(
    () => model.loadStateDict({ 'encoder.0.weight': lora.ones([2, 2]), other: lora.ones([1]) }, { strict: false }),
    { instanceOf: lora.KeyError },
  )
  t.regex(error.received, /2 of 2 keys.*encoder\.0\.weight/)
  t.regex(error.expected, /0\.weight/)
})

test('loadStateDict: an adapter for a model without one is an error that names injectLora', (t) => {
  const adapter = lora.loraStateDict(adapted())
  t.throws(() => plain().loadStateDict(adapter, { strict: false }), { code: 'ERR_LORA_KEY', message: /injectLora/ })
  const whole = adapted().stateDict()
  const model = plain()
  t.throws(() => model.loadStateDict(whole, { strict: false }), { code: 'ERR_LORA_KEY', message: /holds an adapter/ })
})

test('loadStateDict: some keys left over, an adapter for its model and an empty dict still load', async (t) => {
  const model = adapted()
  const adapter = lora.loraStateDict(adapted())
  t.deepEqual(model.loadStateDict(adapter, { strict: false }).unexpectedKeys, [])
  const { missingKeys, unexpectedKeys } = plain().loadStateDict(
    { '0.weight': lora.ones([2, 2]), head: lora.ones([1]) },
    { strict: false },
  )
  t.deepEqual([missingKeys, unexpectedKeys], [['0.bias'], ['head']])
  t.deepEqual(plain().loadStateDict({}, { strict: false }).missingKeys, ['0.weight', '0.bias'])
})
