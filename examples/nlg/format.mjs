// From the files of a data set to rows: {"context": …, "completion": …} in each line.
//   node examples/nlg/format.mjs --data e2e --input train.txt --output train_formatted.jsonl
import * as lora from 'loralib'
import { runExample } from '../lib/run-example.mjs'
import { NEEDED, readFlags } from '../lib/flags.mjs'

const FLAGS = {
  data: ['e2e', 'e2e, webnlg or dart'],
  input: [NEEDED, 'the file as its authors distribute it'],
  output: [NEEDED, '.jsonl file to write'],
}

await runExample(async () => {
  const flags = readFlags('node examples/nlg/format.mjs --data e2e --input FILE --output FILE', FLAGS)
  if (!flags) return
  const rows = await lora.data.readNlgRows(flags.input, flags.data)
  await lora.data.writeJsonl(flags.output, rows)
  const contexts = new Set(rows.map(({ context }) => context)).size
  console.log(`${flags.output}: ${rows.length} rows, ${contexts} different contexts`)
})
