/** Longest time for which queries, one after another, keep timers and sockets waiting. */
const MAX_TURN_MS = 10

let turnBegan = 0

/**
 * Lets the event loop go round when it has not for a while.
 *
 * A socket would make it go round with every answer. Here an answer is only a promise away, and a loop of
 * awaited queries would starve every timer, signal handler and request of the process.
 */
export async function letOthersRun(): Promise<void> {
  if (performance.now() - turnBegan < MAX_TURN_MS) return
  await new Promise((resolve) => setImmediate(resolve))
  turnBegan = performance.now()
}
