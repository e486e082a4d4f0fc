// Generated from src/nn/module.ts by `npm run api`. Do not edit.

import type { HookHandle } from '../tensor/hook-handle.js'
import type { Dtype } from '../tensor/tensor.js'
import { Tensor } from '../tensor/tensor.js'
import type { ForwardHook, ForwardPreHook, FullBackwardHook, HookOptions } from './module-hooks.js'
/** An own tensor of a module: its key, the tensor, and whether it is a parameter or a buffer. */
export type OwnTensor = readonly [key: string, tensor: Tensor, kind: 'parameter' | 'buffer']
/** The result of `loadStateDict`. */
export interface LoadReport {
  /** Keys of the model that the dict lacks. */
  missingKeys: string[]
  /** Keys of the dict that the model lacks. */
  unexpectedKeys: string[]
}
/** A state dict: names to tensors. */
export type StateDict = Record<string, Tensor>
/** Makes a tensor a parameter: modules list it and optimizers can train it. Returns the same tensor. */
export declare function parameter(tensor: Tensor, requiresGrad?: boolean): Tensor
/**
 * The base class of all layers and models. Parameters, buffers and submodules are found in the module's own fields, including arrays, maps and plain
 * objects, in the order of assignment; the key of a tensor is the path of fields to it. Nobody sees what is in a private field (`#name`): a forward that
 * calls a module with trainable parameters from there is an error, and so is a Set of modules.
 *
 * `forward` is wrapped once per class: when the outermost call ends, the tensors it made are released, except those in its result (at any depth of
 * arrays and objects), in a field of a called module, in an object passed in, or wrapped in `keep(t)`. What backward needs is kept by the tape.
 * So memory stays constant over a plain training loop.
 */
export declare abstract class Module {
  /** Whether the module is in training mode, in which e.g. dropout is active. */
  training: boolean
  /** Names of buffers, and whether each is persistent. */
  private readonly bufferNames
  constructor()
  /** Computes the module. It must be synchronous: it only records operations. */
  abstract forward(...args: any[]): unknown
  /** Sets training mode (or with false, evaluation mode) for this module and all submodules. Returns the module. */
  train(mode?: boolean): this
  /** Sets evaluation mode for this module and all submodules. LoRA layers merge, unless `mergeWeights` is false. Returns the module. */
  eval(): this
  /** Own parameters with their keys, in order, then own buffers. */
  ownTensors(): Iterable<OwnTensor>
  /** Own submodules with their names, in order. */
  namedChildren(): Iterable<[name: string, module: Module]>
  /** Own submodules, in order. */
  children(): Iterable<Module>
  /** This module and all submodules with their paths; each once, under its first path. */
  namedModules(prefix?: string, seen?: Set<Module>): Iterable<[path: string, module: Module]>
  /** This module and all submodules, each once. */
  modules(): Iterable<Module>
  /** The module at a path such as `h.3.attn`. @throws {OptionError} when there is none. */
  getSubmodule(path: string): Module
  /** All parameters with their names; a tied one once, under its first name. */
  namedParameters(): Iterable<[name: string, parameter: Tensor]>
  /** All parameters; a tied one once. */
  parameters(): Tensor[]
  /** All buffers with their names. */
  namedBuffers(): Iterable<[name: string, buffer: Tensor]>
  /** All parameters and buffers of this module and its submodules; a tied one under each of its names. `key` is its name in the owner. */
  namedTensors(): Iterable<
    readonly [name: string, tensor: Tensor, kind: 'parameter' | 'buffer', owner: Module, key: string]
  >
  /** All modules with their paths; a module reached by several paths is listed under each of them. */
  private allModules
  /**
   * Adds a buffer: a tensor that belongs to the module but is not a parameter, such as a running statistic or an average of weights. With
   * `persistent: false` it is not saved. As a parameter, it is never lost to a failure: a change of it that fails or is aborted leaves it as it was.
   */
  registerBuffer(
    name: string,
    tensor: Tensor,
    options?: {
      persistent?: boolean
    },
  ): void
  /** The parameters and persistent buffers by name, not copied. LoRA layers list their unmerged weight. */
  stateDict(): StateDict
  private isPersistent
  /**
   * Copies tensors into the model by name, converted to the model's dtypes. Keys and shapes are checked first; either all tensors change or none.
   * From a training checkpoint it takes the state dict under `model_state_dict`, `state_dict` or `model`. A prefix `module.` that all keys share is
   * removed if the model has the keys without it. Names that circulate for the architecture are read too: see {@link checkpointKey}.
   * @throws {KeyError} listing every missing and unexpected key (unless `strict` is false) and every key of another shape; with `strict: false` too, for a
   * dict of which no key fits, and for one that holds an adapter when the model has none.
   */
  loadStateDict(
    stateDict: StateDict,
    options?: {
      strict?: boolean
    },
  ): LoadReport
  /** Keys of own tensors that older files lack: when the dict has no such key, the tensor stays unchanged. */
  optionalKeys(): readonly string[]
  private allOptionalKeys
  /** Alternative keys of own tensors in files, mapped to the keys that this class writes. They are read, never written. */
  keyAliases(): Readonly<Record<string, string>>
  /**
   * The key of this class for a key that it lacks but files of such models have: another name that circulates; or null for what files hold and this class does not
   * need, such as buffers of old releases. Asked of the module that loads, with the path from there.
   */
  checkpointKey(key: string): string | null
  private allAliases
  /** Makes all parameters trainable or frozen. Returns the module. */
  requiresGrad_(on?: boolean): this
  /** Sets the gradients of all parameters to null, which releases their memory. */
  zeroGrad(): void
  /** Keys of own weights that this class also reads in blocks, such as `q8_0`. */
  blockKeys(): readonly string[]
  /**
   * Converts all floating-point parameters and buffers. In a half-precision model, vectors (biases, norms) are f32. Returns the module.
   *
   * To blocks (`q8_0`, `q4_k`, …) only the frozen weights of dense layers and embeddings are converted; the rest stays as it is. Where a row is no multiple of the 256 values
   * of a block, it gets what llama.cpp takes instead (`q5_0` for `q4_k`, `q5_1` for `q5_k`, `q8_0` for `q6_k`, `q4_0` for `q2_k` and `q3_k`); one that is no multiple of 32
   * keeps its type.
   * @throws {OptionError} for a trainable weight that would be in blocks: they have no gradients.
   */
  to(dtype: Dtype): this
  /** Replaces an own tensor, by its key. */
  setOwnTensor(key: string, tensor: Tensor): void
  /** Calls `fn` on this module and all submodules, children first. Returns the module. */
  apply(fn: (module: Module) => void): this
  /**
   * Calls `hook(module, args)` before every forward of this module. If it returns an array, this replaces the arguments; any other value
   * except undefined replaces the single argument.
   */
  registerForwardPreHook(hook: ForwardPreHook, options?: HookOptions): HookHandle
  /**
   * Calls `hook(module, args, output)` after every forward of this module. If it returns a value, this replaces the output. Tensors that a hook
   * stores outside the model are released when the outermost forward ends, unless wrapped in `lora.keep(t)`.
   */
  registerForwardHook(hook: ForwardHook, options?: HookOptions): HookHandle
  /**
   * Calls `hook(module, gradInput, gradOutput)` in backward, when the gradients of the arguments are known. The lists have one entry for
   * each argument and output that is a tensor, null where there is no gradient. If it returns an array, this replaces `gradInput`.
   */
  registerFullBackwardHook(hook: FullBackwardHook, options?: HookOptions): HookHandle
  /** Details that a printed module shows after its class name. */
  extraRepr(): string
  /** The submodules that a printed module shows. */
  protected shownChildren(): Iterable<[name: string, module: Module]>
  /** The module as text: its class, its details and its submodules, as in PyTorch. */
  toString(indent?: string): string
}
