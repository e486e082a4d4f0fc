// A small model, and adapters that move its logits, for the tests of lora.peft.
import * as lora from 'loralib'
import { numbers } from './close.js'

export const IDS = [
  [5, 9, 2, 40, 7, 11],
  [3, 3, 8, 1, 60, 22],
]

/** A new Llama of two blocks, in evaluation mode, whose head is its own. */
export const tinyLlama = (options: object = {}): lora.models.LlamaForCausalLM =>
  lora.models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 64, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, tie_word_embeddings: false },
    ...options,
  }).eval() as lora.models.LlamaForCausalLM

type Model = { forward(ids: number[][]): { logits: lora.Tensor } }

export const logitsOf = (model: Model, ids = IDS): Promise<number[]> =>
  numbers(lora.noGrad(() => model.forward(ids).logits))

export const farthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))

/** Adds random numbers to every tensor that trains, so that the adapters move the logits. */
export function stir(model: { trainableParameters(): lora.Tensor[] }, seed: number, size = 0.3): void {
  lora.manualSeed(seed)
  lora.noGrad(() => {
    for (const tensor of model.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(size))
  })
}
