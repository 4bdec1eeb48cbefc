import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMessageReader, type FrontendMessage } from '../src/message-reader.js'
import { message } from './messages.js'

it('gives whole messages, in order and complete, wherever the chunks are cut', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (contents, sizes) => {
      const sent = [
        message('', Buffer.from('start')),
        ...contents.map((body) => message('Q', Buffer.from(body))),
      ]
      const stream = Buffer.concat(sent)
      const reader = createMessageReader()
      const received: FrontendMessage[] = []
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length] as number
        received.push(...reader.push(stream.subarray(at, at + size)))
        at += size
      }
      expect(received.map(({ bytes }) => Buffer.from(bytes))).toEqual(sent)
      expect(received.map(({ type }) => type)).toEqual([null, ...contents.map(() => 'Q')])
    }),
  )
})

it('joins a large message that comes in small chunks in linear time', () => {
  const reader = createMessageReader()
  reader.push(message('', Buffer.from('start')))
  const large = message('Q', Buffer.alloc(64 * 1024 * 1024))
  const began = performance.now()
  let whole: FrontendMessage[] = []
  for (let at = 0; at < large.length; at += 4096) whole = reader.push(large.subarray(at, at + 4096))
  expect(whole[0]?.bytes.length).toBe(large.length)
  // Joined anew for each of the 16,384 chunks it would be half a terabyte.
  expect(performance.now() - began).toBeLessThan(5000)
})

it('refuses a length that no message can have', () => {
  const reader = createMessageReader()
  reader.push(message('', Buffer.from('start')))
  expect(() => reader.push(Buffer.from([0x51, 0, 0, 0, 3]))).toThrow(/impossible length/)
})
