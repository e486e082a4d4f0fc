// GGUF files of adapters in repositories and folders without an adapter_config.json.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'
import { caught } from '../support/errors.js'
import { folderWith } from '../support/files.js'
import { COMMIT, FakeHub, cacheFolder } from '../support/hub-server.js'

const { PeftModel, getPeftModel } = lora.peft
const SIZES = { vocab_size: 20, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 1, num_attention_heads: 2 }
const base = () =>
  lora.models.LlamaForCausalLM.fromConfig({ ...SIZES, max_position_embeddings: 16 }, { generator: new lora.Generator(1) }).eval() // prettier-ignore
const logits = (model: lora.nn.Module) =>
  lora.noGrad(() => (model.forward([[1, 5, 2]]) as { logits: lora.Tensor }).logits)

/** A folder with GGUF files of two adapters, and the logits of each. */
async function twoAdapters(t: ExecutionContext) {
  const dir = await folderWith(t)
  const made = []
  for (const seed of [3, 4]) {
    const model = getPeftModel(base(), { r: 2, targetModules: ['q_proj', 'down_proj'] })
    const generator = new lora.Generator(seed)
    lora.noGrad(() => model.trainableParameters().forEach((each) => each.copy_(lora.randn([...each.shape], { generator })))) // prettier-ignore
    const path = join(dir, `${seed}.gguf`)
    await model.saveGguf(path)
    made.push({ file: readFileSync(path), logits: logits(model.eval()) })
  }
  return { dir, a: made[0]!, b: made[1]! }
}

test('PeftModel: a repository with one GGUF file and no configuration, from the hub and from the cache', async (t) => {
  const { a } = await twoAdapters(t)
  const files = { 'README.md': 'words', 'adapter.GGUF': a.file, 'more/other.gguf': 'of no account' }
  const server = await FakeHub.start(t, files)
  const options = { endpoint: server.endpoint, cacheDir: cacheFolder(t) }
  await same(t, logits(await PeftModel.fromPretrained(base(), 'owner/name', options)), a.logits)
  const snapshot = join(options.cacheDir, 'models--owner--name/snapshots', COMMIT)
  t.deepEqual(readdirSync(snapshot), ['adapter.GGUF'])
  const offline = { ...options, localFilesOnly: true }
  const model = getPeftModel(base(), { targetModules: ['q_proj'] })
  await model.loadAdapter('owner/name', { ...offline, adapterName: 'two' })
  model.setAdapter('two')
  await same(t, logits(model), a.logits)
})

test('PeftModel: of several GGUF files in a repository one has to be named', async (t) => {
  const { a, b } = await twoAdapters(t)
  const server = await FakeHub.start(t, { 'b.gguf': b.file, 'a.gguf': a.file, 'sub/c.gguf': a.file })
  const options = { endpoint: server.endpoint, cacheDir: cacheFolder(t) }
  const { error } = await caught(() => PeftModel.fromPretrained(base(), 'owner/name', options))
  t.true(error instanceof lora.FileError)
  t.is((error as lora.FileError).received, 'a.gguf, b.gguf')
  t.regex((error as lora.FileError).hint, /ggufFile: 'a\.gguf'/)
  t.is(server.transfers.length, 0)
  for (const [ggufFile, want] of [
    ['b.gguf', b.logits],
    ['sub/c.gguf', a.logits],
  ] as const)
    // prettier-ignore
    await same(t, logits(await PeftModel.fromPretrained(base(), 'owner/name', { ...options, ggufFile })), want)
})

test('PeftModel: a configuration is read before a GGUF file beside it; without either the error says what is looked for', async (t) => {
  const { a } = await twoAdapters(t)
  const server = await FakeHub.start(t, { 'adapter_config.json': '{}', 'a.gguf': a.file })
  const load = async () => (await caught(() => PeftModel.fromPretrained(base(), 'owner/name', { endpoint: server.endpoint, cacheDir: cacheFolder(t) }))).error as lora.LoraError // prettier-ignore
  t.true((await load()) instanceof lora.hub.HubError)
  server.files.delete('a.gguf')
  server.files.delete('adapter_config.json')
  server.files.set('README.md', Buffer.from('words'))
  t.regex((await load()).expected, /adapter_config\.json and .*, or one GGUF file/)
})

test('PeftModel: folders with GGUF files', async (t) => {
  const { dir, a, b } = await twoAdapters(t)
  const { error } = await caught(() => PeftModel.fromPretrained(base(), dir))
  t.is((error as lora.FileError).received, '3.gguf, 4.gguf')
  await same(t, logits(await PeftModel.fromPretrained(base(), dir, { ggufFile: '4.gguf' })), b.logits)
  const one = await folderWith(t, { 'x.gguf': a.file, 'README.md': 'words' })
  await same(t, logits(await PeftModel.fromPretrained(base(), one)), a.logits)
  const refused = async (where: string, ggufFile: string) =>
    ((await caught(() => PeftModel.fromPretrained(base(), where, { ggufFile }))).error as lora.LoraError).code
  t.is(await refused(join(one, 'x.gguf'), 'x.gguf'), 'ERR_LORA_OPTION')
  t.is(await refused(one, 'y.gguf'), 'ERR_LORA_FILE')
  mkdirSync(join(one, 'peft'))
  await lora.save({ w: lora.zeros([1]) }, join(one, 'peft/w.safetensors'))
  t.is(await refused(join(one, 'peft'), 'w.safetensors'), 'ERR_LORA_UNSUPPORTED')
})
