import { inflateSync } from 'node:zlib'

/** The parts of a PNG file, by their kind. */
function partsOf(file: Buffer): { kind: string; data: Buffer }[] {
  const parts: { kind: string; data: Buffer }[] = []
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const kind = file.toString('latin1', at + 4, at + 8)
    parts.push({ kind, data: file.subarray(at + 8, at + 8 + length) })
    at += 12 + length
  }
  return parts
}

/** The predictor of Paeth, as the PNG specification has it. */
function paeth(a: number, b: number, c: number): number {
  const p = a + b - c
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)]
  if (pa <= pb && pa <= pc) return a
  return pb <= pc ? b : c
}

/** How many pixels of a picture of 8 bits a channel have each colour, written as `d55e00`. */
export function coloursOf(file: Buffer): Map<string, number> {
  const parts = partsOf(file)
  const header = parts[0]?.data as Buffer
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const channels = header[9] === 6 ? 4 : 3
  const raw = inflateSync(Buffer.concat(parts.filter(({ kind }) => kind === 'IDAT').map(({ data }) => data)))
  const stride = width * channels
  const counts = new Map<number, number>()
  let above = new Uint8Array(stride)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] as number
    const line = new Uint8Array(stride)
    for (let x = 0; x < stride; x++) {
      const value = raw[y * (stride + 1) + 1 + x] as number
      const left = x < channels ? 0 : (line[x - channels] as number)
      const up = above[x] as number
      const corner = x < channels ? 0 : (above[x - channels] as number)
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] as number
      line[x] = value + predicted
    }
    for (let x = 0; x < stride; x += channels) {
      const colour = ((line[x] as number) << 16) | ((line[x + 1] as number) << 8) | (line[x + 2] as number)
      counts.set(colour, (counts.get(colour) ?? 0) + 1)
    }
    above = line
  }
  return new Map([...counts].map(([colour, count]) => [colour.toString(16).padStart(6, '0'), count]))
}
