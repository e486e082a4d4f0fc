// What the bits of a run depend on besides its state: a checkpoint says what it was made with, and resuming it elsewhere is said by a warning.
import { backend } from '../runtime/memory.js'
import { getFloat32MatmulPrecision } from '../runtime/precision.js'

/** What a checkpoint was made with. */
export interface MadeWith {
  /** Version of the package. */
  version: string
  device: string
  isa: string
  /** Whether products of bf16 use AMX. Checkpoints of before that do not say it. */
  amx?: boolean
  /** Of {@link getFloat32MatmulPrecision}. */
  precision: string
  threads: number
  /** Version of Node. */
  node: string
}

/** The present ones. */
export function madeWith(): MadeWith {
  const { version, device, isa, amx, threads } = backend()
  return { version, device, isa, amx, precision: getFloat32MatmulPrecision(), threads, node: process.version }
}

/** Warns when a checkpoint was made with others. Its numbers are exact all the same; those of the next updates may differ in their last bits. */
export function compareMadeWith(path: string, saved: MadeWith): void {
  const now = madeWith()
  const keys = ['device', 'isa', 'amx', 'precision', 'threads', 'version', 'node'] as const
  const other = keys.filter((key) => saved[key] !== undefined && saved[key] !== now[key])
  if (other.length === 0) return
  const text = `${path} was made with ${other.map((key) => `${key} ${saved[key]}, not ${now[key]}`).join('; ')}`
  const detail =
    'the run goes on from the saved numbers, but need not end with the bits of a run that was never stopped'
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_OTHER_BACKEND', detail })
}
