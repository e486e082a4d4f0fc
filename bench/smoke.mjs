// npm run bench:smoke [-- --record]: the cases of the bench in small shapes, each in a process of its own, without timing and without Python.
//
// Fails when a result differs from the stored one (bench/smoke/expected.json, computed by PyTorch), when the engine did not choose the best kernels of
// this processor, or when a fused operation of a case did not run. --record computes them with PyTorch (.cache/venv-bench, 6 GB) and stores the results.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag, readArgs } from '../scripts/lib/args.mjs'
import { fail, inRoot, isMain, must } from '../scripts/lib/run.mjs'
import { pythonWith } from '../scripts/lib/venv.mjs'
import { machine } from './lib/machine.mjs'
import { compareChecks, rowsAgainst } from './lib/pairing.mjs'
import { turn } from './lib/pairs.mjs'
import { installs } from './lib/versions.mjs'
import { KERNELS } from './smoke/kernels.mjs'

const EXPECTED = inRoot('bench', 'smoke', 'expected.json')
/** Cases that torch's program runs under another name, with the same numbers. */
const SAME = { 'a128-hf': 'a128', e: 'e-peft' }

/** Runs all small cases; prints a line for each and returns how many passed and failed. */
export async function smoke() {
  const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')).lines
  const names = Object.keys(KERNELS)
  await must(process.execPath, [inRoot('bench', 'prepare.mjs'), '--small', ...names], { show: false })
  const home = mkdtempSync(join(tmpdir(), 'loralib-smoke-'))
  const count = { passed: 0, failed: 0 }
  try {
    for (const name of names) {
      const problems = await problemsOf(name, expected, join(home, `${name}.json`)).catch((error) => [error.message])
      console.log(problems.length === 0 ? `ok      ${name}` : `FAILED  ${name}: ${problems.join('; ')}`)
      count[problems.length === 0 ? 'passed' : 'failed']++
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  return count
}

async function problemsOf(name, expected, trace) {
  const flags = ['--small', '--threads', '2', '--reps', '2', '--warmup', '2']
  const lines = await turn(process.execPath, [inRoot('bench', 'turn.mjs'), name, ...flags], { LORALIB_TRACE: trace })
  const wanted = expected.filter((line) => line.case === (SAME[name] ?? name) && line.check)
  const problems = wrongResults(name, lines, wanted)
  const best = bestIsa(machine().flags)
  const other = lines.find(({ isa }) => isa !== undefined && isa !== best)
  if (other) problems.push(`ran on ${other.isa}, and this processor has ${best}`)
  const products =
    name.endsWith('-bf16') && best === 'avx512' && machine().flags.includes('avx512_bf16') ? 'bf16' : 'f32'
  const slow = lines.find((line) => line.products !== undefined && line.products !== products)
  if (slow) problems.push(`multiplied in ${slow.products}, and should in ${products}`)
  return [...problems, ...missingKernels(name, trace)]
}

function wrongResults(name, lines, wanted) {
  const problems = []
  let compared = 0
  for (const { row, check } of lines) {
    const against = rowsAgainst(name, row)
    const theirs = wanted.find((line) => against.includes(line.row))
    if (theirs === undefined || check === undefined) continue
    compared++
    const verdict = compareChecks(name, check, theirs.check)
    if (verdict !== 'ok') problems.push(row ? `${row}: ${verdict}` : verdict)
  }
  const rows = new Set(wanted.map(({ row }) => row))
  const left = name === 'f-adamw' ? 0 : rows.size - compared
  if (wanted.length === 0 || compared === 0 || left > 0) problems.push(`${compared} rows compared of ${rows.size}`)
  return problems
}

function missingKernels(name, trace) {
  const text = JSON.parse(readFileSync(trace, 'utf8'))
  const ran = new Set((text.traceEvents ?? text).filter(({ ph }) => ph === 'X').map((event) => event.name))
  return KERNELS[name].filter((kernel) => !ran.has(kernel)).map((kernel) => `${kernel} did not run`)
}

/** The path that the engine must choose, unless LORALIB_ISA selects another. */
function bestIsa(flags) {
  if (process.env.LORALIB_ISA) return process.env.LORALIB_ISA
  const has = (...wanted) => wanted.every((flag) => flags.includes(flag))
  if (has('avx512f', 'avx512bw', 'avx512dq', 'avx512vl')) return 'avx512'
  if (has('avx2', 'fma')) return 'avx2'
  return has('asimd') ? 'neon' : 'scalar'
}

async function record() {
  const python = await pythonWith('venv-bench', [installs], 'PyTorch computes the expected numbers')
  const lines = await turn(python, [inRoot('bench', 'smoke', 'expected.py')])
  const rows = lines.map((line) => JSON.stringify(line)).join(',\n    ')
  const head = { command: 'node bench/smoke.mjs --record', versions: installs }
  const text = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "lines": [\n    ${rows}\n  ]\n}\n`
  writeFileSync(EXPECTED, text)
}

if (isMain(import.meta.url)) {
  if (process.platform !== 'linux') fail('the bench reads /proc: it needs Linux')
  if (readArgs({ options: { record: flag } }).values.record) await record()
  const { passed, failed } = await smoke()
  console.log(`${passed} of ${passed + failed} cases as they must be`)
  if (failed > 0) process.exitCode = 1
}
