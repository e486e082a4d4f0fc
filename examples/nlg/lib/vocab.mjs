// Which tokenizer a run takes.
import * as lora from 'loralib'
import { hubOptions } from '../../lib/download.mjs'
import { Problem } from '../../lib/problem.mjs'

/**
 * `--vocab`, else the model. A run that only measures (`--max-steps`) takes the small tokenizer `spare` where the model comes with none, and says so.
 * @throws {Problem} when another run has no tokenizer.
 */
export async function chooseVocab({ vocab, model, 'max-steps': maxSteps }, spare, signal) {
  if (vocab) return vocab
  try {
    await lora.tokenizers.Tokenizer.fromPretrained(model, hubOptions(signal))
    return model
  } catch (error) {
    if (!(error instanceof lora.FileError)) throw error
    if (maxSteps === 0) {
      const fix = 'put its tokenizer.json into the folder, or name a folder or hub id that has it with --vocab'
      throw new Problem(`${model} holds no tokenizer`, { fix })
    }
    console.log(
      `${model} holds no tokenizer: the rows are encoded with that of ${spare}. Time and memory are real, losses are not.`,
    )
    return spare
  }
}
