/** Bytes of a stream, in the numbers that are asked for. */
export interface ByteReader {
  /** So many bytes, fewer where the stream ends before. */
  take(count: number): Promise<Buffer>
  /** Has what was taken last, or the end of it, taken again. */
  putBack(taken: Buffer): void
}

export function createByteReader(chunks: AsyncIterator<Buffer>): ByteReader {
  let held: Buffer[] = []
  let size = 0
  return {
    async take(count) {
      while (size < count) {
        const next = await chunks.next()
        if (next.done) break
        held.push(next.value)
        size += next.value.length
      }
      const [first] = held
      if (first !== undefined && first.length >= count) {
        held[0] = first.subarray(count)
        size -= count
        return first.subarray(0, count)
      }
      const all = Buffer.concat(held)
      held = [all.subarray(count)]
      size = Math.max(0, size - count)
      return all.subarray(0, count)
    },
    putBack(taken) {
      held.unshift(taken)
      size += taken.length
    },
  }
}
