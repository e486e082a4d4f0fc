// Generated from src/train/tasks/task.ts by `npm run api`. Do not edit.

/** Names of the tasks. */
export type TaskName = 'causal-lm' | 'sequence-classification'
/** Which tokens of a row are trained: what the assistant writes in all its turns, the completion (of a conversation its last answer) alone, or all. */
export type TrainOn = 'assistant' | 'completion' | 'all'
