const actions = new Set<() => void>()

function runAll(): void {
  for (const action of actions) action()
}

/** Has a synchronous action done when the process exits; returns the way to call it off. */
export function atExit(action: () => void): () => void {
  // One listener for all: Node warns of a leak at the eleventh.
  if (actions.size === 0) process.on('exit', runAll)
  actions.add(action)
  return () => {
    actions.delete(action)
    if (actions.size === 0) process.removeListener('exit', runAll)
  }
}
