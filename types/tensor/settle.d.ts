// Generated from src/tensor/settle.ts by `npm run api`. Do not edit.

/**
 * Waits for the queues of all streams of this thread and releases unreachable tensors; then `memory()` is exact.
 * Rejects with an error of the current stream that has not been reported; those of other streams are left to those who await them.
 */
export declare function settle(): Promise<void>
