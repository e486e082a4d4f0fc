import test from 'ava'
import * as lora from 'loralib'

const { models } = lora

const IDS = Array.from({ length: 8 }, (_, b) => Array.from({ length: 256 }, (_, t) => 2 + ((b + t) % 30)))
const STATE = 8 * 256 * 16 * 4 // bytes of what goes from block to block, (8, 256, 16) f32

const ARCHITECTURES: Record<string, (layers: number) => (ids: number[][]) => unknown> = {
  RobertaModel: (num_hidden_layers) => {
    const sizes = { vocab_size: 32, hidden_size: 16, num_attention_heads: 1, intermediate_size: 64 }
    const model = models.RobertaModel.fromConfig({ ...sizes, num_hidden_layers }).eval()
    return (ids) => model.forward(ids)
  },
  GPT2LMHeadModel: (n_layer) => {
    const model = models.GPT2LMHeadModel.fromConfig({ vocab_size: 32, n_embd: 16, n_head: 1, n_layer }).eval()
    return (ids) => model.forward(ids)
  },
}

// Each block makes some 15 times what it hands on. The peak counts for the process, so the tests run one after the other.
for (const [name, build] of Object.entries(ARCHITECTURES)) {
  test.serial(`${name}: without gradients, a deeper model holds its states and not what its blocks made`, async (t) => {
    const peakOf = async (layers: number) => {
      const run = build(layers)
      lora.noGrad(() => run(IDS))
      await lora.settle()
      return lora.memory().peakBytes
    }
    const shallow = await peakOf(2)
    const grown = (await peakOf(10)) - shallow
    t.true(grown < 8 * 3 * STATE, `8 more layers took ${grown} more bytes, and a state has ${STATE}`)
  })
}

class Watched extends lora.nn.Module {
  inner: { forward(x: lora.Tensor): lora.Tensor } & lora.nn.Module
  seen: lora.Tensor | null = null

  constructor(inner: Watched['inner']) {
    super()
    this.inner = inner
  }

  override forward(x: lora.Tensor): lora.Tensor {
    this.seen = x.mul(2)
    return this.inner.forward(x)
  }
}

test.serial(
  'RobertaModel: what a module in a layer keeps in a field, and what a hook keeps, outlives the forward',
  async (t) => {
    const model = models.RobertaModel.fromConfig({
      ...{ vocab_size: 32, hidden_size: 16, num_attention_heads: 1, num_hidden_layers: 3, intermediate_size: 8 },
    }).eval()
    const [first, second] = model.encoder.layer
    first!.attention.self.query = new Watched(first!.attention.self.query)
    second!.output.dense = new Watched(second!.output.dense)
    const outputs: lora.Tensor[] = []
    second!.registerForwardHook((_, __, output) => void outputs.push(lora.keep(output as lora.Tensor)))
    const { hiddenStates } = model.forward([[0, 5, 6, 2]], { outputHiddenStates: true })
    const asked = (first!.attention.self.query as Watched).seen!
    t.deepEqual(await asked.tolist(), await hiddenStates![0]!.mul(2).tolist())
    t.deepEqual((await (second!.output.dense as Watched).seen!.data()).length, 4 * 8)
    t.deepEqual(await outputs[0]!.tolist(), await hiddenStates![2]!.tolist())
  },
)
