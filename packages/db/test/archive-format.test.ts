import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineWriter } from '../src/archive/format.js'
import { isOurs, type Line, readLines } from '../src/archive/read-lines.js'

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(bytes: Buffer, size = 1 << 16): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of readLines(cut(bytes, size), () => {})) lines.push(line)
  return lines
}

function write(values: readonly object[]): { bytes: Buffer; digest: string } {
  const writer = createLineWriter()
  const bytes = Buffer.concat(values.map((value) => writer.line(JSON.stringify(value).slice(0, -1))))
  return { bytes, digest: writer.digest() }
}

const object = fc
  .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { minKeys: 1 })
  .map((value) => JSON.parse(JSON.stringify({ a: 1, ...value })) as object)
const objects = fc.array(object, { minLength: 1, maxLength: 8 })

describe('the lines of an archive', () => {
  it('are read as they were written, however the bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(objects, fc.integer({ min: 1, max: 50 }), async (values, size) => {
        const { bytes, digest } = write(values)
        const lines = await read(bytes, size)
        expect(lines.map(({ value }) => value)).toEqual(
          values.map((value, i) => ({
            ...value,
            crc: JSON.parse(bytes.toString().split('\n')[i] as string).crc,
          })),
        )
        expect(lines.map(({ number }) => number)).toEqual(values.map((_, i) => i + 1))
        expect(lines.map(({ text }) => `${text}\n`).join('')).toBe(bytes.toString())
        expect(write(values).digest).toBe(digest)
      }),
    )
  })

  it('are refused where a byte is another, at that line', async () => {
    await fc.assert(
      fc.asyncProperty(objects, fc.nat(), fc.integer({ min: 1, max: 255 }), async (values, place, mask) => {
        const { bytes } = write(values)
        const at = place % (bytes.length - 1)
        const line = bytes.subarray(0, at).toString('latin1').split('\n').length
        const damaged = Buffer.from(bytes)
        damaged[at] = (bytes[at] as number) ^ mask
        await expect(read(damaged)).rejects.toMatchObject({
          code: expect.stringMatching(/^ARCHIVE\.(DAMAGED|INCOMPLETE)$/),
          meta: { line },
        })
      }),
    )
  })

  it('know what is no archive at all from one that is damaged', () => {
    const first = (text: string) => isOurs(Buffer.from(text))
    expect(first('{"format":"funes-archive","version":1')).toBe(true)
    expect(first('{"formaT":"funes-archive","crc":"00000000"}')).toBe(true)
    for (const other of ['', '{}', 'PK\x03\x04', '{"table":"memories"}']) expect(first(other)).toBe(false)
  })
})

describe('docs/archive-format.md', () => {
  const page = readFileSync(new URL('../../../docs/archive-format.md', import.meta.url), 'utf8')

  it('shows lines whose checksums are right', async () => {
    const example = /```jsonl\n([\s\S]+?)```/.exec(page)?.[1] as string
    const ends: object[] = []
    for await (const { value, digestBefore } of readLines(cut(Buffer.from(example), 99), () => {})) {
      if (value.end) ends.push({ said: value.sha256, is: digestBefore() })
    }
    expect(ends).toEqual([{ said: expect.any(String), is: (ends[0] as { said: string }).said }])
  })
})
