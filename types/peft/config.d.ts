// Generated from src/peft/config.ts by `npm run api`. Do not edit.

import type { BiasMode } from '../lora/trainable.js'
import type { LoraStart } from '../lora/starts.js'
/** A rank or an alpha for single modules: by a name, or the end of one, or a regular expression (Python's, matched from the start of a name to its end). */
export type ModulePattern = Readonly<Record<string, number>>
/** What PEFT calls the task of a model. */
export type TaskType = 'CAUSAL_LM' | 'SEQ_CLS' | 'TOKEN_CLS' | 'SEQ_2_SEQ_LM' | 'QUESTION_ANS' | 'FEATURE_EXTRACTION'
/**
 * Options of an adapter, with the meanings of PEFT's `LoraConfig`: `lora_alpha` there is `loraAlpha` here.
 * @see peft.LoraConfig
 */
export interface LoraConfig {
  /** Rank of the updates. @integer @minimum 1 @default 8 */
  r?: number
  /** Scaling numerator: an update is multiplied by `loraAlpha / r`. @default 8 */
  loraAlpha?: number
  /**
   * The layers that get an update: names, of which the end suffices (`'q_proj'`); one regular expression of Python for whole names; or `'all-linear'`, which leaves
   * the head out. Each name must match a layer. @default those that PEFT has for the model's type
   */
  targetModules?: string | readonly string[] | null
  /** Layers to leave unchanged although they are targets, named as these. Each must exclude one. @default none */
  excludeModules?: string | readonly string[] | null
  /** Dropout probability on the input of the updates. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
  /** Read for PEFT's sake: how a weight is stored is known from its layer. @default false */
  fanInFanOut?: boolean
  /** Biases that are trained too: of all layers, or of those with an update. They belong to the adapter. @default 'none' */
  bias?: BiasMode
  /** Scale by `loraAlpha / √r`. @default false */
  useRslora?: boolean
  /** Modules that are trained as a whole, each adapter with its copy: all whose paths end so, `input_layernorm` for `'norm'` too. @default none */
  modulesToSave?: readonly string[] | null
  /**
   * How fresh updates start: true A random and B zero, false both random, `'gaussian'` A normal with variance 1/r² and B zero, `'orthogonal'` both random with B A zero (r even). Of dense layers
   * `'pissa'` starts from the largest singular values of the weight, `'pissa_niter_4'` from these by 4 rounds of a random projection, which is faster, and `'olora'` from its QR factors: they learn
   * the difference to this start.
   * @default true
   */
  initLoraWeights?: LoraStart
  /** Only layers of these blocks. @default all */
  layersToTransform?: number | readonly number[] | null
  /** The name of the list that holds the blocks, for `layersToTransform`. @default the first list */
  layersPattern?: string | readonly string[] | null
  /** Ranks of single modules. @default none */
  rankPattern?: ModulePattern
  /** Alphas of single modules. @default none */
  alphaPattern?: ModulePattern
  /** Rows of the token embedding that are trained: ids, or a list of ids by the name of an embedding. @default none */
  trainableTokenIndices?: readonly number[] | Readonly<Record<string, readonly number[]>> | null
  /** Weight-decomposed updates (DoRA): each output is scaled to a trained norm. @default false */
  useDora?: boolean
  /** A bias of the second factor. @default false */
  loraBias?: boolean
  /** What the model is for. It is written to the file. @default from the class of the model */
  taskType?: TaskType | null
  /** The folder or hub name of the base model. It is written to the file. @default null */
  baseModelNameOrPath?: string | null
  /** The revision of the base model. @default null */
  revision?: string | null
}
/** A configuration with all its defaults. */
export type FullConfig = Required<LoraConfig>
