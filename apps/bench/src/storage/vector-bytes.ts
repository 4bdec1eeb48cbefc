const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** pgvector's binary form: int16 dimensions, int16 zero, then big-endian floats; without any checks. */
export function vectorBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 + 4 * vector.length)
  bytes.writeInt16BE(vector.length, 0)
  bytes.writeInt16BE(0, 2)
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).copy(bytes, 4)
  if (littleEndian) bytes.subarray(4).swap32()
  return bytes
}
