// Generated from src/native/lazy.ts by `npm run api`. Do not edit.

/**
 * Work that is queued already; awaiting it waits until it is done and rejects with its first error. A real promise that is never awaited
 * would end Node on a rejection, so a promise is made only when it is awaited.
 */
export declare class Lazy implements PromiseLike<void> {
  #private
  constructor(settle?: () => Promise<void>)
  then<A = void, B = never>(
    done?: ((value: void) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>
  catch<B = never>(failed: (reason: unknown) => B | PromiseLike<B>): Promise<void | B>
  finally(last: () => void): Promise<void>
}
