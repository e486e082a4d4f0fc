// The code of docs/formats.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const PAGE = readFileSync(join(ROOT, 'docs/formats.md'), 'utf8')

const run = inFolder('formats', { models: 'models' })

const CLAIMS = `
const tensors = Object.keys(await lora.load('e2e/adapter_model.safetensors'))
export const claims = {
  losses,
  mlx: fs.readdirSync('adapter-mlx').sort(),
  merged: fs.readdirSync('merged').sort(),
  half: half.losses[0].what,
  small: [small.losses[0].what, wide.from, wide.losses.length],
  gguf: [...fromGguf.peftConfig.values()].map(({ r, loraAlpha }) => [r, loraAlpha]),
  layers: tensors.length / 2,
  adapters: [...adapter.peftConfig.values()].map(({ r, loraAlpha }) => [r, loraAlpha]),
}
`

test('formats: the code of the page runs, and what the page says of it is true', async (t) => {
  const { claims } = (await run(`import fs from 'node:fs'\n${codeOf(PAGE)}${CLAIMS}`)) as {
    claims: Record<string, unknown>
  }
  t.deepEqual(claims['losses'], [])
  t.deepEqual(claims['mlx'], ['adapter_config.json', 'adapters.safetensors'])
  t.true(
    (claims['merged'] as string[]).includes('config.json') && (claims['merged'] as string[]).includes('tokenizer.json'),
  )
  t.is(claims['half'], 'rounded to f16')
  t.deepEqual(claims['small'], ['rounded to q8_0', 'gguf', 0])
  t.deepEqual(claims['gguf'], [[8, 16]])
  t.true(Number(claims['layers']) > 0)
  t.deepEqual(claims['adapters'], [[8, 64]])
})
