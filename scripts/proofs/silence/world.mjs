// What calls need on disk and on the network: a folder with a file of each kind that a function reads, and a hub on the loopback interface.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const WORDS = 'the cat sat on the mat and the dog sat on the log while the bird sang a song'
const COMMIT = '0123456789abcdef0123456789abcdef01234567'

export const GPT2 = {
  vocab_size: 300,
  n_positions: 16,
  n_embd: 8,
  n_layer: 1,
  n_head: 2,
  bos_token_id: 0,
  eos_token_id: 0,
}

/** Makes the folder and starts the hub. The variables of the environment must be set before the package is imported. */
export async function makeWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-silence-'))
  const hub = await startHub(join(folder, 'model'))
  for (const name of Object.keys(process.env))
    if (/^(HF_|HUGGING|TRANSFORMERS_OFFLINE)/.test(name)) delete process.env[name]
  process.env.HF_ENDPOINT = hub.address
  process.env.HF_HOME = join(folder, 'cache')
  return {
    folder,
    end() {
      hub.server.close()
      hub.server.closeAllConnections()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Writes the files, with the package itself where a format is ours. */
export async function fill({ folder }, lora) {
  const at = (name) => join(folder, name)
  const texts = Array.from({ length: 40 }, (_, i) => `${WORDS} ${i}`)
  const tokenizer = await lora.tokenizers.Tokenizer.train(texts, { vocabSize: 300 })
  const model = lora.models.GPT2LMHeadModel.fromConfig(GPT2)
  mkdirSync(at('model'))
  await model.savePretrained(at('model'))
  await tokenizer.save(at('model/tokenizer.json'))
  await tokenizer.save(at('tokenizer.json'))
  await lora.save(model.stateDict(), at('model.safetensors'))
  const adapted = new lora.nn.Sequential(new lora.nn.Linear(4, 4))
  lora.injectLora(adapted, { targets: ['0'], r: 2 })
  await lora.save(lora.loraStateDict(adapted), at('adapter.safetensors'))
  const small = { vocab_size: 300, hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2 }
  const families = {
    bert: lora.models.BertForSequenceClassification.fromConfig({ ...small, max_position_embeddings: 16 }),
    'bert-mlm': lora.models.BertForMaskedLM.fromConfig({ ...small, max_position_embeddings: 16 }),
    gemma2: lora.models.Gemma2ForCausalLM.fromConfig({ ...small, num_key_value_heads: 1, head_dim: 4 }),
  }
  for (const [name, each] of Object.entries(families)) {
    mkdirSync(at(name))
    await each.savePretrained(at(name))
  }
  const json = JSON.parse(readFileSync(at('tokenizer.json'), 'utf8'))
  writeFileSync(at('vocab.json'), JSON.stringify(json.model.vocab))
  writeFileSync(
    at('merges.txt'),
    `#version: 0.2\n${json.model.merges.map((pair) => [pair].flat().join(' ')).join('\n')}\n`,
  )
  writeFileSync(at('classifier.json'), JSON.stringify(CLASSIFIER))
  writeFileSync(at('lines.txt'), `${WORDS}\n${WORDS}\n`)
  writeFileSync(at('blocks.txt'), `${WORDS}\n\n${WORDS}\n`)
  writeFileSync(at('table.csv'), 'sentence,label\na cat,0\na dog,1\n')
  writeFileSync(at('table.tsv'), 'sentence\tlabel\na cat\t0\na dog\t1\n')
  writeFileSync(at('encoded.jsonl'), '{"context": [1, 2], "completion": [3, 4]}\n')
  writeFileSync(
    at('rows.jsonl'),
    '{"context": "a cat", "completion": " sat"}\n{"context": "a dog", "completion": " ran"}\n',
  )
  writeFileSync(at('predictions.jsonl'), '{"id": 0, "predict": [66, 67]}\n{"id": 1, "predict": [66]}\n')
  writeFileSync(at('e2e.txt'), 'name : Blue Spice | area : city||Blue Spice is in the city .\n')
  writeFileSync(at('data.json'), '{"entries": []}')
  return { tokenizer, model, texts }
}

async function startHub(model) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://hub').pathname)
    if (path.startsWith('/api/models/')) {
      const siblings = readdirSync(model).map((rfilename) => ({ rfilename }))
      response.setHeader('content-type', 'application/json')
      return response.end(JSON.stringify({ id: 'owner/name', sha: COMMIT, siblings }))
    }
    const name = path.split(`/${COMMIT}/`)[1] ?? path.split('/main/')[1]
    let content
    try {
      content = readFileSync(join(model, name ?? ''))
    } catch {
      return response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    }
    response.writeHead(200, {
      'content-length': content.length,
      etag: `"${createHash('sha256').update(content).digest('hex')}"`,
      'x-repo-commit': COMMIT,
    })
    response.end(request.method === 'HEAD' ? undefined : content)
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return { server, address: `http://127.0.0.1:${server.address().port}` }
}

/** A tokenizer that adds a token at either end, as those of classifiers do. */
const CLASSIFIER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: ['[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })), // prettier-ignore
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', 2], cls: ['[CLS]', 1] },
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, a: 3, cat: 4 }, unk_token: '[UNK]' },
}
