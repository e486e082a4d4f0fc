// Runs torch and ours alternately, and computes ratios from what they print.
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { inRoot, root } from '../../scripts/lib/run.mjs'
import { median } from './median.mjs'
import { compareChecks, decides, rowsAgainst } from './pairing.mjs'

/** A pair during which other processes used more than this share of the machine is not counted. */
export const MOST_DISTURBED = 0.05

/**
 * Runs a program that prints JSON lines, as a fresh process, in the checkout at `cwd`, and returns them.
 * @throws with its stderr when it fails.
 */
export async function turn(program, args, more = {}, cwd = root) {
  const env = Object.fromEntries(
    Object.entries({ ...process.env, ...more }).filter(([key]) => !/^(OPENBLAS|OMP|MKL|KMP)_/.test(key)),
  )
  const { code, out, errors } = await new Promise((done) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const text = { out: '', errors: '' }
    child.stdout.setEncoding('utf8').on('data', (part) => (text.out += part))
    child.stderr.setEncoding('utf8').on('data', (part) => (text.errors += part))
    child.on('error', (error) => done({ ...text, code: 127, errors: String(error) }))
    child.on('close', (code) => done({ ...text, code: code ?? 1 }))
  })
  if (code !== 0) throw new Error(`\`${program} ${args.join(' ')}\` failed with status ${code}\n${errors}`)
  return out.split('\n').filter(Boolean).map(JSON.parse)
}

const flagsOf = ({ threads, reps, warmup }) =>
  Object.entries({ threads, reps, warmup }).flatMap(([key, value]) => [`--${key}`, String(value)])

/** One run of torch's side. */
export const torchTurn = (python, name, settings) =>
  turn(python, [
    inRoot('bench', 'torch_baseline.py'),
    name,
    ...flagsOf(settings),
    ...(settings.device ? ['--device', settings.device] : []),
  ])

/** One run of ours, in the checkout at `cwd`. */
export const nodeTurn = (name, settings, cwd = root, env = {}) =>
  turn(process.execPath, [join(cwd, 'bench/turn.mjs'), name, ...flagsOf(settings)], env, cwd)

/**
 * Whether other processes used too much of the machine during a run. They may use cores that the run leaves idle, and half of that is always allowed,
 * since disk work of a run that writes files counts as others'. On a machine without idle time this rule allows nothing, as the others' share is all
 * that the run left. Rows of a cold start have no such figure.
 */
export function isDisturbed(lines) {
  return lines.some(({ others_share: share = 0, threads, cores_used: used = threads }) => {
    const left = 1 - used / cpus().length
    return share > Math.max(MOST_DISTURBED, 1 - threads / cpus().length, left / 2)
  })
}

/**
 * The results of pairs of runs for a case, row by row.
 * @param {string} name
 * @param {{ torch: object[], node: object[] }[]} all all pairs, for the checks, which a busy machine does not affect
 * @param {{ torch: object[], node: object[] }[]} quiet the pairs whose times count
 * @param {number | null} roofline the best product rate of the machine, in GFLOP/s
 */
export function summarise(name, all, quiet, roofline) {
  const rows = all[0].node.map(({ row }) => ({ row, ...rowSummary(name, row, all, quiet, roofline) }))
  const deciding = rows.filter(({ row, time_ratio: ratio }) => decides(name, row) && ratio !== null)
  const worst = deciding.length > 0 ? deciding.reduce((a, b) => (b.time_ratio < a.time_ratio ? b : a)) : rows[0]
  const differing = rows.filter(({ check }) => check !== 'ok')
  const check =
    differing.length > 0 ? differing.map(({ row, check }) => (row ? `${row}: ${check}` : check)).join('; ') : 'ok'
  const { row: _, ...numbers } = worst
  const summary = { case: name, ...numbers, check, pairs: quiet.length }
  return rows.length > 1 ? { ...summary, rows } : summary
}

function rowSummary(name, row, all, quiet, roofline) {
  const of = (lines, wanted) => lines.find((line) => line.row === wanted)
  const theirs = (lines) =>
    rowsAgainst(name, row)
      .map((wanted) => of(lines, wanted))
      .filter(Boolean)
      .reduce((a, b) => (a && a.step_ms <= b.step_ms ? a : b), null)
  const matched = (pairs) => pairs.map(({ torch, node }) => ({ torch: theirs(torch), node: of(node, row) }))
  const checks = matched(all).map(({ torch, node }) => (torch ? compareChecks(name, node.check, torch.check) : 'ok'))
  const counted = matched(quiet).filter(({ torch }) => torch !== null)
  const times = counted.map(({ torch, node }) => torch.step_ms / node.step_ms)
  const memory = counted.map(({ torch, node }) => node.peak_rss_mb / torch.peak_rss_mb)
  const rates = matched(quiet)
    .map(({ node }) => node.gflop_per_s)
    .filter(Boolean)
  const gflops = rates.length > 0 ? round(median(rates), 1) : null
  return {
    check: checks.find((check) => check !== 'ok') ?? 'ok',
    time_ratio: times.length > 0 ? round(median(times), 3) : null,
    time_ratio_min: times.length > 0 ? round(Math.min(...times), 3) : null,
    time_ratio_max: times.length > 0 ? round(Math.max(...times), 3) : null,
    memory_ratio: memory.length > 0 ? round(median(memory), 3) : null,
    gflops,
    roofline_share: gflops && roofline ? round(gflops / roofline, 3) : null,
    torch_ms: counted.length > 0 ? round(median(counted.map(({ torch }) => torch.step_ms)), 4) : null,
    node_ms: quiet.length > 0 ? round(median(matched(quiet).map(({ node }) => node.step_ms)), 4) : null,
  }
}

const round = (value, digits) => Number(value.toFixed(digits))
