// Runs in the folder of node-llama-cpp: reads jobs from a JSON file, writes answers. A job is a model, perhaps with an adapter, and what is asked of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { getLlama } from 'node-llama-cpp'

const [, , jobsPath, answersPath] = process.argv
const jobs = JSON.parse(readFileSync(jobsPath, 'utf8'))
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 2 })
const answers = []
for (const job of jobs) answers.push(await answer(job))
writeFileSync(answersPath, JSON.stringify(answers))
process.exit(0)

async function answer({ model: modelPath, adapter, scale, ids, prompt, tokens, text }) {
  const model = await llama.loadModel({ modelPath })
  try {
    if (text !== undefined) return { ids: model.tokenize(text, false) }
    const lora = adapter && { adapters: [{ filePath: adapter, scale }] }
    const context = await model.createContext({ contextSize: 256, threads: 2, ...(lora && { lora }) })
    const sequence = context.getSequence()
    if (tokens !== undefined) return { text: await greedy(model, sequence, prompt, tokens) }
    return { probabilities: await probabilities(sequence, ids) }
  } finally {
    await model.dispose()
  }
}

/** Of each position, the most likely next tokens with their probabilities among those. */
async function probabilities(sequence, ids) {
  const options = { generateNext: { probabilities: true, options: { temperature: 1, topK: 40, topP: 1, minP: 0 } } }
  const results = await sequence.controlledEvaluate(ids.map((id) => [id, options]))
  return results.map((result) => [...result.next.probabilities])
}

async function greedy(model, sequence, prompt, count) {
  const made = []
  for await (const token of sequence.evaluate(model.tokenize(prompt, false), { temperature: 0 })) {
    made.push(token)
    if (made.length === count) break
  }
  return model.detokenize(made)
}
