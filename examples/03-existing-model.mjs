// LoRA in a model that exists already, of any class: pick layers by name, train a new task, merge, and plain layers are left.
//   node examples/03-existing-model.mjs
import * as lora from 'loralib'
import { Reader } from './lib/reader.mjs'
import { accuracy, asTensors, lossOf, questionBatches, readQuestions } from './lib/restaurants.mjs'
import { count, percent, table } from './lib/table.mjs'
import { sizeOf, train, trainable } from './lib/train.mjs'

const rows = []
async function learn(what, model, questions, lr) {
  await train(model, questionBatches(questions.train, { steps: 200, size: 16 }), { lr, loss: lossOf(model) })
  const trained = sizeOf(trainable(model))
  const share = percent(trained / sizeOf(model.stateDict()))
  rows.push([what, count(trained), share, percent(await accuracy(model, questions.test))])
}

// The model that exists: somebody's class (lib/reader.mjs), which has learnt to tell what food a place serves.
lora.manualSeed(0)
const food = readQuestions('food')
const model = new Reader(food.answers.length)
await learn('food: all weights', model, food, 2e-3)
const pretrained = model.layers[0].query.weight.detach().clone()

// The new task: where is the place? A new head alone cannot tell, from what the frozen layers hand up to it …
const area = readQuestions('area')
model.requiresGrad_(false).newHead(area.answers.length)
await learn('area: a new head', model, area, 1e-2)

// … and with LoRA on the queries and values it can. A string would be the end of a name, a RegExp sees all of it.
model.newHead(area.answers.length)
const adapted = lora.injectLora(model, { targets: [/^layers\.\d+\.(query|value)$/], r: 4, loraAlpha: 8 })
lora.markOnlyLoraAsTrainable(model)
model.head.requiresGrad_()
await learn('area: a new head and LoRA', model, area, 1e-2)
console.log(table(['task', 'trained parameters', 'of all', 'right on unseen places'], rows))
console.log(`\nLoRA on    ${adapted.join(', ')}`)

// The weights of the base are what they were.
const { query } = model.layers[0]
const moved = await query.baseWeight.sub(pretrained).abs().max().item()
console.log(`base       changed by ${moved} at most`)

// Merged for good: the adapter becomes part of plain weights, and the model is of the class and size that it was.
const { ids } = asTensors(area.test)
const answers = () => lora.noGrad(() => model.forward(ids))
lora.unmergeAll(model)
const beside = answers()
lora.mergeAndUnload(model)
const difference = await answers().sub(beside).abs().max().item()
console.log(`merged     answers differ by at most ${difference.toExponential(1)}`)
console.log(`           LoRA layers left: ${[...model.modules()].filter(lora.isLoraLayer).length}`)
process.exitCode = moved === 0 && difference < 1e-4 ? 0 : 1
