// From predicted ids to text files, with the references beside them: the original's gpt2_decode.py and its flags.
//   node examples/nlg/decode.mjs --vocab models/base --sample_file predict.jsonl --input_file test_formatted.jsonl \
//     --output_ref_file references.txt --output_pred_file texts.txt [--ref_type webnlg --ref_num 6] [--tokenize] [--lower] [--filter seen]
import * as lora from 'loralib'
import { hubOptions } from '../lib/download.mjs'
import { runExample } from '../lib/run-example.mjs'
import { NEEDED, readFlags } from '../lib/flags.mjs'

const FLAGS = {
  vocab: [NEEDED, 'folder or hub id of the tokenizer'],
  sample_file: [NEEDED, 'predictions, as beam.mjs writes them'],
  input_file: [NEEDED, 'rows, as format.mjs writes them'],
  output_ref_file: [NEEDED, 'references: a file (e2e) or a folder (webnlg, dart)'],
  output_pred_file: [NEEDED, 'texts, one in each line'],
  ref_type: ['e2e', 'e2e, webnlg or dart'],
  ref_num: [4, 'reference files for webnlg and dart'],
  ref_unique_file: ['', 'names of the entries of the rows, one in each line'],
  filter: ['all', 'all, seen or unseen'],
  tokenize: [false, 'spaces around all that is no letter, digit or underscore'],
  lower: [false, 'lower case'],
}

await runExample(async (signal) => {
  const flags = readFlags(
    'node examples/nlg/decode.mjs --vocab DIR --sample_file FILE --input_file FILE [flags]',
    FLAGS,
  )
  if (!flags) return
  const { entries } = await lora.data.decodeNlg({
    tokenizer: await lora.tokenizers.Tokenizer.fromPretrained(flags.vocab, hubOptions(signal)),
    predictions: flags.sample_file,
    formatted: flags.input_file,
    outputReferences: flags.output_ref_file,
    outputPredictions: flags.output_pred_file,
    refType: flags.ref_type,
    refNum: flags.ref_num,
    ...(flags.ref_unique_file ? { refUniqueFile: flags.ref_unique_file } : {}),
    filter: flags.filter,
    tokenize: flags.tokenize,
    lower: flags.lower,
    signal,
  })
  console.log(`${flags.output_pred_file}: ${entries} texts; references in ${flags.output_ref_file}`)
})
