// Generated from src/nn/module.ts by `npm run api`. Do not edit.

import type { HookHandle } from '../tensor/hook-handle.js'
import type { Dtype } from '../tensor/tensor.js'
import { Tensor } from '../tensor/tensor.js'
import type { ForwardHook, ForwardPreHook, FullBackwardHook, HookOptions } from './module-hooks.js'
/** A tensor of a module itself: its key, the tensor, and whether it is trained or only kept. */
export type OwnTensor = readonly [key: string, tensor: Tensor, kind: 'parameter' | 'buffer']
/** What `loadStateDict` found. */
export interface LoadReport {
  /** Keys of the model that the dict lacks. */
  missingKeys: string[]
  /** Keys of the dict that the model lacks. */
  unexpectedKeys: string[]
}
/** A state dict: names to tensors. */
export type StateDict = Record<string, Tensor>
/** Makes a tensor a parameter: modules find it in their fields, optimizers train it. Returns the tensor. */
export declare function parameter(tensor: Tensor, requiresGrad?: boolean): Tensor
/**
 * The base of all layers and models. Parameters, buffers and submodules are found by walking the module's own fields, arrays and maps of modules
 * too, in the order of assignment; the key of a tensor is the path of fields to it.
 *
 * `forward` is wrapped once per class: when the outermost call ends, the tensors it made are released, but for those in its result (any depth of
 * arrays and objects), in a field of a module of the call, in an object passed in, or wrapped in `keep(t)`. What backward needs lives on in the
 * tape. So a plain training loop runs in flat memory.
 */
export declare abstract class Module {
  /** Whether dropout and its like are active. */
  training: boolean
  /** Names of buffers; non-persistent ones are not saved. */
  private readonly bufferNames
  constructor()
  /** Computes the module. Synchronous: it only records. */
  abstract forward(...args: any[]): unknown
  /** Training mode for this module and all below. Returns the module. */
  train(mode?: boolean): this
  /** Evaluation mode. LoRA layers merge. Returns the module. */
  eval(): this
  /** Own parameters with their keys, in order, then own buffers. */
  ownTensors(): Iterable<OwnTensor>
  /** Own submodules with their names, in order. */
  namedChildren(): Iterable<[name: string, module: Module]>
  children(): Iterable<Module>
  /** This module and all below with their paths; each once, under its first path. */
  namedModules(prefix?: string, seen?: Set<Module>): Iterable<[path: string, module: Module]>
  modules(): Iterable<Module>
  /** The module at a path such as `h.3.attn`. @throws {OptionError} when there is none. */
  getSubmodule(path: string): Module
  /** Parameters with their names; a tied one once, under its first name. */
  namedParameters(): Iterable<[name: string, parameter: Tensor]>
  /** Parameters; a tied one once. */
  parameters(): Tensor[]
  namedBuffers(): Iterable<[name: string, buffer: Tensor]>
  /** Every tensor of this module and all below; a tied one under each of its names. `key` is its name in the owner. */
  namedTensors(): Iterable<
    readonly [name: string, tensor: Tensor, kind: 'parameter' | 'buffer', owner: Module, key: string]
  >
  /** Paths of modules, one that stands in several places under each of them. */
  private allModules
  /** Keeps a tensor that is no parameter. A non-persistent one is not saved. */
  registerBuffer(
    name: string,
    tensor: Tensor,
    options?: {
      persistent?: boolean
    },
  ): void
  /** Live parameters and persistent buffers by name. LoRA layers list their unmerged weight. */
  stateDict(): StateDict
  private isPersistent
  /**
   * Copies tensors in by name, converted to the dtype that the model has. Keys and shapes are checked first; then all is changed or nothing.
   * Of a training checkpoint without tensors of its own the state dict in it is taken, under `model_state_dict`, `state_dict` or `model`; and a prefix
   * `module.` that all keys share goes when the model has the keys without it.
   * @throws {KeyError} listing every missing and unexpected key (unless `strict` is false) and every key of another shape.
   */
  loadStateDict(
    given: StateDict,
    options?: {
      strict?: boolean
    },
  ): LoadReport
  /** Keys of own tensors that older files lack; without one in the dict, the tensor stays as it is. */
  optionalKeys(): readonly string[]
  private allOptionalKeys
  /** Other keys under which files hold own tensors, to the key that this class writes. They are read, never written. */
  keyAliases(): Readonly<Record<string, string>>
  private allAliases
  /** Makes all parameters trainable or frozen. Returns the module. */
  requiresGrad_(on?: boolean): this
  /** Frees the gradients of all parameters. */
  zeroGrad(): void
  /** Converts all floating parameters and buffers; vectors (biases, norms) stay f32 beside half-precision weights. Returns the module. */
  to(dtype: Dtype): this
  /** Puts a tensor in the place of an own one, by its key. */
  setOwnTensor(key: string, tensor: Tensor): void
  /** Calls `fn` on this module and all below, children first. Returns the module. */
  apply(fn: (module: Module) => void): this
  /**
   * Calls `hook(module, args)` before every forward of this module. An array that it returns takes the place of the arguments, anything else
   * but undefined that of the only argument.
   */
  registerForwardPreHook(hook: ForwardPreHook, options?: HookOptions): HookHandle
  /**
   * Calls `hook(module, args, output)` after every forward of this module. What it returns takes the place of the output. Tensors that a hook
   * stores outside of the model are released with the outermost forward, unless wrapped in `lora.keep(t)`.
   */
  registerForwardHook(hook: ForwardHook, options?: HookOptions): HookHandle
  /**
   * Calls `hook(module, gradInput, gradOutput)` in backward, when the gradients of the arguments are known: those of arguments that are tensors
   * and of outputs that are, null where there is none. An array that it returns takes the place of `gradInput`.
   */
  registerFullBackwardHook(hook: FullBackwardHook, options?: HookOptions): HookHandle
  /** What a module prints of itself besides its class. */
  extraRepr(): string
  /** The submodules that a printed module lists. */
  protected shownChildren(): Iterable<[name: string, module: Module]>
  toString(indent?: string): string
}
