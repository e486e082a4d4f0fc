import { getPriority } from 'node:os'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { TRAIN, runProgram } from '../support/process.js'

/** Linux's numbers of the policies. */
const [SCHED_OTHER, SCHED_IDLE] = [0, 5]

interface Thread {
  name: string
  nice: number
  policy: number
  main: boolean
}

const linux = process.platform === 'linux' ? test : test.skip

/** The threads of a process that has trained and multiplied. */
async function threadsOf(
  t: ExecutionContext,
  env: Record<string, string>,
): Promise<{ own: Thread[]; others: Thread[]; main: Thread }> {
  const ended = await runProgram(
    `import * as lora from 'loralib'
    import { readFileSync, readdirSync } from 'node:fs'
    ${TRAIN}
    await train(lora)
    await lora.randn([600, 600]).matmul(lora.randn([600, 600])).sum().item()
    const threads = readdirSync('/proc/self/task').map((id) => {
      const text = readFileSync('/proc/self/task/' + id + '/stat', 'utf8')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return { name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')), nice: Number(fields[16]), policy: Number(fields[38]), main: Number(id) === process.pid }
    })
    console.log(JSON.stringify(threads))`,
    { env: { LORALIB_THREADS: '4', ...env } },
  )
  t.is(ended.code, 0, ended.errors)
  const threads = JSON.parse(ended.out) as Thread[]
  const isOwn = (thread: Thread) => thread.name.startsWith('loralib')
  const own = threads.filter(isOwn)
  t.is(own.length, 4, ended.out)
  return { own, others: threads.filter((thread) => !isOwn(thread)), main: threads.find((thread) => thread.main)! }
}

linux('compute threads run below the priority of the event loop', async (t) => {
  const { own, others, main } = await threadsOf(t, {})
  // Not the idle class, which stands still beside busy programs.
  for (const thread of own) t.deepEqual([thread.nice, thread.policy], [main.nice + 10, SCHED_OTHER], thread.name)
  for (const thread of others) t.deepEqual([thread.nice, thread.policy], [main.nice, main.policy], thread.name)
})

linux('LORALIB_PRIORITY=normal leaves compute threads their share of the cores', async (t) => {
  const { own, main } = await threadsOf(t, { LORALIB_PRIORITY: 'normal' })
  for (const thread of own) t.deepEqual([thread.nice, thread.policy], [main.nice, main.policy], thread.name)
})

linux('LORALIB_PRIORITY=idle puts compute threads into the idle class', async (t) => {
  const { own, main } = await threadsOf(t, { LORALIB_PRIORITY: 'idle' })
  for (const thread of own) t.is(thread.policy, SCHED_IDLE, thread.name)
  t.deepEqual([main.nice, main.policy], [getPriority(), SCHED_OTHER])
})

linux('beside a busy program on every core, training goes on', async (t) => {
  // In one session, with as many busy processes as cores: threads of the idle class got next to nothing there.
  const ended = await runProgram(
    `import { spawn } from 'node:child_process'
    import { availableParallelism } from 'node:os'
    import * as lora from 'loralib'
    ${TRAIN}
    const rate = async () => {
      const start = performance.now()
      let steps = 0
      while (performance.now() - start < 3000) { await train(lora, 5, 256); steps += 5 }
      return steps
    }
    await train(lora, 5, 256)
    const alone = await rate()
    const busy = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'console.log(1); for (;;);']))
    await Promise.all(busy.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))))
    const beside = await rate()
    busy.forEach((child) => child.kill('SIGKILL'))
    console.log(JSON.stringify([alone, beside]))`,
  )
  t.is(ended.code, 0, ended.errors)
  const [alone, beside] = JSON.parse(ended.out) as [number, number]
  t.true(beside > 0.03 * alone, `${alone} steps alone, ${beside} beside`)
})

test('an engine without work takes no processor time', async (t) => {
  const ended = await runProgram(
    `import * as lora from 'loralib'
    ${TRAIN}
    await train(lora, 20, 64)
    await lora.settle()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const from = [performance.now(), process.cpuUsage()]
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const used = process.cpuUsage(from[1])
    console.log((used.user + used.system) / 1e3 / (performance.now() - from[0]))`,
    { env: { LORALIB_THREADS: '4' } },
  )
  t.is(ended.code, 0, ended.errors)
  t.true(Number(ended.out) < 0.02, `${(100 * Number(ended.out)).toFixed(2)} % of a core`)
})
