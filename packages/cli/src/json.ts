function plain(_key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array)
  return typeof value === 'bigint' ? Number(value) : value
}

/** One JSON document: spread out for a reader at a terminal, one line for a program. */
export function toJson(data: unknown, width: number): string {
  return JSON.stringify(data, plain, Number.isFinite(width) ? 2 : undefined)
}
