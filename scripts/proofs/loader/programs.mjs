// The program that imports the package of an installation, and what is seen of it.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A training step: what works must work to the end. */
const USE = `const layer = new lora.Linear(4, 3, { r: 2 })
  lora.markOnlyLoraAsTrainable(layer)
  const optimizer = new lora.optim.AdamW(layer.parameters().filter((p) => p.requiresGrad), { lr: 0.1 })
  const loss = layer.forward(lora.ones([2, 4])).square().mean()
  loss.backward()
  await optimizer.step()
  if (!Number.isFinite(await loss.item())) throw new Error('the loss is no number')`

const PROGRAMS = {
  caught: (load) => `try { ${load}
  ${USE}
  console.log(JSON.stringify({ works: true })) } catch (error) {
  console.log(JSON.stringify({ errorCode: error.code, message: error.message })) }
await new Promise((done) => setTimeout(done, 1))
console.log(JSON.stringify({ isAlive: true }))`,
  thrown: (load) => `${load}\n${USE}\nconsole.log(JSON.stringify({ works: true }))`,
}

/**
 * Imports the package in `folder` by a Node of its own. `load` is the line that does it, `before` a module that runs first, `program` another Node (with its
 * arguments), `user` the number of another user. Returns what it printed, its exit code and stderr.
 */
export function importIn(
  folder,
  { isCaught, load = "const lora = await import('loralib')", before, program, env, user, file },
) {
  const path = file ?? join(folder, isCaught ? 'caught.mjs' : 'thrown.mjs')
  if (!file) writeFileSync(path, PROGRAMS[isCaught ? 'caught' : 'thrown'](load))
  const [command, ...first] = program ?? [process.execPath]
  const args = [...first, ...(before ? ['--import', before] : []), path]
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LORALIB_')))
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: folder, env: { ...own, ...env }, ...(user && { uid: user, gid: user }) })
    let [out, errors] = ['', '']
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (errors += data))
    child.on('error', (error) => done({ code: null, text: String(error), errors }))
    child.on('close', (code, signal) => {
      const said = Object.assign(
        {},
        ...out
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line)),
      )
      done({
        works: false,
        ...said,
        code: code ?? signal,
        errors,
        warnings: errors,
        text: said.message ?? `${out}${errors}`,
      })
    })
  })
}
