// The machine on which a result was measured.
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/** Instruction sets on which the choice of kernels depends, ours or torch's. */
const TELLING =
  /^(avx|avx2|fma|f16c|avx512f|avx512bw|avx512vl|avx512dq|avx512_bf16|avx512_fp16|avx512_vnni|amx_tile|amx_bf16|asimd|bf16|sve|sve2)$/

/** Processor, cores, relevant flags, memory. Linux. */
export function machine() {
  const info = readFileSync('/proc/cpuinfo', 'utf8')
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(info)?.[1].split(' ') ?? []
  return {
    cpu: cpus()[0].model.trim(),
    family: ['cpu family', 'model', 'stepping']
      .map((key) => new RegExp(`^${key}\\s*:\\s*(\\d+)`, 'm').exec(info)?.[1])
      .join('/'),
    cores: cpus().length,
    threadsPerCore:
      Number(/^siblings\s*:\s*(\d+)/m.exec(info)?.[1] ?? 1) / Number(/^cpu cores\s*:\s*(\d+)/m.exec(info)?.[1] ?? 1),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    flags: flags.filter((flag) => TELLING.test(flag)),
  }
}
