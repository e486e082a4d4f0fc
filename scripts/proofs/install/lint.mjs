// What the tools of others say of the packages: publint, are-the-types-wrong, and the sizes.
import { join } from 'node:path'
import { run } from '../../lib/run.mjs'
import { BUDGETS } from '../../size.mjs'
import { command, load } from './tools.mjs'

export async function checkPackage(folder, packed, matrix) {
  const { publint } = await load('publint')
  const { formatMessage } = await load('publint/utils')
  for (const { name, file, bytes } of packed) {
    const home = join(folder, 'stage', name.replace('@loralib/', ''))
    const { messages, pkg } = await publint({ pkgDir: home, strict: true })
    matrix.add(
      name,
      'publint',
      messages.length === 0 ? null : messages.map((each) => formatMessage(each, pkg)).join('\n'),
    )
    const most = BUDGETS[name === 'loralib' ? 'package' : 'addon']
    matrix.add(name, 'size', bytes <= most ? null : `${bytes} bytes of at most ${most}`)
    if (name !== 'loralib') continue
    // The package is made of ES modules, which `require` loads in every Node that it supports.
    const args = [
      command('@arethetypeswrong/cli', 'attw'),
      file,
      '--ignore-rules',
      'cjs-resolves-to-esm',
      '--format',
      'table-flipped',
      '--no-color',
    ]
    const { code, out, errors } = await run(process.execPath, args, { show: false })
    matrix.add(name, 'types', code === 0 ? null : `${out}${errors}`)
  }
}
