// METEOR 1.5 itself, given its jar: a Java program that is queried line by line.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { access } from 'node:fs/promises'
import { FileError, FormatError } from '../errors.js'
import { aborted, checkCorpus } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { splitterOf } from './ptb.js'
import type { PtbChoice } from './ptb.js'
import type { CorpusScore } from './rouge.js'

/** Options of {@link meteorJava}. */
export interface MeteorJavaOptions extends CorpusOptions {
  /** Path of meteor-1.5.jar; the folder `data` beside it has the table of paraphrases. @minLength 1 */
  jar: string
  /** The Java executable. @minLength 1 @default 'java' */
  java?: string
  /** Language of the texts, as the tool names it. @minLength 1 @default 'en' */
  language?: string
  /** How texts are tokenized before they are passed to the tool: e2e-metrics passes PTB tokens without punctuation. @default 'ptb' */
  tokenize?: PtbChoice
}

const MEMORY = '-Xmx2G'
const KEPT_ERRORS = 2000

/**
 * Runs the METEOR 1.5 tool over a corpus as e2e-metrics does (`- - -stdio -l en -norm`), 0 to 1. The score of the corpus is computed by the tool
 * from summed statistics; it is not the mean of `each`.
 * @example await metrics.meteorJava(outputs, references, { jar: 'meteor-1.5/meteor-1.5.jar' })
 * @throws {FileError} `ERR_LORA_FILE` when the jar or Java is missing, or the tool ends early.
 * @throws {FormatError} `ERR_LORA_FORMAT` when its answer is not a number.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see cs.cmu.edu/~alavie/METEOR; Denkowski and Lavie 2014.
 */
export async function meteorJava(
  hypotheses: readonly string[],
  references: References,
  options: MeteorJavaOptions,
): Promise<CorpusScore> {
  const owner = 'metrics.meteorJava'
  checkOptions(owner, options, schemas.MeteorJavaOptions)
  const { jar, java = 'java', language = 'en', signal } = options
  const words = splitterOf(options.tokenize ?? 'ptb')
  const line = (text: string) => words(text).join(' ').replaceAll('|||', '')
  const segments = checkCorpus(owner, hypotheses, references)
  await checkJar(jar)
  if (signal?.aborted) throw aborted(signal.reason)

  // At its first use: importing it takes a part of the package's start.
  const { spawn } = process.getBuiltinModule('node:child_process')
  const tool = new Tool(spawn(java, [MEMORY, '-jar', jar, '-', '-', '-stdio', '-l', language, '-norm']), java)
  const stop = () => tool.kill()
  signal?.addEventListener('abort', stop)
  try {
    const stats: string[] = []
    for (const segment of segments) {
      const texts = [...segment.references.map(line), line(segment.hypothesis)]
      stats.push(await tool.ask(`SCORE ||| ${texts.join(' ||| ')}`))
    }
    const each: number[] = [await tool.number(`EVAL ||| ${stats.join(' ||| ')}`)]
    while (each.length < segments.length) each.push(await tool.number())
    return { score: await tool.number(), each }
  } catch (error) {
    throw signal?.aborted ? aborted(signal.reason) : error
  } finally {
    signal?.removeEventListener('abort', stop)
    tool.kill()
  }
}

async function checkJar(jar: string): Promise<void> {
  try {
    await access(jar)
  } catch (cause) {
    throw new FileError({
      what: `metrics.meteorJava: cannot read ${jar}`,
      expected: 'meteor-1.5.jar, with its folder data beside it',
      received: (cause as Error).message,
      fix: 'download METEOR 1.5 from cs.cmu.edu/~alavie/METEOR, or use metrics.meteor, which needs no Java',
      cause,
    })
  }
}

/** The running tool: a line in, a line out. */
class Tool {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #name: string
  /** Resolves when the program has ended, or could not be started. */
  readonly #over: Promise<void>
  #errors = ''
  #failure: Error | undefined

  constructor(child: ChildProcessWithoutNullStreams, name: string) {
    this.#child = child
    this.#name = name
    const { createInterface } = process.getBuiltinModule('node:readline')
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    this.#over = new Promise((resolve) => {
      child.once('close', () => resolve())
      child.on('error', (error) => {
        this.#failure = error
        resolve()
      })
    })
    // Writing to a program that has ended fails here as well; reading then reports why.
    child.stdin.on('error', () => {})
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_ERRORS)
    })
  }

  /** Writes a line, or nothing, and reads the next one. */
  async ask(line?: string): Promise<string> {
    if (line !== undefined && !this.#child.stdin.write(`${line}\n`)) {
      await Promise.race([new Promise((resolve) => this.#child.stdin.once('drain', resolve)), this.#over])
    }
    const { value, done } = await this.#lines.next()
    if (done === true) throw await this.#ended()
    return value.trim()
  }

  async number(line?: string): Promise<number> {
    const text = await this.ask(line)
    if (text !== '' && !Number.isNaN(Number(text))) return Number(text)
    throw new FormatError({
      what: 'metrics.meteorJava: the tool answered something other than a number',
      expected: 'a score',
      received: text.slice(0, 200),
      fix: 'use the jar of METEOR 1.5',
    })
  }

  kill(): void {
    this.#child.kill()
  }

  async #ended(): Promise<FileError> {
    await this.#over
    const why = this.#failure?.message ?? this.#errors.trim()
    return new FileError({
      what: 'metrics.meteorJava: the tool ended before it had answered',
      expected: `${this.#name} to run meteor-1.5.jar`,
      received: why === '' ? `exit code ${this.#child.exitCode}` : why,
      fix: 'install Java (apt install default-jre-headless) and check that the folder data is beside the jar',
      cause: this.#failure,
    })
  }
}
