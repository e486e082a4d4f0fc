// A language model of some thousand parameters, its tokenizer of bytes, and a chat template.
import * as lora from 'loralib'

export const CHATML = `{%- for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}`

/** Letters are tokens; `<|im_end|>` ends a turn and a text. */
export async function tinyTokenizer(chatTemplate: string | null = CHATML): Promise<lora.tokenizers.Tokenizer> {
  const { folder, remove } = await tokenizerFolder(chatTemplate)
  try {
    return lora.tokenizers.Tokenizer.fromFolder(folder)
  } finally {
    remove()
  }
}

export function tinyLM(extra: object = {}, seed = 4): lora.models.LlamaForCausalLM {
  const config = {
    ...{ vocab_size: 260, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 2 },
    ...{ num_key_value_heads: 1, max_position_embeddings: 64, initializer_range: 0.2, ...extra },
  }
  return lora.models.LlamaForCausalLM.fromConfig(config, { generator: new lora.Generator(seed) })
}

async function tokenizerFolder(chatTemplate: string | null) {
  const { mkdtemp, writeFile, readFile } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const { rmSync } = await import('node:fs')
  const folder = await mkdtemp(join(tmpdir(), 'loralib-tokenizer-'))
  const special = ['<|im_start|>', '<|im_end|>']
  const tokenizer = await lora.tokenizers.Tokenizer.train(['ab ab'], { vocabSize: 258, specialTokens: special })
  await tokenizer.saveFolder(folder)
  const config = join(folder, 'tokenizer_config.json')
  const before = await readFile(config, 'utf8').catch(() => '{}')
  const fields = { eos_token: '<|im_end|>', ...(chatTemplate === null ? {} : { chat_template: chatTemplate }) }
  await writeFile(config, JSON.stringify({ ...(JSON.parse(before) as object), ...fields }))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
