// Wrong values of environment variables: the first use of the engine reports them.
import { runChild } from './child.mjs'
import { rejects, sync } from './judge.mjs'

export const group = 'environment'

const USE = `await attempt('use', () => lora.ones([1]))`
const NAN = `
  await attempt('use', () => lora.tensor([-1, 1], { requiresGrad: true }).log().mul(2).sum().item())
  say('step', (await knownStep()) === (await knownStep()))`

const rows = [
  ['LORALIB_DEVICE=tpu', USE, { LORALIB_DEVICE: 'tpu' }, sync('ERR_LORA_DEVICE', [['use', null, { received: /tpu/ }]])],
  [
    'LORALIB_DEVICE=cuda in this build',
    USE,
    { LORALIB_DEVICE: 'cuda' },
    sync('ERR_LORA_DEVICE', [['use', null, { received: /cuda/ }]]),
  ],
  ['LORALIB_THREADS=0', USE, { LORALIB_THREADS: '0' }, sync('ERR_LORA_OPTION', [['use', null, { received: /0/ }]])],
  [
    'LORALIB_THREADS=many',
    USE,
    { LORALIB_THREADS: 'many' },
    sync('ERR_LORA_OPTION', [['use', null, { received: /many/ }]]),
  ],
  ['LORALIB_ISA=sse2', USE, { LORALIB_ISA: 'sse2' }, sync('ERR_LORA_OPTION', [['use', null, { received: /sse2/ }]])],
  ['LORALIB_DEBUG=9', USE, { LORALIB_DEBUG: '9' }, sync('ERR_LORA_OPTION', [['use', null, { received: /9/ }]])],
  [
    'LORALIB_MEMORY_LIMIT=plenty',
    USE,
    { LORALIB_MEMORY_LIMIT: 'plenty' },
    sync('ERR_LORA_OPTION', [['use', null, { received: /plenty/ }]]),
  ],
  [
    'a NaN with LORALIB_DEBUG=4',
    NAN,
    { LORALIB_DEBUG: '4' },
    rejects('ERR_LORA_NON_FINITE', [['use', null, { op: 'log', received: /NaN/ }]]),
  ],
]

export async function prove(report) {
  for (const [name, text, env, [wanted]] of rows) {
    const ended = await runChild(text, { env })
    report.judge(name, wanted, ended.told.get('use'))
    const step = ended.told.get('step')
    if (step) report.check(`${name}: the known step gives the known result`, step.value === true, ended.errors)
  }
}
