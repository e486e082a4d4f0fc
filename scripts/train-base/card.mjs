// The model card of the base. Every number in it comes from the run.
import { cpus } from 'node:os'
import { statSync } from 'node:fs'

const count = (n) => Math.round(n).toLocaleString('en')

/** README.md of the model folder. */
export function modelCard({ config, parameters, file, texts, run, options, backend, reached }) {
  const [machine] = cpus()
  const mib = (statSync(file).size / 1e6).toFixed(1)
  return `# The base model of the examples

A GPT-2 with ${count(parameters)} parameters, trained from nothing by loralib's own engine on two public-domain books. It writes
text that looks like the King James Bible or the Jargon File and knows nothing else. It is there so that the examples
have a real, if small, language model to fine-tune; it is not meant for any other use.

| | |
| --- | --- |
| architecture | GPT-2: ${config.n_layer} layers, width ${config.n_embd}, ${config.n_head} heads, context ${config.n_positions} tokens, head tied to the token embedding |
| tokens | byte-level BPE, ${count(config.vocab_size)} of them, learnt from the training text; \`<|endoftext|>\` is 0 |
| file | \`model.safetensors\`, bf16, ${mib} MB |
| licence | as the repository (MIT); the texts are in the public domain |

## What it reaches

Bits per byte on held-out text, measured on the bf16 file that lies here. Lower is better.

| text | held out | bits per byte |
| --- | ---: | ---: |
${texts.map((text, i) => `| ${text.title} | ${count(text.heldout.bytes)} bytes | ${reached[i].toFixed(3)} |`).join('\n')}

Every 20th chunk of about 2,000 characters was held out (scripts/corpus.mjs). Windows of ${config.n_positions} tokens that do not overlap;
bits per byte = nats of all tokens / bytes / ln 2. Pieces of text are separated by \`<|endoftext|>\`, which counts neither as a token nor as bytes.

## How it was trained

\`node scripts/train-base.mjs\`: all weights, in f32, on the CPU.

| | |
| --- | --- |
| text | ${texts.map((text, i) => `${text.title}: ${count(text.train.length)} tokens, read ${run.passes[i].toFixed(1)} times`).join('; ')} |
| steps | ${count(run.step)} of ${options.batch} windows of ${options.window} tokens: ${count(run.tokens)} tokens |
| optimizer | AdamW, lr ${options.lr} with ${options.warmup} steps of warm-up, then a cosine to 0; betas ${options.betas.join(' and ')}; weight decay ${options.weightDecay} on matrices; gradients clipped at norm 1 |
| dropout | ${options.dropout} |
| seed | ${options.seed} |
| time | ${(run.seconds / 60).toFixed(1)} minutes, ${count(run.tokens / run.seconds)} tokens a second, measuring and checkpoints included |
| machine | ${machine?.model.trim() ?? 'unknown processor'}, ${backend.threads} threads, ${backend.isa} kernels${run.shared ? ', shared with other work' : ''} |

On the way:

| step | training loss (nats a token) | ${texts.map(({ title }) => `${title} (bits per byte)`).join(' | ')} |
| ---: | ---: | ${texts.map(() => '---:').join(' | ')} |
${run.log.map(({ step, loss, bits }) => `| ${count(step)} | ${loss.toFixed(3)} | ${bits.map((b) => b.toFixed(3)).join(' | ')} |`).join('\n')}
`
}
