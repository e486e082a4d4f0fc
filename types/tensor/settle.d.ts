// Generated from src/tensor/settle.ts by `npm run api`. Do not edit.

/**
 * Waits for the queues of all streams of this thread and for handles that nobody can reach any more; then `memory()` is exact.
 * Rejects with an error of the current stream that nobody was told; those of other streams stay for whoever awaits them.
 */
export declare function settle(): Promise<void>
