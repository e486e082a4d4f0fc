// Python virtual environments for proofs, below .cache/, made once and kept.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, fail, inRoot, must, run, say } from './run.mjs'

const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']

/**
 * The Python of .cache/NAME with packages of pinned versions. `installs` are argument lists of pip, run in order. Ends the process when
 * Python is missing or an installation fails.
 */
export async function pythonWith(name, installs, why) {
  const home = inRoot('.cache', name)
  const program = join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const stamp = join(home, 'packages.json')
  const wanted = JSON.stringify(installs)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted) return program
  if (!ask('python3')) {
    fail(`python3 was not found: ${why}. Debian, Ubuntu: sudo apt install python3 python3-venv`)
  }
  say(`installing Python packages into .cache/${name} (once)`)
  await must('python3', ['-m', 'venv', '--clear', home], { show: false })
  for (const args of installs) {
    const { code, out, errors } = await run(program, [...PIP, ...args], { show: false })
    if (code !== 0) {
      fail(
        `pip install ${args.join(' ')}\n${out}${errors}\nPython packages could not be installed: ${why}. Is there a network, and free disk space?`,
      )
    }
  }
  writeFileSync(stamp, `${wanted}\n`)
  return program
}
