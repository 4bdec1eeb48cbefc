import { randomBytes } from 'node:crypto'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createByteReader } from '../src/archive/byte-reader.js'
import { gunzip } from '../src/archive/gzip-members.js'

/** What comes out, and what was wrong behind that. */
async function unpacked(packed: Buffer, pieceBytes = packed.length) {
  async function* pieces() {
    for (let at = 0; at < packed.length; at += pieceBytes) yield packed.subarray(at, at + pieceBytes)
  }
  const out: Buffer[] = []
  let code: string | undefined
  try {
    for await (const chunk of gunzip(createByteReader(pieces()))) out.push(chunk)
  } catch (error) {
    code = (error as { code: string }).code
  }
  return { out: Buffer.concat(out), code }
}

const text = Buffer.from(Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(''))

/** A member with everything that its head may have. */
function adorned(content: Buffer): Buffer {
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(crc32(content), 0)
  tail.writeUInt32LE(content.length, 4)
  const head = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255, 3, 0, 1, 2, 3])
  return Buffer.concat([
    head,
    Buffer.from('name\0comment\0'),
    Buffer.from([7, 7]),
    deflateRawSync(content),
    tail,
  ])
}

describe('gzip', () => {
  it('is unpacked whatever its members are, in whatever pieces it comes', async () => {
    const member = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(text, randomBytes(70_000)))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(member, fc.boolean()), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 70_000 }),
        async (members, pieceBytes) => {
          const contents = members.map(([content]) => Buffer.from(content))
          const packed = Buffer.concat(
            contents.map((content, i) => (members[i]?.[1] ? adorned(content) : gzipSync(content))),
          )
          const bytes = Math.max(pieceBytes, Math.ceil(packed.length / 60))
          expect(await unpacked(packed, bytes)).toEqual({ out: Buffer.concat(contents), code: undefined })
        },
      ),
      { numRuns: 12 },
    )
  })

  it('gives all that is whole before it tells of what is not', async () => {
    const packed = gzipSync(text)
    const wrong = Buffer.from(packed)
    wrong[packed.length - 8] = (packed.at(-8) as number) ^ 1
    expect(await unpacked(Buffer.concat([packed, Buffer.from('junk')]))).toEqual({
      out: text,
      code: 'Z_DATA_ERROR',
    })
    expect(await unpacked(wrong)).toEqual({ out: text, code: 'Z_DATA_ERROR' })
    expect(await unpacked(packed.subarray(0, -1))).toEqual({ out: text, code: 'Z_BUF_ERROR' })
    expect(await unpacked(Buffer.concat([packed, packed.subarray(0, 15)]))).toEqual({
      out: text,
      code: 'Z_BUF_ERROR',
    })
    const cut = await unpacked(packed.subarray(0, packed.length / 2))
    expect(cut.code).toBe('Z_BUF_ERROR')
    expect(text.subarray(0, cut.out.length).equals(cut.out)).toBe(true)
  })

  it('may be filled up with zeros, as on a tape', async () => {
    const packed = Buffer.concat([gzipSync(text), Buffer.alloc(512)])
    expect(await unpacked(packed)).toEqual({ out: text, code: undefined })
  })
})
