import { connectBeside, isFull } from '../engine/beside-pool.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { type BuildProgress, cancelBackend, selectBackend, selectBuildProgress } from '../sql/indexes.js'

export type { BuildProgress }

const POLL_MS = 500

async function cancelBeside({ pool }: Engine, pid: number): Promise<void> {
  const beside = await connectBeside(pool)
  try {
    await beside.run(cancelBackend(pid))
  } finally {
    await beside.end()
  }
}

/**
 * Runs `make` in `session`, tells how far it is from beside it, and cancels it when `signal` says so, or when `onProgress`
 * fails.
 *
 * @throws what `make` throws; what `onProgress` threw, in the place of all else
 */
export async function watchBuild(
  engine: Engine,
  session: Executor,
  options: {
    onProgress: ((progress: BuildProgress) => unknown) | undefined
    signal: AbortSignal | undefined
  },
  make: () => Promise<unknown>,
): Promise<void> {
  const { onProgress, signal } = options
  signal?.throwIfAborted()
  const [backend] = await session.run(selectBackend)
  const pid = backend?.pid as number
  let running = true
  let failure: { readonly error: unknown } | undefined
  let telling: Promise<unknown> = Promise.resolve()
  // Over a connection of its own: the pool may have none left, and a call that is called off gets none of it. Asked again and
  // again: a cancellation that arrives between two statements is lost.
  const cancel = () => {
    if (!running) return
    cancelBeside(engine, pid).catch(() => {})
    setTimeout(cancel, POLL_MS).unref()
  }
  const tell = async (progress: BuildProgress) => {
    try {
      await onProgress?.(progress)
    } catch (error) {
      failure = { error }
      cancel()
    }
  }
  const poll = async () => {
    while (running && failure === undefined) {
      // Who only watches must not stand in line before who works.
      const rows = isFull(engine.pool) ? [] : await engine.run(selectBuildProgress(pid)).catch(() => [])
      const [progress] = rows
      if (progress !== undefined && running) {
        telling = tell(progress)
        await telling
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref())
    }
  }
  signal?.addEventListener('abort', cancel, { once: true })
  // Never rejects: what a listener does wrong is kept for the end.
  if (onProgress !== undefined) void poll()
  try {
    await make()
  } catch (error) {
    await telling
    throw failure === undefined ? error : failure.error
  } finally {
    running = false
    signal?.removeEventListener('abort', cancel)
  }
  await telling
  if (failure !== undefined) throw failure.error
}
