// The readers of files from strangers that are written in TypeScript, each through the public API, as a function of one file's bytes. What belongs beside the
// file is made once. A reader gives its value or throws an error of the library; whatever else happens is a bug.
//
// Per reader: `open(folder)` gives the function; `words` are texts of the format for the mutations; `isJson` whether the bytes are JSON.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'

const TINY = { vocab_size: 96, n_positions: 16, n_embd: 8, n_layer: 1, n_head: 2, bos_token_id: 0, eos_token_id: 0 }
const tinyModel = () => lora.models.GPT2LMHeadModel.fromConfig(TINY)

const dispose = (model) => {
  for (const [, tensor] of model.namedTensors()) tensor.dispose()
}

/** A safetensors file with one text in its metadata. */
function withMetadata(key, text) {
  const tensor = (at) => ({ dtype: 'F32', shape: [2], data_offsets: [at, at + 8] })
  const header = Buffer.from(JSON.stringify({ __metadata__: { [key]: text }, a: tensor(0), 'b.c': tensor(8) }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, Buffer.alloc(16, 1)])
}

/** A file beside nothing, read by a function of its path. */
const alone = (name, read) => (folder) => (input) => {
  const path = join(folder, name)
  writeFileSync(path, input)
  return read(path)
}

const table = (name, options) => ({
  open: alone(name, async (path) => {
    const rows = await lora.data.readTable(path, options)
    return rows.columns.map((column) => rows.column?.(column))
  }),
})

const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello, you!' },
  {
    role: 'assistant',
    content: 'Hi.',
    tool_calls: [{ type: 'function', function: { name: 'add', arguments: { a: 1, b: [2, null] } } }],
  },
  { role: 'user', content: [{ type: 'text', text: 'And 2 + 2?' }] },
]
const TOOLS = [{ type: 'function', function: { name: 'add', description: 'Adds.', parameters: { type: 'object', properties: { a: { type: 'number' } } } } }] // prettier-ignore
const TEMPLATE_WORDS = ['{{', '}}', '{%', '%}', '{%-', '{#', '#}', 'for', ' in ', 'endfor', 'if', 'endif', 'set x = ', 'macro m(a)', 'endmacro', 'messages', 'range(', '|', 'tojson', 'join', 'loop.index', "['role']", 'content', ' is defined', ' * ', ' ** ', ' ~ ', "'a'", '99999', 'namespace(', 'generation', 'endgeneration', 'call', 'filter', 'recursive', 'loop(', '.format(', 'replace(', 'indent(', 'center(', 'wordwrap(', 'batch(', 'slice('] // prettier-ignore

/** A tokenizer's folder, whose other files are good. */
async function tokenizerFolder(folder) {
  const tokenizer = await lora.tokenizers.Tokenizer.train(['a few words, and a few more words'], { vocabSize: 300 })
  await tokenizer.saveFolder(folder)
  return tokenizer
}

/** A folder with the weights of a tiny model. */
async function modelFolder(folder) {
  const model = tinyModel()
  await model.savePretrained(folder)
  dispose(model)
}

/** A run of a few numbers, after one step. */
function trainingRun() {
  const model = new lora.nn.Linear(2, 1)
  const optimizer = new lora.optim.AdamW(model.parameters(), { lr: 0.1 })
  const schedule = new lora.optim.lrScheduler.StepLR(optimizer, { stepSize: 2 })
  const loader = new lora.DataLoader([[1, 2], [3, 4]], { batchSize: 1 }) // prettier-ignore
  model
    .forward(lora.ones([1, 2]))
    .sum()
    .backward()
  optimizer.step()
  return { model, optimizer, schedule, loader }
}

const CONFIG_WORDS = ['r', 'lora_alpha', 'target_modules', 'c_attn', 'c_proj', 'wte', 'modules_to_save', 'rank_pattern', 'alpha_pattern', 'layers_to_transform', 'layers_pattern', 'h', 'bias', 'all', 'lora_only', 'use_dora', 'use_rslora', 'init_lora_weights', 'trainable_token_indices', 'exclude_modules', 'all-linear', '(.*)*x', '(a+)+$', 'fan_in_fan_out', 'task_type', 'CAUSAL_LM', 'peft_type', 'LORA', '[', '(?<!a)b', '.*\\.c_attn'] // prettier-ignore

export const SCRIPTED = {
  csv: { ...table('t.csv'), isJson: false, words: ['"', ',', '\n', '""', '\r\n', 'a,b,c'] },
  tsv: { ...table('t.tsv'), isJson: false, words: ['"', '\t', '\n', '\r'] },
  'json-table': { ...table('t.json'), words: ['sentence', 'label', '[', '{', ',', '\\u0000'] },
  'jsonl-table': { ...table('t.jsonl'), isJson: false, words: ['{"a":1}\n', '"', 'null', '\n', '\\ud800'] },
  parquet: { ...table('t.parquet'), isJson: false, words: ['PAR1'] },
  'nlg-webnlg': { open: alone('f', (path) => lora.data.readNlgRows(path, 'webnlg')), words: ['entries', 'lexs', 'lex', 'modifiedtripleset', 'category', 'subject', 'property', 'object', 'comment', 'good'] }, // prettier-ignore
  'nlg-dart': { open: alone('f', (path) => lora.data.readNlgRows(path, 'dart')), words: ['tripleset', 'annotations', 'text', 'source'] }, // prettier-ignore
  'nlg-rows': { open: alone('f.jsonl', (path) => lora.data.readFormatted(path)), words: ['context', 'completion', 'prompt', 'cate'] }, // prettier-ignore
  'nlg-encoded': { open: alone('f.jsonl', (path) => lora.data.readEncoded(path)), words: ['context', 'completion'] },
  'saved-object': {
    open: (folder) => async (input) => {
      const path = join(folder, 'object.safetensors')
      writeFileSync(path, withMetadata('loralib.object', input.toString()))
      const object = await lora.load(path)
      for (const value of Object.values(object)) if (value instanceof lora.Tensor) value.dispose()
    },
    words: ['version', 'object', '$tensor', '$number', '$bigint', '$map', '$$a', 'a', 'b.c', 'NaN', '__proto__'],
  },
  'adapter-note': {
    open: (folder) => async (input) => {
      const path = join(folder, 'adapter.safetensors')
      writeFileSync(path, withMetadata('lora', input.toString()))
      const model = tinyModel()
      try {
        await lora.loadAdapter(model, path)
      } finally {
        dispose(model)
      }
    },
    words: ['layers', 'targets', 'r', 'lora_alpha', 'enable_lora', 'blocks', 'include_tied', 'transformer.h.0.attn.c_attn', 'merge_weights', 'lora_dropout'], // prettier-ignore
  },
  'peft-config': {
    async open(folder) {
      const made = lora.peft.getPeftModel(tinyModel(), { r: 2, targetModules: ['c_attn'] })
      await made.savePretrained(folder)
      return async (input) => {
        writeFileSync(join(folder, 'adapter_config.json'), input)
        const model = tinyModel()
        try {
          await lora.peft.PeftModel.fromPretrained(model, folder)
        } finally {
          dispose(model)
        }
      }
    },
    words: CONFIG_WORDS,
  },
  'model-config': {
    async open(folder) {
      await modelFolder(folder)
      return async (input) => {
        writeFileSync(join(folder, 'config.json'), input)
        const model = await lora.models.AutoModelForCausalLM.fromPretrained(folder)
        dispose(model)
      }
    },
    words: ['model_type', 'gpt2', 'llama', 'qwen2', 'n_layer', 'n_embd', 'hidden_size', 'num_hidden_layers', 'rope_scaling', 'architectures', 'vocab_size', 'eos_token_id', 'torch_dtype', 'layer_types', 'n_inner', 'n_head', 'head_dim'], // prettier-ignore
  },
  'tokenizer-config': {
    async open(folder) {
      await tokenizerFolder(folder)
      return async (input) => {
        writeFileSync(join(folder, 'tokenizer_config.json'), input)
        const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(folder)
        tokenizer.encode('a few words')
        if (tokenizer.chatTemplate !== null) tokenizer.applyChatTemplate(MESSAGES, { tokenize: false })
      }
    },
    words: ['chat_template', 'bos_token', 'eos_token', 'added_tokens_decoder', 'content', 'special', 'model_max_length', 'additional_special_tokens', 'tokenizer_class', 'padding_side', 'name', 'template', 'default', 'tool_use'], // prettier-ignore
  },
  'chat-template': {
    async open(folder) {
      const tokenizer = await tokenizerFolder(folder)
      return async (input) => {
        const options = { chatTemplate: input.toString(), tokenize: false, tools: TOOLS, addGenerationPrompt: true }
        tokenizer.applyChatTemplate(MESSAGES, options)
      }
    },
    isJson: false,
    words: TEMPLATE_WORDS,
  },
  checkpoint: {
    async open(folder) {
      const run = trainingRun()
      const dir = await lora.train.saveCheckpoint(folder, run, { step: 1, notes: {} })
      return async (input) => {
        writeFileSync(join(dir, 'trainer_state.json'), input)
        await lora.train.loadCheckpoint(dir, run)
      }
    },
    words: ['step', 'parameters', 'optimizer', 'steps', 'moments', 'groups', 'loader', 'rng', 'notes', 'schedule', 'format', 'rest', 'frozen', 'madeWith'], // prettier-ignore
  },
}
