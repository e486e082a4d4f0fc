// Files for a test, in a folder of its own that is deleted after it.
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** A folder with the given files. */
export async function folderWith(
  t: ExecutionContext,
  files: Record<string, string | Uint8Array> = {},
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'loralib-test-'))
  t.teardown(() => removeFolder(dir))
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content)
  return dir
}

/** Removes a folder with all that is in it. Windows keeps files that this process still maps: there they stay behind in its folder for such. */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (process.platform !== 'win32') throw error
  }
}

/** The tokenizer of a BERT with a handful of words. */
export function wordTokenizer(words: readonly string[], marks = ['[PAD]', '[CLS]', '[SEP]', '[UNK]']): string {
  const vocab = Object.fromEntries([...marks, ...words].map((word, id) => [word, id]))
  const [, before, after, unknown] = marks as [string, string, string, string]
  const token = (content: string) => ({ id: vocab[content], content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }) // prettier-ignore
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: marks.map(token),
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      ...(before === '<s>'
        ? { type: 'RobertaProcessing', trim_offsets: true, add_prefix_space: false }
        : { type: 'BertProcessing' }),
      ...{ sep: [after, vocab[after]], cls: [before, vocab[before]] },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: unknown },
  })
}
