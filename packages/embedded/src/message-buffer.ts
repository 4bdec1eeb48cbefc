/** The frontend message that says goodbye. */
const TERMINATE = 'X'.charCodeAt(0)

/**
 * Cuts a client's byte stream into whole protocol messages: PGlite wants no halves, and a socket's chunks end
 * anywhere. (PostgreSQL documentation, "Message Formats": a type byte, then an int32 length that counts itself;
 * the startup message has no type byte.)
 */
export interface MessageBuffer {
  /** Adds bytes; returns all messages that are whole now, joined, or undefined when none is. */
  push(chunk: Buffer): Buffer | undefined
  /** Whether the client has said goodbye. */
  readonly terminated: boolean
}

export function createMessageBuffer(): MessageBuffer {
  let rest: Buffer = Buffer.alloc(0)
  let started = false
  let terminated = false

  function wholeBytes(): number {
    let end = 0
    for (;;) {
      const header = started ? 1 : 0
      if (rest.length < end + header + 4) return end
      const next = end + header + rest.readInt32BE(end + header)
      if (rest.length < next) return end
      if (started && rest[end] === TERMINATE) {
        terminated = true
        return end
      }
      started = true
      end = next
    }
  }

  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const end = wholeBytes()
      const whole = rest.subarray(0, end)
      rest = rest.subarray(end)
      return end > 0 ? whole : undefined
    },
    get terminated() {
      return terminated
    },
  }
}
