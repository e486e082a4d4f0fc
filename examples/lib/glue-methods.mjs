// What glue/run.mjs trains and how it scores.
import * as lora from 'loralib'

const { adapters, metrics } = lora

/** Puts in what the methods train, and marks it. */
export async function prepare(model, { methods, update, adapterSize, given }) {
  const targets = given.targets?.split(',') ?? (model.config.model_type === 'deberta-v2' ? ['query_proj', 'value_proj'] : model.config.model_type === 'modernbert' ? ['Wqkv'] : ['query', 'value']) // prettier-ignore
  if (methods.includes('lora')) lora.injectLora(model, { targets, ...update })
  const type = ['houlsby', 'pfeiffer'].find((name) => methods.includes(name))
  if (type && !given['adapter-path']) adapters.injectAdapters(model, { type, size: adapterSize })
  if (given['adapter-path']) await adapters.loadAdapterHub(model, given['adapter-path'])
  if (given['lora-path']) await adapters.startFrom(model, given['lora-path'])
  const parts = { lora: 'lora', houlsby: 'adapters', pfeiffer: 'adapters', bitfit: 'biases' }
  adapters.trainOnly(
    model,
    methods.includes('full') ? ['all'] : [...new Set(methods.map((name) => parts[name])), 'head'],
  )
}

/** The scores that the task is judged by; of the user's own texts accuracy, or the mean squared error. */
export function scoresOf(name, labels) {
  const task = name === 'mnli-mm' ? 'mnli' : name
  if (name !== 'custom') return (predictions, truth) => metrics.glue(task, predictions, truth)
  if (labels !== null) return (predictions, truth) => ({ accuracy: metrics.accuracy(predictions, truth) })
  return (predictions, truth) => ({
    mse: truth.reduce((sum, y, i) => sum + (y - predictions[i]) ** 2, 0) / truth.length,
  })
}
