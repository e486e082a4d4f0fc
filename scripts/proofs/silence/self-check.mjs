// The proof itself: with a check taken out of the package it must fail.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addonFile } from '../../lib/stamp.mjs'
import { inRoot, run } from '../../lib/run.mjs'
import { signatureLines } from '../../options/insert.mjs'

const FOLDER = '.cache/silence/dist'

const lines = signatureLines()

/** The check of a function that has this signature, in the code. */
const check = (key) => `checkArguments\\(arguments, ${lines.get(key)}\\);`

/** Each takes one check out: the functions that then ignore something, and what is taken out of the code. */
const CHECKS = [
  ['nn.Linear', check('nn_linear$Linear$constructor')],
  ['nn.functional.relu', check('nn_functional_activations$relu')],
  ['Tensor.sum', `if \\([^;{}]*\\) ${check('generated_tensor_methods$TensorMethods$sum')}`],
  ['DataLoader', `checkOptions\\('DataLoader', options, schemas\\.DataLoaderOptions\\);`],
].map(([name, pattern]) => [name, new RegExp(pattern)])

/** Takes each check out of a copy of the package and runs the proof; returns whether it failed each time. */
export async function selfCheck(count = CHECKS.length) {
  const results = []
  for (const [name, check] of CHECKS.slice(0, count)) {
    const isFound = takeOut(check)
    const { code, out } = await run(
      process.execPath,
      ['scripts/proofs/silence.mjs', '--no-self-check', '--only', name, '--dist', inRoot(FOLDER)],
      { show: false, env: { LORALIB_NATIVE_PATH: inRoot(addonFile()) } },
    )
    const isRed = isFound && code === 1 && /^SILENT/m.test(out)
    console.log(`${isRed ? 'ok    ' : 'FAILED'}  without the check of ${name} it fails`)
    results.push(isRed)
  }
  rmSync(inRoot('.cache/silence'), { recursive: true, force: true })
  return results.every(Boolean)
}

function takeOut(check) {
  rmSync(inRoot(FOLDER), { recursive: true, force: true })
  mkdirSync(inRoot(FOLDER), { recursive: true })
  cpSync(inRoot('dist'), inRoot(FOLDER), { recursive: true })
  let isFound = false
  for (const name of readdirSync(inRoot(FOLDER)).filter((each) => each.endsWith('.js'))) {
    const path = join(inRoot(FOLDER), name)
    const code = readFileSync(path, 'utf8')
    const changed = code.replace(check, '')
    if (changed === code) continue
    isFound = true
    writeFileSync(path, changed)
  }
  return isFound
}
