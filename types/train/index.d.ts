// Generated from src/train/index.ts by `npm run api`. Do not edit.

export { runLoop, stepsPerEpoch } from './loop.js'
export type { BatchSource, LoopOptimizer, LoopOptions, LoopSchedule, StepReport } from './loop.js'
export { lastCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.js'
export { trainedParameters } from './checkpoint-state.js'
export type { CheckpointState, Run } from './checkpoint-state.js'
export type { HasStateDict, Stateful } from './stateful.js'
export type { RunOptions, RunProgress } from './run-options.js'
export type { TrainResult } from './run.js'
export { Trainer } from './trainer.js'
export type { TrainerConfig, TrainerOptions, TrainingMethod } from './trainer-config.js'
export type {
  TrainerBegin,
  TrainerCallback,
  TrainerEvaluation,
  TrainerEvent,
  TrainerResult,
  TrainerStep,
} from './trainer-events.js'
export type { TrainerData } from './prepare-data.js'
export type { DataReport, ReportedExample } from './data-report.js'
export type { TaskName, TrainOn } from './tasks/task.js'
export { trainClassifier } from './classifier.js'
export type { ClassifierTrainResult } from './classifier.js'
export type { ClassifierMeasured, ClassifierSettings, ClassifierTrainOptions } from './classifier-options.js'
export { evaluateClassifier, predictClassifier } from './tasks/evaluate-classifier.js'
export type { ClassifierEvaluateOptions, ClassifierEvaluation, ClassifierMetrics } from './tasks/evaluate-classifier.js'
export type { SequenceClassifier } from './tasks/classifier-data.js'
export { cutoff, rDropLoss } from './r-drop.js'
export type { CutoffOptions } from './r-drop.js'
export { GLUE_MODELS, glueRecipe } from './glue-recipes.js'
export type { GlueModel, GlueRecipe } from './glue-recipes.js'
export { writeEvalResults, writeTestResults } from './glue-results.js'
export { trainNlg } from './nlg.js'
export type { NlgMeasured, NlgStepReport, NlgTrainOptions, NlgTrainResult } from './nlg.js'
export { adaptForNlg } from './nlg-adapter.js'
export type { NlgAdapterOptions } from './nlg-adapter.js'
export { evaluateNlg, nlgLoss } from './nlg-loss.js'
export type { NlgEvaluateOptions, NlgEvaluation } from './nlg-loss.js'
export { NLG_RECIPES } from './nlg-recipe.js'
export type { NlgLoraSettings, NlgRecipe, NlgTrainSettings } from './nlg-recipe.js'
