// docs/porting-from-loralib.md, cut into its sections, and the names that its code takes for granted.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The page. */
export const PAGE = readFileSync(fileURLToPath(new URL('../../docs/porting-from-loralib.md', import.meta.url)), 'utf8')
const COLUMN = 'loralib for Node'

/** What a heading holds: its code, and the rows of its tables of code. */
export interface Section {
  title: string
  code: string
  rows: string[]
}

// What the page calls a model, a batch and so on. Each section runs behind it, in a block of its own.
export const PRELUDE = `
import * as lora from 'loralib'
const { nn, optim } = lora
const F = nn.functional
class BigModel extends nn.Module {
  q_proj = new lora.Linear(8, 8, { r: 2, loraAlpha: 4 })
  v_proj = new lora.Linear(8, 8, { r: 2, loraAlpha: 4 })
  out = new nn.Linear(8, 8)
  forward(x) {
    return this.out.forward(this.v_proj.forward(this.q_proj.forward(x)))
  }
}
class PlainModel extends nn.Module {
  q_proj = new nn.Linear(8, 8)
  v_proj = new nn.Linear(8, 8)
  out = new nn.Linear(8, 8)
  forward(x) {
    return this.out.forward(this.v_proj.forward(this.q_proj.forward(x)))
  }
}
const [inFeatures, outFeatures, dModel] = [8, 8, 8]
const [x, y, w, bias] = [lora.randn([2, 4, 8]), lora.randn([2, 4, 8]), lora.rand([8, 8]), lora.rand([8])]
const ids = lora.tensor(new Int32Array([1, 2, 3, 4, 5, 6, 0, 0])).reshape([2, 4])
const labels = ids
const mask = ids.ne(0).to('f32')
const logits = lora.randn([2, 4, 11])
const [p1, p2] = [lora.randn([4, 3]), lora.randn([4, 3])]
const batches = Array.from({ length: 8 }, () => ({ x: lora.rand([4, 8]), y: lora.rand([4, 8]) }))
const layer = new lora.Linear(8, 8, { r: 2 })
const conv = new lora.Conv2d(4, 4, 3, { r: 2 })
const merged = new lora.MergedLinear(8, 24, { r: 2, enableLora: [true, false, true] })
const [pretrained, trained] = [new PlainModel(), new BigModel()]
async function allEqual(...pairs) {
  for (const [i, [a, b]] of pairs.entries()) {
    if (!((await a.sub(b).abs().max().item()) < 1e-5)) throw new Error('pair ' + i + ' differs')
  }
}
`

/** Where a section needs names that others define themselves. */
const MODEL = 'const model = new BigModel()'
const OPTIMIZER = `const params = model.parameters().filter((p) => p.requiresGrad)
const optimizer = new optim.AdamW(params, { lr: 1e-3 })
const schedule = new optim.lrScheduler.LinearWarmup(optimizer, { warmup: 1, total: 8 })`
const BEFORE: Record<string, string> = {
  'An operation with a backward of its own (`NLU/.../modeling_deberta_v2.py`)':
    'const scores = lora.randn([2, 4], { requiresGrad: true })',
  'Replace a layer': 'const model = new PlainModel()\nconst block = new PlainModel()',
  'Train biases too': MODEL,
  'Merge for inference': MODEL,
  'Freezing by name (`NLU/.../run_glue.py`)': MODEL,
  'The training loop (`NLG/src/gpt2_ft.py`)': `${MODEL}\nconst params = model.parameters()`,
  Evaluation: MODEL,
  'Save the adapter': MODEL,
  'Save and resume a training': `${MODEL}\n${OPTIMIZER}`,
  'Functions and methods': `${MODEL}\n${OPTIMIZER}`,
  'The public names of loralib': MODEL,
}

/** The sections that hold code. */
export function sections(page: string): Section[] {
  const found: Section[] = []
  let [language, inCodeTable] = ['', false]
  for (const line of page.split('\n')) {
    const fence = /^```(\w*)/.exec(line)
    const heading = language === '' && /^#+ (.*)/.exec(line)
    if (fence) language = language === '' ? fence[1] || 'text' : ''
    else if (heading) found.push({ title: heading[1]!, code: '', rows: [] })
    else if (language === 'js') found.at(-1)!.code += `${line}\n`
    if (language !== '' || fence) continue
    const cells = line.startsWith('|') ? line.split('|').map((cell) => cell.trim()) : []
    if (cells.length === 0) inCodeTable = false
    else if (cells.at(-2) === COLUMN) inCodeTable = true
    else if (inCodeTable && !/^-+$/.test(cells.at(-2)!)) found.at(-1)!.rows.push(cells.at(-2)!)
  }
  return found.filter(({ code, rows }) => code !== '' || rows.length > 0)
}

/** The code of a section: its blocks, then the spans of its tables. The page's own head would declare the names of the prelude again. */
export function codeOf({ title, code, rows }: Section): string {
  const own = code.replace(/^import .*\n/gm, '').replace('const { nn, optim } = lora\n', '')
  const spans = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, span]) => span!))
  const lines = spans.map((span) => `await (async () => (${span}))()`).join('\n')
  return `${BEFORE[title] ?? ''}\n${own}\n${lines}`
}
