// What Python's libraries say: programs that print their results as one line of JSON after `RESULTS`.
import { fail, inRoot, run } from '../../lib/run.mjs'

/** The results of a program below scripts/proofs. Ends the process with its last messages when it fails. */
export async function reference(python, program, args) {
  const { code, out, errors } = await run(python, [inRoot('scripts/proofs', program), ...args], {
    show: false,
    env: { TOKENIZERS_PARALLELISM: 'false', HF_HUB_OFFLINE: '1' },
  })
  const found = /^RESULTS (.*)$/m.exec(out)
  if (code !== 0 || !found) fail(`${program} ended with status ${code}\n${errors.slice(-3000)}`)
  return JSON.parse(found[1])
}
