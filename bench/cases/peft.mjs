// Cases b and d: Hugging Face's models with PEFT's LoRA, and Hugging Face's loss with the inputs as labels.
import * as lora from 'loralib'
import { base } from '../lib/bases.mjs'
import { tokenIds } from '../lib/noise.mjs'
import { fillAdapter, train } from '../lib/train.mjs'
import { GPT2, SMOL, trainingGflop } from '../lib/work.mjs'

/** `shape` and `small` are the batch (rows, tokens); `lora` the adapted layers of a block as [out, in, rank]. */
const gpt2 = {
  ...{ family: 'gpt2', work: GPT2, shape: [8, 128], small: [4, 16] },
  inject: { targets: ['c_attn'], r: 4, loraAlpha: 32 },
  lora: [[2304, 768, 4]],
}
// All layers but the head, as PEFT's "all-linear".
const smol = {
  ...{ family: 'llama', work: SMOL, shape: [4, 256], small: [2, 24] },
  inject: { targets: /_proj$/, r: 8, loraAlpha: 16 },
  lora: SMOL.linears.map(([n, k]) => [n, k, 8]),
}

function peft(subject, { bf16 = false, ...options } = {}) {
  const from = base(subject.family, bf16 ? 'BF16' : 'F32')
  return {
    bases: [from],
    run: (context) => runPeft(context, from, subject, { mode: bf16 ? 'bf16' : 'f32', ...options }),
  }
}

export const peftCases = {
  b128: peft(gpt2),
  'b128-drop': peft(gpt2, { dropout: 0.1 }),
  'b128-bf16': peft(gpt2, { bf16: true }),
  'b128-ckpt': peft(gpt2, { checkpointing: true }),
  d: peft(smol),
  'd-bf16': peft(smol, { bf16: true }),
  'd-ckpt': peft(smol, { checkpointing: true }),
}

async function runPeft({ measure, folder, size }, from, subject, { mode, dropout = 0, checkpointing = false }) {
  // torch's bf16 model has activations in bf16: ours rounds them where they are multiplied with a weight.
  if (mode === 'bf16') lora.setFloat32MatmulPrecision('medium')
  const model = await lora.models.AutoModelForCausalLM.fromPretrained(folder(from))
  lora.injectLora(model, { ...subject.inject, loraDropout: dropout })
  fillAdapter(model)
  if (checkpointing) model.gradientCheckpointingEnable()
  const ids = tokenIds('ids', size(subject.shape, subject.small), 0, model.config.vocab_size)
  const lengths = ids.map((row) => row.length)
  const gflop = trainingGflop(subject.work, lengths, { lora: subject.lora, recompute: checkpointing })
  await train(measure, model, (m) => m.forward(ids, { labels: ids }).loss, { tokens: ids.flat().length, gflop, mode })
}
