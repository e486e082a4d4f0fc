// What the templates give is that of Jinja2 with transformers' settings, worked out by hand; ../shared/fixtures has whole ones.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { strftime } from '../../.cache/ts/tokenizer/strftime.js'

const { Tokenizer } = lora.tokenizers
const trained = await Tokenizer.train(['hello there, how are you? hello there'], { vocabSize: 300 })

async function withConfig(t: ExecutionContext, config: object, files: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-chat-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  await trained.saveFolder(folder)
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return { folder, tokenizer: Tokenizer.fromFolder(folder) }
}

const CHATML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + eos_token + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
const CONFIG = { eos_token: '<|im_end|>', pad_token: { content: '<pad>' }, chat_template: CHATML }
const MESSAGES = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'there' },
]

test('applyChatTemplate: text and ids, with and without the prompt', async (t) => {
  const { tokenizer } = await withConfig(t, CONFIG)
  const text = '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nthere<|im_end|>\n'
  t.is(tokenizer.applyChatTemplate(MESSAGES, { tokenize: false }), text)
  t.is(
    tokenizer.applyChatTemplate(MESSAGES, { tokenize: false, addGenerationPrompt: true }),
    `${text}<|im_start|>assistant\n`,
  )
  const ids = tokenizer.applyChatTemplate(MESSAGES)
  t.deepEqual(ids, tokenizer.encode(text))
  t.is(ids.filter((id) => id === tokenizer.eosTokenId).length, 2)
})

test('tokenizer_config.json: special tokens that the vocabulary lacks get the next ids, in the order of transformers', async (t) => {
  const { folder, tokenizer } = await withConfig(t, CONFIG)
  t.is(tokenizer.eosTokenId, trained.vocabSize)
  t.is(tokenizer.padTokenId, trained.vocabSize + 1)
  t.is(tokenizer.bosTokenId, undefined)
  t.deepEqual(tokenizer.specialTokensMap, { eosToken: '<|im_end|>', padToken: '<pad>' })
  t.deepEqual(tokenizer.specialTokens, ['<|endoftext|>', '<|im_end|>', '<pad>'])
  const copy = mkdtempSync(join(tmpdir(), 'loralib-chat-'))
  t.teardown(() => rmSync(copy, { recursive: true }))
  await tokenizer.saveFolder(copy)
  for (const read of [Tokenizer.fromFolder(copy), await Tokenizer.fromPretrained(folder)]) {
    t.deepEqual(read.specialTokensMap, tokenizer.specialTokensMap)
    t.is(read.chatTemplate, CHATML)
    t.deepEqual(read.applyChatTemplate(MESSAGES), tokenizer.applyChatTemplate(MESSAGES))
  }
})

test('applyChatTemplate: blocks take their line ends with them, as trim_blocks and lstrip_blocks say', async (t) => {
  const template =
    '{% for m in messages %}\n  {% if m.role == "user" %}\nU: {{ m.content }}\n  {% endif %}\n{% endfor %}\n'
  const { tokenizer } = await withConfig(t, {}, { 'chat_template.jinja': template })
  t.is(tokenizer.chatTemplate, template)
  t.is(tokenizer.applyChatTemplate(MESSAGES, { tokenize: false }), 'U: hello\n')
})

test('applyChatTemplate: tools as JSON in the spelling of Python, variables, dates', async (t) => {
  const { tokenizer } = await withConfig(t, {})
  const render = (chatTemplate: string, options: object = {}) =>
    tokenizer.applyChatTemplate(MESSAGES, { ...options, chatTemplate, tokenize: false })
  const tools = [{ type: 'function', function: { name: 'f', description: 'Zürich <&> "x"', parameters: {} } }]
  t.is(
    render('{{ tools | tojson }}', { tools }),
    '[{"type": "function", "function": {"name": "f", "description": "Zürich <&> \\"x\\"", "parameters": {}}}]',
  )
  t.is(
    render("{{ thinking }}{{ '|no tools' if tools is none else '|tools' }}", { variables: { thinking: 'on' } }),
    'on|no tools',
  )
  t.is(render('{% for i in range(1, 6, 2) %}{{ i }} {% endfor %}'), '1 3 5 ')
  t.is(render('{% for m in messages %}{% if loop.index0 == 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}'), 'user')
  t.is(render("{{ strftime_now('%Y') }}"), String(new Date().getFullYear()))
})

test('applyChatTemplate: several templates by name; tool_use with tools', async (t) => {
  const list = [
    { name: 'default', template: 'D' },
    { name: 'tool_use', template: 'T' },
    { name: 'rag', template: 'R' },
  ]
  const { tokenizer } = await withConfig(t, { chat_template: list })
  const render = (options: object) => tokenizer.applyChatTemplate(MESSAGES, { ...options, tokenize: false })
  t.is(render({}), 'D')
  t.is(render({ tools: [{}] }), 'T')
  t.is(render({ chatTemplate: 'rag' }), 'R')
  t.is(render({ chatTemplate: 'X{{ messages | length }}' }), 'X2')
})

test('applyChatTemplate: the mask marks what the assistant says, whatever the whitespace rules of the tags', async (t) => {
  const plain = '{% for m in messages %}<{{ m.role }}>{% generation %}{{ m.content }}{% endgeneration %}\n{% endfor %}'
  const tight =
    '{% for m in messages %}<{{ m.role }}>  \n{%- generation -%}\n {{ m.content }}\n{%- endgeneration -%} {% endfor %}'
  for (const [template, text, said] of [
    [plain, '<user>hello<assistant>there', ['hello', 'there']],
    [tight, '<user>hello<assistant>there', ['hello', 'there']],
  ] as const) {
    const { tokenizer } = await withConfig(t, { chat_template: template })
    t.is(tokenizer.applyChatTemplate(MESSAGES, { tokenize: false }), text)
    const { inputIds, assistantMasks } = tokenizer.applyChatTemplate(MESSAGES, { returnAssistantTokensMask: true })
    t.deepEqual(inputIds, tokenizer.encode(text))
    t.is(tokenizer.decode(inputIds.filter((_, i) => assistantMasks[i] === 1)), said.join(''))
  }
})

test('applyChatTemplate: going on with the last message', async (t) => {
  const { tokenizer } = await withConfig(t, CONFIG)
  const going = [MESSAGES[0]!, { role: 'assistant', content: 'there is ' }]
  const options = { continueFinalMessage: true, tokenize: false } as const
  t.is(
    tokenizer.applyChatTemplate(going, options),
    '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nthere is ',
  )
  const trimming = { ...options, chatTemplate: "{% for m in messages %}{{ m.content | trim + '.' }}{% endfor %}" }
  t.is(tokenizer.applyChatTemplate(going, trimming), 'hello.there is')
})

test('applyChatTemplate: the end mark may hold the last message, and a message may have parts', async (t) => {
  const { tokenizer } = await withConfig(t, CONFIG)
  const options = { continueFinalMessage: true, tokenize: false } as const
  const going = [MESSAGES[0]!, { role: 'assistant', content: 'im' }]
  t.is(
    tokenizer.applyChatTemplate(going, options),
    '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nim',
    'the text stands again in <|im_end|>',
  )
  const empty = [MESSAGES[0]!, { role: 'assistant', content: '' }]
  t.true(tokenizer.applyChatTemplate(empty, options).endsWith('<|im_start|>assistant\n'))
  const parts = [{ role: 'user', content: [{ type: 'text', text: 'Look: ' }, { type: 'image' }] }]
  const chatTemplate =
    "{% for m in messages %}{% for p in m.content %}{{ p.text if p.type == 'text' else '<image>' }}{% endfor %}.{% endfor %}"
  t.is(tokenizer.applyChatTemplate(parts, { ...options, chatTemplate }), 'Look: ')
  t.deepEqual(parts[0]!.content[0], { type: 'text', text: 'Look: ' }, 'the messages are not changed')
  const dropping = { ...options, chatTemplate: '{{ messages | length }}' }
  t.throws(() => tokenizer.applyChatTemplate(going, dropping), { message: /does not show the last message/ })
})

test('applyChatTemplate: what is wrong is an error with the message of the template', async (t) => {
  const { tokenizer } = await withConfig(t, CONFIG)
  const wrong = (options: object, messages: unknown = MESSAGES) =>
    t.throws(() => tokenizer.applyChatTemplate(messages as typeof MESSAGES, options), {
      instanceOf: lora.OptionError,
    }) as lora.OptionError
  t.is(wrong({ chatTemplate: "{{ raise_exception('roles must alternate') }}" }).received, 'roles must alternate')
  t.regex(wrong({}, [{ role: 'user' }]).message, /template fails/)
  t.regex(wrong({}, [{ role: 'user', content: null }]).message, /template fails/)
  t.regex(wrong({ chatTemplate: '{% for %}' }).message, /template fails/)
  t.regex(wrong({}, []).message, /messages/)
  t.regex(wrong({}, 'hello').message, /messages/)
  t.regex(wrong({ addGenerationPrompts: true }).message, /addGenerationPrompt/)
  t.regex(wrong({ addGenerationPrompt: true, continueFinalMessage: true }).message, /continueFinalMessage/)
  t.regex(wrong({ returnAssistantTokensMask: true }).message, /generation/)
  t.regex(wrong({ returnAssistantTokensMask: true, tokenize: false }).message, /tokenize/)
  t.regex((t.throws(() => trained.applyChatTemplate(MESSAGES)) as Error).message, /no chat template/)
  await t.throwsAsync(withConfig(t, { chat_template: 3 }), { code: 'ERR_LORA_FORMAT', message: /chat_template/ })
})

test('strftime: the codes of Python', (t) => {
  const date = new Date(2024, 6, 4, 15, 5, 9)
  t.is(
    strftime(date, '%d %b %Y, %A %B %-d %H:%M:%S %I%p %j %y%%'),
    '04 Jul 2024, Thursday July 4 15:05:09 03PM 186 24%',
  )
  t.throws(() => strftime(date, '%Q'), { code: 'ERR_LORA_OPTION' })
})
