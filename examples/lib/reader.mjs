// A small model as anybody writes one, without a thought of LoRA: it reads a sentence and answers a question about it.
import * as lora from 'loralib'
import { LENGTH, WORDS } from './restaurants.mjs'

const { nn } = lora
const [DIM, HEADS] = [64, 4]

class Attention extends nn.Module {
  constructor() {
    super()
    this.norm = new nn.LayerNorm(DIM)
    for (const name of ['query', 'key', 'value', 'out']) this[name] = new nn.Linear(DIM, DIM)
  }

  forward(x) {
    const y = this.norm.forward(x)
    const heads = (layer) => layer.forward(y).reshape(-1, LENGTH, HEADS, DIM / HEADS) // (B, T, H, D)
    const [q, k, v] = [this.query, this.key, this.value].map(heads)
    const seen = nn.functional.scaledDotProductAttention(q, k, v, { layout: 'BTHD' })
    return x.add(this.out.forward(seen.flatten(2))) // (B, T, C)
  }
}

export class Reader extends nn.Module {
  constructor(answers) {
    super()
    this.words = new nn.Embedding(WORDS, DIM)
    this.places = new nn.Embedding(LENGTH, DIM)
    this.layers = new nn.Sequential(new Attention(), new Attention())
    this.newHead(answers)
  }

  newHead(answers) {
    this.head = new nn.Linear(DIM, answers)
  }

  forward(ids) {
    const x = this.words.forward(ids).add(this.places.forward(lora.arange(LENGTH))) // (B, T, C)
    return this.head.forward(this.layers.forward(x).amax(1)) // (B, answers)
  }
}
