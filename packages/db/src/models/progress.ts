/** How far a re-embedding has come. */
export interface ReembedProgress {
  readonly phase: 'embedding' | 'indexing' | 'switching'
  /** Memories and tools that have a vector under the new model. */
  readonly done: number
  /** How many are to have one, as counted when it began. */
  readonly total: number
  /** Vectors made a second, since this call began. */
  readonly perSecond: number
  /** Until the last vector is made, at that pace; null while nothing can be said. */
  readonly etaMs: number | null
}

export interface Meter {
  /** So many vectors more were made. */
  add(made: number): Promise<void>
  enter(phase: ReembedProgress['phase']): Promise<void>
  /** Vectors made since the beginning. */
  readonly made: number
}

/** Counts vectors and tells `report` about it. `before` of the `total` were there already. */
export function createMeter(
  total: number,
  before: number,
  report: ((progress: ReembedProgress) => unknown) | undefined,
  now: () => number = () => performance.now(),
): Meter {
  const start = now()
  let made = 0
  let phase: ReembedProgress['phase'] = 'embedding'

  // Waited for: what an asynchronous listener throws is an error of the call, and not of the process.
  async function tell(): Promise<void> {
    if (report === undefined) return
    const done = Math.min(total, before + made)
    const perSecond = made === 0 ? 0 : made / Math.max(0.001, (now() - start) / 1000)
    const etaMs = done === total ? 0 : perSecond === 0 ? null : ((total - done) / perSecond) * 1000
    await report({ phase, done, total, perSecond, etaMs })
  }

  return {
    get made() {
      return made
    },
    add(count) {
      made += count
      return tell()
    },
    enter(next) {
      phase = next
      return tell()
    },
  }
}
