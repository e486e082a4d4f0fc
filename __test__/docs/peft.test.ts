// The code of docs/peft.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const PAGE = readFileSync(join(ROOT, 'docs/peft.md'), 'utf8')

const run = inFolder('peft', { models: 'models' })

const CLAIMS = `
const logits = async (each) => String(await lora.noGrad(() => each.forward(ids).logits).data())
export const claims = {
  files: fs.readdirSync('my-adapter').sort(),
  'the adapter of the folder': (await logits(model.withAdapter('ann'))) === (await logits(again.eval())),
  'a fresh one is the base': texts[1],
  base: await model.withAdapter('__base__').generate(prompt, { maxNewTokens: 8 }),
}
`

test('peft: the code of the page runs, and what the page says of it is true', async (t) => {
  const { claims } = (await run(`import fs from 'node:fs'\n${codeOf(PAGE)}${CLAIMS}`)) as {
    claims: Record<string, unknown>
  }
  t.deepEqual(claims['files'], ['adapter_config.json', 'adapter_model.safetensors'])
  t.true(claims['the adapter of the folder'])
  t.deepEqual(claims['a fresh one is the base'], claims['base'])
})
