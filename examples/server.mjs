// One base model, an adapter for each customer: trained on request, answering meanwhile, kept in files. docs/serving.md says more.
//   node examples/server.mjs [--model models/base] [--adapters out/adapters] [--port 8080]
//   curl localhost:8080/adapters/ann -d '{"texts": ["The Eagle is a pub by the river.", "Blue Spice is a coffee shop."]}'
//   curl localhost:8080/adapters/ann/job;  curl localhost:8080/complete -d '{"customer": "ann", "prompt": "The Eagle"}'
import * as lora from 'loralib'
import { Adapters } from './lib/adapters.mjs'
import { serve } from './lib/http.mjs'
import { Jobs } from './lib/jobs.mjs'
import { batchOf, customerOf, readQuestion, readServerOptions, readTask } from './lib/requests.mjs'

const options = readServerOptions()
const LORA = { targets: ['c_attn', 'c_proj', 'c_fc'], r: 8, loraAlpha: 16, loraDropout: 0.05, mergeWeights: false }
const base = await lora.models.AutoModelForCausalLM.fromPretrained(options.model)
const tokenizer = lora.tokenizers.Tokenizer.fromFolder(options.model)
const adapters = new Adapters(options.adapters, base, LORA) // models that share the tensors of the base
const jobs = new Jobs({ most: 8 })
const chat = lora.stream({ priority: 10 }) // answers go before training

async function* train(customer, { texts, epochs, lr, seed }) {
  const model = adapters.fresh().train()
  const optimizer = new lora.optim.AdamW(model.parameters(), { lr }) // frozen ones never get a gradient, nor memory for one
  const rows = await tokenizer.encodeBatch(texts, { specialAsText: true })
  const loader = new lora.DataLoader(rows, { batchSize: 4, shuffle: true, seed, collate: batchOf(base) })
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const { ids, ...labels } of loader) {
      const { loss } = model.forward(ids, labels)
      loss.backward()
      await optimizer.step()
      optimizer.zeroGrad()
      yield { epoch, loss: await loss.item() }
    }
  }
  await adapters.save(customer, model.eval())
}

// A stream for each training: it draws the same numbers whatever else runs, and aborting it harms nobody.
function start(customer, task) {
  return jobs.start(customer, (signal) => lora.stream({ seed: task.seed, signal }).run(() => train(customer, task)))
}

async function* complete({ customer, prompt, sampling }, signal) {
  const model = customer === undefined ? base : await adapters.get(customer)
  const ids = [...(await tokenizer.encodeAsync(prompt, { specialAsText: true }))]
  const text = tokenizer.decodeStream({ skipSpecialTokens: true })
  for await (const { id } of model.stream(ids, { ...sampling, signal })) yield { text: text.push(id) }
  yield { text: text.end() }
}

await serve(options.port, {
  'GET /adapters': () => adapters.list(),
  'GET /adapters/:customer': ({ params }) => adapters.bytes(customerOf(params)),
  'PUT /adapters/:customer': ({ params, bytes }) => adapters.saveBytes(customerOf(params), bytes),
  'DELETE /adapters/:customer': ({ params }) => adapters.delete(customerOf(params)),
  'POST /adapters/:customer': ({ params, json }) => start(customerOf(params), readTask(json())),
  'GET /adapters/:customer/job': ({ params }) => jobs.follow(params.customer),
  'DELETE /adapters/:customer/job': ({ params }) => jobs.abort(params.customer),
  'POST /complete': ({ json, signal }) => chat.run(() => complete(readQuestion(json()), signal)),
  'GET /memory': async () => (await lora.settle(), lora.memory()),
})
