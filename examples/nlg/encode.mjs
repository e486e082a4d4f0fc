// From rows to token ids: {"context": [ids], "completion": [ids]} in each line.
//   node examples/nlg/encode.mjs --vocab models/base --input train_formatted.jsonl --output train.jsonl --add_bos --add_eos
import * as lora from 'loralib'
import { hubOptions } from '../lib/download.mjs'
import { runExample } from '../lib/run-example.mjs'
import { NEEDED, readFlags } from '../lib/flags.mjs'

const FLAGS = {
  vocab: [NEEDED, 'a tokenizer: a hub id, or a folder with tokenizer.json, or encoder.json and vocab.bpe'],
  input: [NEEDED, 'rows, as format.mjs writes them'],
  output: [NEEDED, '.jsonl file to write'],
  add_bos: [false, 'end contexts with <|endoftext|>'],
  add_eos: [false, 'end completions with <|endoftext|>'],
}

await runExample(async (signal) => {
  const flags = readFlags(
    'node examples/nlg/encode.mjs --vocab DIR --input FILE --output FILE --add_bos --add_eos',
    FLAGS,
  )
  if (!flags) return
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(flags.vocab, hubOptions(signal))
  const rows = await lora.data.readFormatted(flags.input)
  const encoded = await lora.data.encodeNlg(rows, tokenizer, { addBos: flags.add_bos, addEos: flags.add_eos })
  await lora.data.writeEncoded(flags.output, encoded)
  const lengths = encoded.map(({ context, completion }) => context.length + completion.length)
  const mean = lengths.reduce((a, b) => a + b) / lengths.length
  console.log(
    `${flags.output}: ${lengths.length} rows, ${mean.toFixed(1)} tokens on average, ${Math.max(...lengths)} at most`,
  )
})
