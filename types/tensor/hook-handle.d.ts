/// <reference lib="esnext.disposable" />
// Generated from src/tensor/hook-handle.ts by `npm run api`. Do not edit.

/** Returned when a hook is registered, to remove it. */
export declare class HookHandle {
  #private
  constructor(remove: () => void)
  /** Removes the hook. A second call does nothing. */
  remove(): void
  [Symbol.dispose](): void
}
