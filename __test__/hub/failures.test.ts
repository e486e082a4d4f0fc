// What goes wrong on the way, and that nothing of it is left in the cache or written beside it.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { COMMIT, FakeHub, cacheFolder, sha256, someBytes } from '../support/hub-server.js'
import type { Fault } from '../support/hub-server.js'

const { hub } = lora
const WEIGHTS = someBytes(300_000)
const FILES = { 'config.json': '{"model_type":"gpt2"}', 'model.safetensors': WEIGHTS }

async function start(t: ExecutionContext, files: Record<string, Buffer | string> = FILES) {
  const server = await FakeHub.start(t, files)
  const cacheDir = cacheFolder(t)
  const options = { endpoint: server.endpoint, cacheDir }
  const blobs = join(cacheDir, 'models--owner--name/blobs')
  return { server, cacheDir, options, blobs, partial: join(blobs, `${sha256(WEIGHTS)}.loralib.incomplete`) }
}

test('an interrupted transfer is resumed', async (t) => {
  const { server, options, blobs } = await start(t)
  server.cuts = [100_000, 50_000]
  const folder = await hub.modelFolder('owner/name', options)
  t.true(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS))
  const ranges = server.transfers.filter(({ isCdn }) => isCdn).map(({ range }) => range)
  t.is(ranges.length, 3)
  t.is(ranges[0], undefined)
  // What was on its way when the connection ended may be lost.
  const [second, third] = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]))
  t.true(0 < second! && second! <= 100_000 && second! < third! && third! <= second! + 50_000, String(ranges))
  t.false(readdirSync(blobs).some((name) => name.includes('incomplete')))
})

test('a request to a server that stops responding is repeated', async (t) => {
  const { server, options } = await start(t)
  process.env['HF_HUB_DOWNLOAD_TIMEOUT'] = '0.3'
  t.teardown(() => delete process.env['HF_HUB_DOWNLOAD_TIMEOUT'])
  server.stalls = [80_000]
  const folder = await hub.modelFolder('owner/name', options)
  t.true(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS))
  t.is(server.transfers.at(-1)!.range, 'bytes=80000-')
})

test('a server that ignores ranges sends the whole file once more; a failed request is repeated', async (t) => {
  const { server, options, partial } = await start(t)
  mkdirSync(dirname(partial), { recursive: true })
  writeFileSync(partial, WEIGHTS.subarray(0, 70_000))
  server.hasRanges = false
  let failures = 1
  server.fault = ({ isCdn }) => (isCdn && failures-- > 0 ? { status: 503 } : null)
  const folder = await hub.modelFolder('owner/name', options)
  t.true(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS))
  t.deepEqual(
    server.transfers.filter(({ isCdn }) => isCdn).map(({ range }) => range),
    ['bytes=70000-', 'bytes=70000-'],
  )
})

test('abort: an AbortedError with the reason; the next call resumes', async (t) => {
  const { server, options, partial, cacheDir } = await start(t)
  server.pauseMs = 20
  const stopped = new AbortController()
  const reason = new Error('enough')
  const onProgress = ({ file, fileLoadedBytes }: lora.hub.DownloadProgress) => {
    if (file === 'model.safetensors' && fileLoadedBytes > 50_000) stopped.abort(reason)
  }
  const error = await t.throwsAsync(hub.modelFolder('owner/name', { ...options, onProgress, signal: stopped.signal }), {
    instanceOf: lora.AbortedError,
    message: /enough/,
  })
  t.is(error?.cause, reason)
  const left = readFileSync(partial)
  t.true(left.length > 50_000 && left.length < WEIGHTS.length && left.equals(WEIGHTS.subarray(0, left.length)))
  t.deepEqual(readdirSync(join(cacheDir, '.locks/models--owner--name')), [])
  server.pauseMs = 0
  const folder = await hub.modelFolder('owner/name', options)
  t.true(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS))
  t.is(server.transfers.at(-1)!.range, `bytes=${left.length}-`)
  await t.throwsAsync(hub.modelFolder('owner/name', { ...options, signal: AbortSignal.abort('no') }), {
    instanceOf: lora.AbortedError,
  })
})

test('a wrong checksum is an error, and the bytes are thrown away', async (t) => {
  const { server, options, blobs } = await start(t)
  server.spoil = (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])])
  for (const [name, hash] of [
    ['model.safetensors', 'SHA-256'],
    ['config.json', 'git SHA-1'],
  ] as const) {
    const error = await t.throwsAsync(hub.hfHubDownload('owner/name', name, options), { instanceOf: lora.FormatError })
    t.true(error!.message.includes(name) && (error as lora.LoraError).expected.startsWith(hash), error!.message)
    t.deepEqual(readdirSync(blobs), [])
  }
})

test('what an earlier process left is not trusted: with other bytes in it the transfer begins anew', async (t) => {
  for (const [size, ranges] of [
    [1000, ['bytes=1000-', undefined]],
    [400_000, [undefined]],
  ] as const) {
    const { server, options, partial } = await start(t)
    mkdirSync(dirname(partial), { recursive: true })
    writeFileSync(partial, Buffer.alloc(size))
    const path = await hub.hfHubDownload('owner/name', 'model.safetensors', options)
    t.true(readFileSync(path).equals(WEIGHTS))
    t.false(existsSync(partial))
    const asked = server.transfers.filter(({ isCdn }) => isCdn)
    t.deepEqual(
      asked.map(({ range }) => range),
      [...ranges],
    )
  }
})

test('offline: from the cache without a request, or an error that says what is missing', async (t) => {
  const { server, options } = await start(t)
  const offline = { ...options, localFilesOnly: true }
  const missing = { instanceOf: hub.HubError, code: 'ERR_LORA_FILE', message: /neither a folder nor in the cache/ }
  await t.throwsAsync(hub.modelFolder('owner/name', offline), missing)
  const folder = await hub.modelFolder('owner/name', options)
  server.seen.length = 0
  t.is(await hub.modelFolder('owner/name', offline), folder)
  process.env['HF_HUB_OFFLINE'] = '1'
  t.teardown(() => delete process.env['HF_HUB_OFFLINE'])
  t.is(await hub.modelFolder('owner/name', options), folder)
  await t.throwsAsync(hub.tokenizerFolder('owner/name', options), missing)
  await t.throwsAsync(hub.modelFolder('owner/name', { ...options, revision: 'other' }), missing)
  t.is(server.seen.length, 0)
})

test('a hub that cannot be reached: the cache is used, with a warning; without it, an error after some attempts', async (t) => {
  const { server, options } = await start(t)
  const folder = await hub.modelFolder('owner/name', options)
  const warnings: Error[] = []
  const listener = (warning: Error) => warnings.push(warning)
  process.on('warning', listener)
  t.teardown(() => process.off('warning', listener))
  server.fault = () => ({ status: 503 })
  t.is(await hub.modelFolder('owner/name', options), folder)
  server.stop()
  t.is(await hub.modelFolder('owner/name', options), folder)
  await new Promise((done) => setImmediate(done))
  t.is(warnings.filter((warning) => (warning as { code?: string }).code === 'LORA_HUB_CACHED').length, 2)
  const error = await t.throwsAsync(hub.modelFolder('owner/name', { ...options, cacheDir: cacheFolder(t) }), {
    instanceOf: hub.HubError,
    message: /cannot be reached/,
  })
  t.is((error as lora.hub.HubError).status, undefined)
})

const answers: [title: string, fault: Fault, status: number, message: RegExp][] = [
  ['401', () => ({ status: 401 }), 401, /no such model, or it is private[^]*HF_TOKEN/],
  ['403', () => ({ status: 403, headers: { 'x-error-code': 'GatedRepo' } }), 403, /terms/],
  ['404 of a repository', () => ({ status: 404, headers: { 'x-error-code': 'RepoNotFound' } }), 404, /no such model/],
  ['404 of a revision', () => ({ status: 404, headers: { 'x-error-code': 'RevisionNotFound' } }), 404, /revision/],
  [
    '404 of a file',
    ({ path }) => (path.includes('/resolve/') ? { status: 404, headers: { 'x-error-code': 'EntryNotFound' } } : null),
    404,
    /owner\/name\/config\.json|owner\/name\/model\.safetensors/,
  ],
  ['429 for an hour', () => ({ status: 429, headers: { 'retry-after': '3600' } }), 429, /too many requests/],
]
for (const [title, fault, status, message] of answers)
  test(`an answer of ${title} is an error with its status, at once`, async (t) => {
    const { server, options } = await start(t)
    server.fault = fault
    const started = performance.now()
    const error = await t.throwsAsync(hub.modelFolder('owner/name', options), { instanceOf: hub.HubError, message })
    t.is((error as lora.hub.HubError).status, status)
    t.is((error as lora.LoraError).code, 'ERR_LORA_FILE')
    t.true(performance.now() - started < 5000)
  })

test('429 with retry-after: waits as long as requested, then continues', async (t) => {
  const { server, options } = await start(t)
  let left = 1
  server.fault = ({ path }) =>
    path.startsWith('/api/') && left-- > 0 ? { status: 429, headers: { 'retry-after': '1' } } : null
  const started = performance.now()
  await hub.modelFolder('owner/name', options)
  t.true(performance.now() - started >= 990)
})

test('the token goes to the endpoint alone; messages show neither it nor signatures', async (t) => {
  const { server, options, cacheDir } = await start(t)
  server.token = 'hf_secret'
  await hub.modelFolder('owner/name', { ...options, token: 'hf_secret' })
  t.true(server.seen.every(({ isCdn, authorization }) => (authorization === undefined) === isCdn))
  const home = dirname(cacheDir)
  writeFileSync(join(home, 'token'), 'hf_secret\n')
  const before = { home: process.env['HF_HOME'], token: process.env['HF_TOKEN'] }
  process.env['HF_HOME'] = home
  delete process.env['HF_TOKEN']
  t.teardown(() => {
    for (const [name, value] of [
      ['HF_HOME', before.home],
      ['HF_TOKEN', before.token],
    ] as const)
      // prettier-ignore
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  })
  t.true((await hub.modelFolder('owner/name', { endpoint: server.endpoint })).startsWith(join(home, 'hub')))
  await t.throwsAsync(hub.modelFolder('owner/name', { ...options, token: false, revision: 'x' }), { message: /401/ })
  server.fault = ({ isCdn }) => (isCdn ? { status: 403 } : null)
  const error = await t.throwsAsync(
    hub.modelFolder('owner/name', { ...options, token: 'hf_secret', cacheDir: cacheFolder(t) }),
  )
  t.notRegex(error!.message, /secret/)
})

const BLOB = sha256(WEIGHTS)
const hostile: [title: string, files: Record<string, Buffer | string>, spoil: (server: FakeHub) => void][] = [
  [
    'shards outside the folder',
    { 'config.json': '{}', 'model.safetensors.index.json': '{"weight_map":{"a":"../../../evil.safetensors"}}' },
    () => {},
  ],
  ['a commit that is a path', FILES, (server) => (server.relist = (listing) => ({ ...listing, sha: '../../../evil' }))],
  ['no commit', FILES, (server) => (server.relist = () => [])],
  [
    'an etag that is a path',
    FILES,
    (server) => (server.fault = ({ method }) => (method === 'HEAD' ? evilHead({ etag: '"../../evil"' }) : null)),
  ],
  [
    'another commit for a file',
    FILES,
    (server) =>
      (server.fault = ({ method }) =>
        method === 'HEAD' ? evilHead({ etag: BLOB, 'x-repo-commit': 'f'.repeat(40) }) : null),
  ],
  [
    'more bytes than it says',
    FILES,
    (server) =>
      (server.fault = ({ method }) => (method === 'HEAD' ? evilHead({ etag: BLOB, 'content-length': '10' }) : null)),
  ],
  ['a web page', FILES, (server) => (server.fault = () => ({ status: 200, body: '<html>log in</html>' }))],
]
function evilHead(headers: Record<string, string>) {
  return { status: 200, headers: { 'content-length': '5', 'x-repo-commit': COMMIT, ...headers } }
}
for (const [title, files, spoil] of hostile)
  test(`a server that gives ${title} is refused, and nothing is written beside the cache`, async (t) => {
    const { server, options, cacheDir } = await start(t, files)
    spoil(server)
    await t.throwsAsync(hub.modelFolder('owner/name', options), { instanceOf: lora.FormatError })
    const outside = dirname(cacheDir)
    t.true(readdirSync(outside).every((name) => name === 'hub'))
    const names = existsSync(cacheDir) ? readdirSync(cacheDir, { recursive: true }).map(String) : []
    t.false(names.some((name) => name.includes('evil')))
  })

test('a server that lists paths upwards: they are passed over', async (t) => {
  const { server, options } = await start(t)
  server.relist = ({ sha, siblings }) => ({
    sha,
    siblings: [{ rfilename: '../model.safetensors.index.json' }, null, ...siblings],
  })
  t.deepEqual(readdirSync(await hub.modelFolder('owner/name', options)).sort(), Object.keys(FILES).sort())
})

test('a ring of redirects ends in an error', async (t) => {
  const { server, options } = await start(t)
  server.fault = ({ path }) => ({ status: 302, headers: { location: path } })
  await t.throwsAsync(hub.modelFolder('owner/name', options), { instanceOf: hub.HubError, message: /redirect/ })
})

test('options and variables that mean nothing are errors with their name', async (t) => {
  const { options } = await start(t)
  const wrong = (extra: object, message: RegExp) =>
    t.throwsAsync(hub.modelFolder('owner/name', { ...options, ...extra }), { code: 'ERR_LORA_OPTION', message })
  await wrong({ revision: '../main' }, /revision/)
  await wrong({ endpoint: 'ftp://x' }, /endpoint/)
  await wrong({ token: 'with space' }, /token/)
  await wrong({ onProgress: 1 }, /onProgress/)
  await wrong({ signal: {} }, /signal/)
  await wrong({ cacheDirectory: 'x' }, /cacheDir/)
  process.env['HF_HUB_OFFLINE'] = 'maybe'
  t.teardown(() => delete process.env['HF_HUB_OFFLINE'])
  await wrong({}, /HF_HUB_OFFLINE/)
})
