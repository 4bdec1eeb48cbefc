/** One message of a client. (PostgreSQL documentation, "Message Formats".) */
export interface FrontendMessage {
  /** Its type byte as a character; null for the startup message, which has none. */
  readonly type: string | null
  /** All of it, type and length included. */
  readonly bytes: Buffer
}

/** Cuts a client's byte stream, whose chunks may end anywhere, into whole messages. */
export interface MessageReader {
  /** Adds bytes; returns the messages that have become whole. */
  push(chunk: Buffer): FrontendMessage[]
}

export function createMessageReader(): MessageReader {
  let pieces: Buffer[] = []
  let size = 0
  /**
   * So many bytes must be there before looking makes sense: a large message is joined once, not for each
   * chunk.
   */
  let needed = 5
  let started = false

  return {
    push(chunk) {
      pieces.push(chunk)
      size += chunk.length
      if (size < needed) return []
      const all = pieces.length === 1 ? chunk : Buffer.concat(pieces, size)
      const messages: FrontendMessage[] = []
      let at = 0
      needed = 5
      while (all.length - at >= 5) {
        const header = started ? 1 : 0
        const length = all.readInt32BE(at + header)
        if (length < 4) throw new Error(`A message of the client has the impossible length ${length}.`)
        if (all.length - at < header + length) {
          needed = header + length
          break
        }
        const bytes = all.subarray(at, at + header + length)
        messages.push({ type: started ? String.fromCharCode(bytes[0] as number) : null, bytes })
        started = true
        at += header + length
      }
      pieces = at < all.length ? [all.subarray(at)] : []
      size = all.length - at
      return messages
    },
  }
}
