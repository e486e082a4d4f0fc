// The fields of a configuration about the labels of a classification head.
import { bad, checkChoice, checkInteger } from '../../runtime/options.js'

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

const PROBLEMS = ['regression', 'single_label_classification', 'multi_label_classification'] as const

/**
 * The fields about labels, complete. `num_labels` takes precedence over `id2label`: where they differ, the labels get new names.
 * @throws {OptionError} naming the field.
 */
export function checkLabels(owner: string, given: Partial<LabelsConfig>): LabelsConfig {
  const names = given.id2label ?? null
  if (names !== null && typeof names !== 'object') throw bad(owner, 'id2label', 'an object or null', names)
  const numbers: unknown = given.label2id ?? null
  if (typeof numbers !== 'object') throw bad(owner, 'label2id', 'an object or null', numbers)
  const count = names === null ? 2 : Object.keys(names).length
  const num_labels = checkInteger(owner, 'num_labels', given.num_labels ?? count, 1)
  const problem = given.problem_type ?? null
  const problem_type = problem === null ? null : checkChoice(owner, 'problem_type', problem, PROBLEMS)
  if (names !== null && count === num_labels)
    return { num_labels, id2label: names, label2id: given.label2id ?? numbersOf(names), problem_type }
  const id2label = Object.fromEntries(Array.from({ length: num_labels }, (_, i) => [i, `LABEL_${i}`]))
  return { num_labels, id2label, label2id: numbersOf(id2label), problem_type }
}

function numbersOf(id2label: Record<string, string>): Record<string, number> {
  return Object.fromEntries(Object.entries(id2label).map(([id, name]) => [name, Number(id)]))
}
