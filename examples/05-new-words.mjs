// New words for a finished model: they learn what they mean, and for the old words nothing changes, to the last bit.
//   node examples/05-new-words.mjs
import * as lora from 'loralib'
import { percent, table } from './lib/table.mjs'
import { train } from './lib/train.mjs'
import { CONTEXT, asTensors, gapBatches, readGaps } from './lib/words.mjs'

const { nn } = lora
const DIM = 32
const NEW = ['british', 'center', 'expensive', 'japanese', 'kids', 'situated']
const { oldWords, oldTrain, oldTest, newTrain, newTest, sentencesWith } = readGaps(NEW)

// Guesses a word from three on each side. Words are known by the company they keep: that is how a vector gets a meaning.
class Guesser extends nn.Module {
  constructor(words, out = new nn.Linear(CONTEXT * DIM, oldWords.length)) {
    super()
    Object.assign(this, { words, out })
  }
  forward(ids) {
    return this.out.forward(this.words.forward(ids).flatten(1)) // (N, 6) → (N, 6, 32) → (N, 192) → (N, old words)
  }
}
const lossOf = (model) => (batch) => nn.functional.crossEntropy(model.forward(batch.context), batch.answer)
const guess = (model, gaps) => lora.noGrad(() => model.eval().forward(asTensors(gaps).context))
const right = async (logits, gaps) => percent(await logits.argmax(1).eq(asTensors(gaps).answer).to('f32').mean().item())

// The base model, from sentences without any of the new words.
lora.manualSeed(0)
const base = new Guesser(new nn.Embedding(oldWords.length, DIM))
nn.init.normal_(base.words.weight, 0, 0.1) // small, so that what is learnt outweighs the random start
await train(base, gapBatches(oldTrain, { steps: 800, size: 128 }), { lr: 3e-3, loss: lossOf(base) })
const before = guess(base, oldTest)

// The table grows by a row of zeros for each new word, and LoRA learns what to add: row i gets column i of A, times B. With no
// gradient in the columns of the old words, their rows stay as they are.
const weight = lora.cat([base.words.weight.detach(), lora.zeros([NEW.length, DIM])])
const words = new lora.Embedding(oldWords.length + NEW.length, DIM, { r: 8, loraAlpha: 8, weight })
const model = new Guesser(words, base.out)
lora.markOnlyLoraAsTrainable(model)
const unknown = await right(guess(model, newTest), newTest)
const isNew = lora.arange(words.numEmbeddings).ge(oldWords.length).to('f32')
const beforeStep = () => (words.loraA.grad = words.loraA.grad.mul(isNew))
await train(model, gapBatches(newTrain, { steps: 200, size: 128 }), { lr: 1e-2, loss: lossOf(model), beforeStep })
const [after, learnt] = [guess(model, oldTest), guess(model, newTest)]

const vectors = words.weight.div(words.weight.square().sum(1, true).add(1e-9).sqrt()) // merged, of length 1
const cosines = await vectors.narrow(0, oldWords.length, NEW.length).matmul(vectors.t()).tolist()
const nearest = (row) => oldWords.map((word, id) => [row[id], word]).sort(([a], [b]) => b - a)
const shown = (row) =>
  nearest(row)
    .slice(0, 3)
    .map(([cosine, word]) => `${word} ${cosine.toFixed(2)}`)
const rows = NEW.map((word, i) => [word, sentencesWith(word), ...shown(cosines[i])])
console.log(table(['new word', 'sentences', 'nearest old words, by cosine', '', ''], rows))
const change = await before.sub(after).abs().max().item()
console.log(`
guessed right beside new words   ${unknown} before, ${await right(learnt, newTest)} after
guessed right elsewhere          ${await right(before, oldTest)} before, ${await right(after, oldTest)} after; largest change of a score: ${change}`)
process.exitCode = change === 0 ? 0 : 1
