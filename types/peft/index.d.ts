// Generated from src/peft/index.ts by `npm run api`. Do not edit.

export { getPeftModel, inspectTargets, PeftModel } from './peft-model.js'
export type { Adapted, LoadAdapterOptions, TargetReport, TrainableCount } from './peft-model.js'
export type { FullConfig, LoraConfig, ModulePattern, TaskType } from './config.js'
export type { WeightedAdapterOptions } from './weighted.js'
export type { CombinationType, MajoritySignMethod } from './combine.js'
export type { LoralibFacts } from './formats/loralib.js'
