/** Seconds from 1970 to 2000, PostgreSQL's year zero. */
const POSTGRES_EPOCH_MS = 946_684_800_000
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')

/** Writes rows in the format of `copy ... with (format binary)` (PostgreSQL documentation, COPY, "Binary Format"). */
export interface BinaryRows {
  /** Begins a row of so many fields. */
  row(fields: number): void
  text(value: string | null): void
  bytes(value: Uint8Array | null): void
  uuid(value: string): void
  int4(value: number): void
  float8(value: number): void
  /** A value as JSON text. */
  jsonb(value: string): void
  timestamp(value: Date | null): void
  /** Bytes written and not yet taken. */
  readonly pending: number
  /** What was written since the last call. */
  take(): Buffer
  /** What was written since, and the mark that ends all. */
  end(): Buffer
}

export function createBinaryRows(): BinaryRows {
  let buffer = Buffer.allocUnsafe(1 << 17)
  let length = 0

  /** Makes room for a field and writes its length. */
  function field(size: number): number {
    reserve(4 + size)
    buffer.writeInt32BE(size, length)
    const at = length + 4
    length = at + size
    return at
  }

  function reserve(size: number): void {
    if (length + size <= buffer.length) return
    const larger = Buffer.allocUnsafe(2 * (length + size))
    buffer.copy(larger, 0, 0, length)
    buffer = larger
  }

  function empty(): void {
    reserve(4)
    length = buffer.writeInt32BE(-1, length)
  }

  function take(): Buffer {
    // The stream keeps what it is given until it is sent, so the memory is never used again.
    const taken = buffer.subarray(0, length)
    buffer = Buffer.allocUnsafe(Math.max(1 << 17, length))
    length = 0
    return taken
  }

  length = SIGNATURE.copy(buffer)
  length = buffer.fill(0, length, length + 8) && length + 8

  return {
    row(fields) {
      reserve(2)
      length = buffer.writeInt16BE(fields, length)
    },
    text(value) {
      if (value === null) return empty()
      buffer.write(value, field(Buffer.byteLength(value)))
    },
    bytes(value) {
      if (value === null) return empty()
      buffer.set(value, field(value.length))
    },
    uuid(value) {
      buffer.write(value.replaceAll('-', ''), field(16), 'hex')
    },
    int4(value) {
      buffer.writeInt32BE(value, field(4))
    },
    float8(value) {
      buffer.writeDoubleBE(value, field(8))
    },
    jsonb(value) {
      const at = field(1 + Buffer.byteLength(value))
      buffer.writeUInt8(1, at)
      buffer.write(value, at + 1)
    },
    timestamp(value) {
      if (value === null) return empty()
      buffer.writeBigInt64BE(BigInt(value.getTime() - POSTGRES_EPOCH_MS) * 1000n, field(8))
    },
    get pending() {
      return length
    },
    take,
    end() {
      reserve(2)
      length = buffer.writeInt16BE(-1, length)
      return take()
    },
  }
}
