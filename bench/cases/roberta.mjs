// Case e: RoBERTa-base with three classes, LoRA on query and value; the classification head trains too.
import * as lora from 'loralib'
import { base } from '../lib/bases.mjs'
import { tokenIds } from '../lib/noise.mjs'
import { fillAdapter, train } from '../lib/train.mjs'
import { ROBERTA, trainingGflop } from '../lib/work.mjs'

const from = base('roberta')
const classify = (dropout) => ({ bases: [from], run: (context) => runRoberta(context, dropout) })

export const robertaCases = { e: classify(0), 'e-drop': classify(0.1), 'e-peft': classify(0) }

async function runRoberta({ measure, folder }, dropout) {
  // The model's own dropout.
  const config = { hidden_dropout_prob: dropout, attention_probs_dropout_prob: dropout }
  const model = await lora.models.RobertaForSequenceClassification.fromPretrained(folder(from), { config })
  lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
  fillAdapter(model)
  model.classifier.requiresGrad_()
  const ids = tokenIds('ids', [16, 128], 3, model.config.vocab_size)
  const attentionMask = ids.map((row) => row.map(() => 1))
  const labels = tokenIds('labels', [1, 16], 0, 3)[0]
  const lengths = ids.map((row) => row.length)
  const gflop = trainingGflop(ROBERTA, lengths, { lora: Array.from({ length: 2 }, () => [768, 768, 8]) })
  const facts = { tokens: ids.flat().length, gflop, lr: 5e-4, weightDecay: 0.1 }
  await train(measure, model, (m) => m.forward(ids, { attentionMask, labels }).loss, facts)
}
