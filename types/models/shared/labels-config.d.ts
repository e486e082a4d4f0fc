// Generated from src/models/shared/labels-config.ts by `npm run api`. Do not edit.

/** Kinds of labels: numbers, one of several classes, or several labels at once. */
export type ProblemType = 'regression' | 'single_label_classification' | 'multi_label_classification'
/** Fields about labels, as in `config.json`. */
export interface LabelsConfig {
  /** Width of a classification head; files give it as the length of `id2label`. @default 2 */
  num_labels: number
  /** Names of the labels. @default LABEL_0, LABEL_1, … */
  id2label: Record<string, string>
  /** Numbers of the labels by name. @default from `id2label` */
  label2id: Record<string, number>
  /** Kind of the labels. @default from the labels: regression for one output, one class for integers, several for other numbers */
  problem_type: ProblemType | null
}
