/** What a run has made and has to give back, however it ends. */
export interface Owned<K> {
  /**
   * Notes `key`, then makes what it stands for.
   *
   * @throws Error once {@link releaseAll} was called, and whatever `make` throws
   */
  add(key: K, make: () => Promise<unknown>): Promise<void>
  /** Gives one back; whoever asks again waits for the same. */
  release(key: K): Promise<void>
  /** Waits for what is being made and gives everything back. Nothing can be made any more. */
  releaseAll(): Promise<void>
}

/** Keeps account of what was made; `release` gives one back, or does nothing where it was never made. */
export function createOwned<K>(release: (key: K) => Promise<void>): Owned<K> {
  const held = new Set<K>()
  const making = new Set<Promise<unknown>>()
  const releases = new Map<K, Promise<void>>()
  let isClosing = false

  function releaseOnce(key: K): Promise<void> {
    const known = releases.get(key)
    if (known) return known
    const released = release(key).then(() => {
      held.delete(key)
    })
    releases.set(key, released)
    return released
  }

  return {
    async add(key, make) {
      if (isClosing) throw new Error('The run has ended: no database is made any more.')
      // Noted before it exists: an interrupt in between would leave it behind.
      held.add(key)
      const made = make()
      making.add(made)
      try {
        await made
      } catch (error) {
        // It may exist all the same, as when the connection broke after the statement was sent.
        await releaseOnce(key).catch(() => {})
        throw error
      } finally {
        making.delete(made)
      }
    },
    release: releaseOnce,
    async releaseAll() {
      isClosing = true
      await Promise.allSettled(making)
      const outcomes = await Promise.allSettled([...held].map(releaseOnce))
      const failure = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failure) throw failure.reason
    },
  }
}
