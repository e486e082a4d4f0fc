// The tests of crates/kernels on a target: the numbers of its processor's vector units against the plain twins.
import { run } from '../lib/run.mjs'
import { crateCounter } from '../lib/crates.mjs'
import { filesBelow, hashOf } from '../lib/stamp.mjs'
import { machines } from './machines.mjs'
import { stage } from './stages.mjs'
import { cargoFor } from './toolchain.mjs'

/** The crates whose tests run: on a machine of another processor the kernels, elsewhere the engine, whose files and threads are the system's. */
const cratesOf = ({ machine }) => (machine === 'qemu' ? ['kernels'] : ['core'])

/** `{ ok, passed, failed }` */
export function rust(name, target) {
  const sources = filesBelow(['crates'], (file) => /\.(rs|toml)$/.test(file))
  const inputs = [hashOf(['Cargo.lock', 'Cargo.toml', ...sources]), hashOf(['scripts/platforms/toolchain.mjs'])]
  return stage(name, 'rust', inputs, async () => {
    const { program, args, env } = await cargoFor(target, 'test')
    const crates = cratesOf(target).flatMap((crate) => ['--package', `loralib-${crate}`])
    const more = ['--release', '--lib', ...crates, '--no-run', '--message-format=json-render-diagnostics']
    const hidden = crateCounter()
    const onLine = (line) => !line.startsWith('{') && hidden(line)
    const built = await run(program, [...args, ...more], { env, onLine })
    if (built.code !== 0) return { ok: false, passed: 0, failed: 1, note: 'the tests do not compile' }
    const messages = built.out.split('\n').filter((line) => line.startsWith('{'))
    const tests = messages
      .map((line) => JSON.parse(line))
      .filter(({ executable, profile }) => executable && profile?.test)
    const machine = await machines[target.machine]()
    let [passed, failed, ok] = [0, 0, tests.length > 0]
    for (const { executable } of tests) {
      const [command, ...first] = [...machine.program, executable]
      const ran = await run(command, first, { env: machine.env, onLine: (line) => !/^test .* ok$/.test(line) })
      const counts = /^test result: \w+\. (\d+) passed; (\d+) failed/m.exec(ran.out)
      ok &&= ran.code === 0 && counts !== null
      passed += Number(counts?.[1] ?? 0)
      failed += Number(counts?.[2] ?? 1)
    }
    return { ok, passed, failed }
  })
}
