import { COPY_FAIL, COPY_IN_RESPONSE, mayCopyIn, withoutCopyIn } from './copy-in.js'
import type { FrontendMessage } from './message-reader.js'

/** What is to be done next for a client, in this order. */
export type Step =
  /** Run these messages at once; `ready` says that the answer must end with ReadyForQuery. */
  | { readonly kind: 'run'; readonly batch: Buffer; readonly ready: boolean; readonly copiedIn: boolean }
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  | { readonly kind: 'terminate' }

/**
 * Gathers a client's messages until the server has to answer: PGlite wants no halves, and one call for a
 * whole Parse-Bind-Describe-Execute-Sync costs less than five.
 */
export interface Dialogue {
  accept(message: FrontendMessage): Step[]
}

export function createDialogue(): Dialogue {
  let gathered: Buffer[] = []
  let copying = false

  function run(ready: boolean, copiedIn = false): Step[] {
    const batch = gathered.length === 1 ? (gathered[0] as Buffer) : Buffer.concat(gathered)
    gathered = []
    return [{ kind: 'run', batch, ready, copiedIn }]
  }

  function whileCopying({ type, bytes }: FrontendMessage): Step[] {
    if (type === 'H' || type === 'S') return []
    gathered.push(bytes)
    if (type !== 'c' && type !== 'f') return []
    copying = false
    gathered.push(COPY_FAIL)
    return run(true, true)
  }

  return {
    accept(message) {
      const { type, bytes } = message
      if (type === 'X') return [{ kind: 'terminate' }]
      if (copying) return whileCopying(message)
      switch (type) {
        case 'd':
        case 'c':
        case 'f':
          // What is left of a COPY that has failed already.
          return []
        case 'P':
          gathered.push(withoutCopyIn(bytes))
          return []
        case 'Q':
          gathered.push(bytes)
          copying = mayCopyIn(bytes)
          return copying ? [{ kind: 'reply', bytes: COPY_IN_RESPONSE }] : run(true)
        case 'H':
          gathered.push(bytes)
          return run(false)
        case null:
        case 'S':
        case 'F':
          gathered.push(bytes)
          return run(true)
        default:
          gathered.push(bytes)
          return []
      }
    },
  }
}
