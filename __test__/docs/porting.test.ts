// Every line of TypeScript in docs/porting-from-loralib.md runs: the blocks of a section together, and the last column of its tables of code.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, inFolder } from '../support/page-program.js'
import { PAGE, PRELUDE, codeOf, sections } from '../support/porting-page.js'
import type { Section } from '../support/porting-page.js'

/** Files of torch.save that the page loads, written by the pickles of the proof. */
const FILES = `
import { writeFileSync } from 'node:fs'
import { bytes, dictOf, listOf, op, pickle, storage, tensor, zipFile } from '${new URL('../../scripts/proofs/pickle/write.mjs', import.meta.url).href}'
async function torchSave(value, path) {
  const storages = {}
  const write = async (value) => {
    if (typeof value === 'boolean') return value ? op.true : op.false
    if (typeof value === 'number') return Number.isInteger(value) ? op.int(value) : op.float(value)
    if (Array.isArray(value)) return listOf(...(await Promise.all(value.map(write))))
    if (value instanceof Map) {
      const parts = await Promise.all([...value].flat().map(write))
      return bytes(op.emptyDict, op.mark, ...parts, op.setItems)
    }
    if (!(value instanceof lora.Tensor)) {
      return dictOf(...(await Promise.all(Object.entries(value).map(async ([key, part]) => [key, await write(part)]))))
    }
    const { shape, numel } = value
    const key = String(Object.keys(storages).length)
    const stride = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
    // Its place is taken before another tensor counts them.
    storages[key] = Buffer.alloc(0)
    storages[key] = Buffer.from((await value.data()).buffer)
    return tensor({ size: shape, stride, on: storage({ key, numel }) })
  }
  const program = await write(value)
  writeFileSync(path, zipFile(pickle(program), storages))
}
const wrapped = (dict) => ({
  model_state_dict: Object.fromEntries(Object.entries(dict).map(([name, value]) => ['module.' + name, value])),
})
`
const FILES_BEFORE: Record<string, string> = {
  'Load in two steps': `${FILES}
await torchSave(pretrained.stateDict(), 'ckpt_pretrained.pt')
await torchSave(wrapped(lora.loraStateDict(trained)), 'ckpt_lora.pt')`,
  'GPT-2: load, adapt, generate (`NLG/src/gpt2_ft.py`, `gpt2_beam.py`)': `${FILES}
const gpt2 = await lora.models.GPT2LMHeadModel.fromPretrained('gpt2')
lora.injectLora(gpt2, { targets: 'c_attn', r: 4, enableLora: [true, false, true] })
await torchSave(wrapped(lora.loraStateDict(gpt2)), 'gpt2_md_lora_e2e.pt')`,
  'The released checkpoint of RoBERTa (`NLU/roberta_base_lora_mnli.bin`)': `${FILES}
const roberta = lora.models.RobertaForSequenceClassification.fromConfig({
  vocab_size: 32, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 4, num_labels: 3,
})
await roberta.savePretrained('roberta-base')
lora.injectLora(roberta, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
const head = Object.entries(roberta.stateDict()).filter(([name]) => name.startsWith('classifier'))
await torchSave({ ...lora.loraStateDict(roberta), ...Object.fromEntries(head) }, 'roberta_base_lora_mnli.bin')`,
  'Save and resume a training': `${FILES}
const old = new optim.AdamW(trained.parameters().filter((p) => p.requiresGrad), { lr: 2e-4 })
for (const param of old.paramGroups[0].params) param.grad = lora.rand(param.shape)
await old.step()
const { state, param_groups } = old.stateDict()
const numbered = Object.entries(state).map(([number, { step, ...more }]) => [Number(number), { step: lora.tensor(step), ...more }])
await torchSave({ model: trained.stateDict(), optimizer: { state: new Map(numbered), param_groups } }, 'checkpoint.pt')`,
  "Models of transformers, and PEFT's usual targets": `await lora.models.LlamaForCausalLM.fromConfig({
    vocab_size: 32, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2,
  }).savePretrained('smollm2')`,
}

/** What must hold behind the code of a section: pairs of tensors that are equal to rounding. */
const EQUAL: Record<string, string> = {
  'Load in two steps': `[model.q_proj.weight, pretrained.q_proj.weight], [model.v_proj.loraA, trained.v_proj.loraA],
    [lora.tensor(unexpectedKeys.length), lora.tensor(0)], [lora.tensor(missingKeys.length), lora.tensor(6)]`,
  'An operation with a backward of its own (`NLU/.../modeling_deberta_v2.py`)': `[probabilities, scores.maskedFill(mask.eq(0), -1e30).softmax(-1)],
    [lora.grad(probabilities.square().sum(), [scores])[0], lora.grad(scores.maskedFill(mask.eq(0), -1e30).softmax(-1).square().sum(), [scores])[0]]`,
  'The released checkpoint of RoBERTa (`NLU/roberta_base_lora_mnli.bin`)':
    '[lora.tensor(unexpectedKeys.length), lora.tensor(0)], [lora.tensor(logits.shape), lora.tensor([1, 3])]',
  'Batches of data (`NLG/src/data_utils.py`, `gpt2_ft.py`)':
    '[lora.tensor([position.batch, loader.length]), lora.tensor([0, 2])]',
  'Fused projections': '[fused.forward(x).chunk(3, 2)[0], q_proj.forward(x)], [k.forward(x), k_proj.forward(x)]',
  'Save and resume a training': `[model.q_proj.loraA, trained.q_proj.loraA],
    [optimizer.stateDict().state[3].exp_avg, state[3].exp_avg], [lora.tensor(optimizer.stateDict().state[3].step), lora.tensor(1)]`,
  'The loss of the NLG example': `[loss, (() => {
    const logprobs = logits.view(-1, 11).logSoftmax(-1)
    const nll = logprobs.gather(-1, labels.view(-1).unsqueeze(1)).neg().squeeze(1)
    const smooth = logprobs.mean(-1).neg()
    return nll.mul(0.9).add(smooth.mul(0.1)).view(2, 4).mul(mask).sum().div(mask.sum().add(0.0001))
  })()]`,
}

/** The section as a program. */
function programOf(section: Section): string {
  const { title } = section
  return `${PRELUDE}\n${FILES_BEFORE[title] ?? ''}\n{\n${codeOf(section)}\nawait allEqual(${EQUAL[title] ?? ''})\nawait lora.settle()\n}\n`
}

const run = inFolder('porting', { gpt2: 'models/base' })

const all = sections(PAGE)

for (const section of all) {
  test.serial(`porting: the code under "${section.title}" runs`, async (t) => {
    await t.notThrowsAsync(run(programOf(section)))
  })
}

test('porting: there is code in every part of the page', (t) => {
  t.true(all.length > 14, `${all.length} sections with code`)
  t.true(all.reduce((sum, { rows }) => sum + rows.length, 0) > 50)
})

test('porting: every public name and argument of loralib, and every bug, is on the page', (t) => {
  const names = [
    'Linear',
    'Embedding',
    'MergedLinear',
    'Conv1d',
    'Conv2d',
    'Conv3d',
    'ConvLoRA',
    'LoRALayer',
    'mark_only_lora_as_trainable',
    'lora_state_dict',
  ]
  const options = ['r', 'lora_alpha', 'lora_dropout', 'merge_weights', 'fan_in_fan_out', 'enable_lora']
  const examples = [
    'load_state_dict',
    'requires_grad',
    'clip_grad_norm_',
    'log_softmax',
    'kl_div',
    'no_grad',
    'deepcopy',
  ]
  for (const word of [...names, ...options, ...examples]) t.regex(PAGE, new RegExp(`\\b${word}\\b`), word)
  for (let bug = 1; bug <= 27; bug++) t.is(PAGE.match(new RegExp(`^\\| B${bug} `, 'gm'))?.length, 1, `B${bug}`)
})

test("the page's table of upstream's bugs and the tests named after them: one test or more for each", (t) => {
  const listed = [...PAGE.matchAll(/^\| (B\d+) +\|/gm)].map(([, bug]) => bug!)
  const folder = join(ROOT, '__test__/lora')
  const tested = readdirSync(folder)
    .filter((file) => file.startsWith('bugs-'))
    .flatMap((file) => [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/^ *test(?:\.serial)?\(\s*['"`](B\d+): /gm),
    ])
    .map(([, bug]) => bug!)
  t.is(listed.length, 27)
  t.deepEqual([...new Set(tested)].sort(), [...listed].sort())
})
