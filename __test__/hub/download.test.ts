import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { linkBlob } from '../../.cache/ts/hub/cache.js'
import { COMMIT, FakeHub, cacheFolder, gitSha1, sha256, someBytes } from '../support/hub-server.js'

const { hub, models, tokenizers } = lora
const CONFIG = '{"model_type":"gpt2"}'
const WEIGHTS = someBytes(300_000)
const FILES = { 'config.json': CONFIG, 'model.safetensors': WEIGHTS, 'README.md': 'words', 'tf_model.h5': 'other' }

test('hub.modelFolder: a fresh download has the cache layout of huggingface_hub, and only the files that are needed', async (t) => {
  const server = await FakeHub.start(t, FILES)
  const cacheDir = cacheFolder(t)
  const folder = await hub.modelFolder('owner/name', { endpoint: server.endpoint, cacheDir })
  const repo = join(cacheDir, 'models--owner--name')
  t.is(folder, join(repo, 'snapshots', COMMIT))
  t.deepEqual(readdirSync(folder).sort(), ['config.json', 'model.safetensors'])
  t.is(readFileSync(join(repo, 'refs/main'), 'utf8'), COMMIT)
  const [config, weights] = [gitSha1(Buffer.from(CONFIG)), sha256(WEIGHTS)]
  t.deepEqual(readdirSync(join(repo, 'blobs')).sort(), [config, weights].sort())
  if (process.platform !== 'win32') {
    t.is(readlinkSync(join(folder, 'config.json')), `../../blobs/${config}`)
    t.is(readlinkSync(join(folder, 'model.safetensors')), `../../blobs/${weights}`)
  }
  t.true(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS))
  t.deepEqual(readdirSync(join(cacheDir, '.locks/models--owner--name')), [])
})

test('hub.modelFolder: progress grows to the whole', async (t) => {
  const server = await FakeHub.start(t, FILES)
  const told: lora.hub.DownloadProgress[] = []
  server.pauseMs = 15
  await hub.modelFolder('owner/name', {
    endpoint: server.endpoint,
    cacheDir: cacheFolder(t),
    onProgress: (progress) => told.push(progress),
  })
  const total = CONFIG.length + WEIGHTS.length
  t.true(told.every(({ repo, totalBytes }) => repo === 'owner/name' && totalBytes === total))
  t.true(told.every(({ loadedBytes }, i) => loadedBytes >= (told[i - 1]?.loadedBytes ?? 0)))
  const weights = told.filter(({ file }) => file === 'model.safetensors')
  t.true(weights.length > 2 && weights[0]!.fileLoadedBytes < WEIGHTS.length, `${weights.length} reports`)
  t.deepEqual(told.at(-1), {
    repo: 'owner/name',
    file: 'model.safetensors',
    fileLoadedBytes: WEIGHTS.length,
    fileTotalBytes: WEIGHTS.length,
    loadedBytes: total,
    totalBytes: total,
  })
})

test('hub.modelFolder: files in the cache are not requested; a commit needs no request at all', async (t) => {
  const server = await FakeHub.start(t, FILES)
  const options = { endpoint: server.endpoint, cacheDir: cacheFolder(t) }
  const folder = await hub.modelFolder('owner/name', options)
  server.seen.length = 0
  t.is(await hub.modelFolder('owner/name', options), folder)
  t.deepEqual(
    server.seen.map(({ path }) => path),
    ['/api/models/owner/name/revision/main'],
  )
  t.is(await hub.modelFolder('owner/name', { ...options, revision: COMMIT }), folder)
  t.is(server.seen.length, 1)
  t.is(await hub.modelFolder('owner/name', { ...options, revision: 'pr/1' }), folder)
  t.is(server.seen.at(-1)!.path, '/api/models/owner/name/revision/pr%2F1')
  t.is(readFileSync(join(options.cacheDir, 'models--owner--name/refs/pr/1'), 'utf8'), COMMIT)
})

test('hub.modelFolder: a blob that another revision or Python brought is linked, not downloaded', async (t) => {
  const server = await FakeHub.start(t, FILES)
  const cacheDir = cacheFolder(t)
  const blob = join(cacheDir, 'models--owner--name/blobs', sha256(WEIGHTS))
  mkdirSync(dirname(blob), { recursive: true })
  writeFileSync(blob, WEIGHTS)
  const folder = await hub.modelFolder('owner/name', { endpoint: server.endpoint, cacheDir })
  t.true(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS))
  t.deepEqual(
    server.transfers.map(({ path }) => path.split('/').at(-1)),
    ['config.json'],
  )
})

test('hub.modelFolder: shards come with their index; pytorch_model.bin where there is no safetensors', async (t) => {
  const index = JSON.stringify({ weight_map: { a: 'model-1-of-2.safetensors', b: 'model-2-of-2.safetensors' } })
  const shards = { 'model-1-of-2.safetensors': someBytes(2000), 'model-2-of-2.safetensors': someBytes(3000) }
  const sharded = { 'config.json': CONFIG, 'model.safetensors.index.json': index, ...shards }
  for (const [files, wanted] of [
    [{ ...sharded, 'pytorch_model.bin': 'x' }, Object.keys(sharded)],
    [{ 'config.json': CONFIG, 'pytorch_model.bin': someBytes(1500) }, ['config.json', 'pytorch_model.bin']],
  ] as const) {
    const server = await FakeHub.start(t, files)
    const folder = await hub.modelFolder('owner/name', { endpoint: server.endpoint, cacheDir: cacheFolder(t) })
    t.deepEqual(readdirSync(folder).sort(), [...wanted].sort())
  }
})

test('hub.tokenizerFolder: tokenizer.json alone where there is one, else the older files; beside the model in one snapshot', async (t) => {
  const beside = { 'tokenizer_config.json': '{}', 'special_tokens_map.json': '{}' }
  for (const [files, wanted] of [
    [{ 'tokenizer.json': '{}', 'vocab.json': '{}', 'merges.txt': '', ...beside }, ['tokenizer.json']],
    [{ 'vocab.json': '{}', 'merges.txt': '#v', ...beside }, ['vocab.json', 'merges.txt', 'config.json']],
    [{ 'vocab.txt': 'a', ...beside }, ['vocab.txt', 'config.json']],
    [{ 'spm.model': 'a', ...beside }, ['spm.model', 'config.json']],
  ] as [Record<string, string>, string[]][]) {
    const server = await FakeHub.start(t, { ...files, 'config.json': CONFIG, 'model.safetensors': WEIGHTS })
    const options = { endpoint: server.endpoint, cacheDir: cacheFolder(t) }
    const folder = await hub.tokenizerFolder('owner/name', options)
    t.deepEqual(readdirSync(folder).sort(), [...wanted, ...Object.keys(beside)].sort())
    t.is(await hub.modelFolder('owner/name', options), folder)
    t.true(existsSync(join(folder, 'model.safetensors')))
  }
})

test('hub.hfHubDownload: one file, in a folder of the repository too', async (t) => {
  const server = await FakeHub.start(t, { 'some/adapter.bin': someBytes(1200) })
  const options = { endpoint: server.endpoint, cacheDir: cacheFolder(t) }
  const path = await hub.hfHubDownload('owner/name', 'some/adapter.bin', options)
  t.true(path.endsWith(join('snapshots', COMMIT, 'some', 'adapter.bin')))
  t.true(readFileSync(path).equals(someBytes(1200)))
  t.is(await hub.hfHubDownload('owner/name', 'some/adapter.bin', { ...options, localFilesOnly: true }), path)
  await t.throwsAsync(hub.hfHubDownload('owner/name', '../x', options), { code: 'ERR_LORA_OPTION' })
  await t.throwsAsync(hub.hfHubDownload('../name', 'x', options), { code: 'ERR_LORA_OPTION' })
  await t.throwsAsync(hub.hfHubDownload('owner/name', 'none.bin', options), {
    instanceOf: hub.HubError,
    message: /owner\/name\/none\.bin.*\n(.*\n)*.*404/,
  })
})

test('fromPretrained: a hub id gives the model and the tokenizer of the folder', async (t) => {
  const model = models.GPT2LMHeadModel.fromConfig({ vocab_size: 300, n_positions: 8, n_embd: 8, n_layer: 1, n_head: 2 })
  const here = dirname(cacheFolder(t))
  await model.savePretrained(here)
  const tokenizer = await tokenizers.Tokenizer.train(['one two one two three'], { vocabSize: 300 })
  await tokenizer.saveFolder(here)
  const files = readdirSync(here).filter((name) => name.includes('.'))
  const server = await FakeHub.start(t, Object.fromEntries(files.map((name) => [name, readFileSync(join(here, name))])))
  const options = { endpoint: server.endpoint, cacheDir: cacheFolder(t) }
  const ids = [tokenizer.encode('one two')]
  const wanted = await model.eval().forward(ids).logits.tolist()
  for (const load of [models.GPT2LMHeadModel, models.AutoModelForCausalLM]) {
    const loaded = await load.fromPretrained('owner/name', { ...options, dtype: 'f32', revision: 'main' })
    t.deepEqual(await loaded.forward(ids).logits.tolist(), wanted)
  }
  const read = await tokenizers.Tokenizer.fromPretrained('owner/name', options)
  t.deepEqual(read.encode('one two'), ids[0])
  const folder = await tokenizers.Tokenizer.fromPretrained(here)
  t.deepEqual(folder.encode('one two'), ids[0])
  await t.throwsAsync(models.GPT2LMHeadModel.fromPretrained(here, { revision: 'main' }), {
    code: 'ERR_LORA_OPTION',
    message: /revision/,
  })
})

test('hub: where links are refused, a snapshot holds copies', async (t) => {
  const folder = cacheFolder(t)
  const [blob, pointer] = [join(folder, 'blobs/x'), join(folder, 'snapshots/c/file')]
  mkdirSync(dirname(blob), { recursive: true })
  writeFileSync(blob, 'content')
  const refuse = async () => {
    throw Object.assign(new Error('no links here'), { code: 'EPERM' })
  }
  await linkBlob(blob, pointer, refuse)
  t.throws(() => readlinkSync(pointer))
  t.is(readFileSync(pointer, 'utf8'), 'content')
  await linkBlob(blob, pointer)
  t.is(readFileSync(pointer, 'utf8'), 'content')
  t.deepEqual(readdirSync(dirname(pointer)), ['file'])
})

test('hub: a file that another process has added to the snapshot meanwhile, and mapped, stays', async (t) => {
  const folder = cacheFolder(t)
  const [blob, pointer] = [join(folder, 'blobs/x'), join(folder, 'snapshots/c/model.safetensors')]
  mkdirSync(dirname(blob), { recursive: true })
  await lora.save({ w: lora.ones([300]) }, blob)
  const refuse = async () => {
    throw Object.assign(new Error('no links here'), { code: 'EPERM' })
  }
  await linkBlob(blob, pointer, refuse)
  const { w } = await lora.load(pointer, { mapped: true })
  await linkBlob(blob, pointer, refuse)
  t.is(await w!.sum().item(), 300)
  t.deepEqual(readdirSync(dirname(pointer)), ['model.safetensors'])
  w!.dispose()
  await lora.settle()
})
