import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedact, redactJson } from '../src/redact.js'

const plain = createRedact({ urls: [], passwords: [] })

describe('passwords', () => {
  it.each([
    ['postgresql://funes:secret@host:5432/db', 'postgresql://funes:***@host:5432/db'],
    ['postgresql://:secret@host/db', 'postgresql://:***@host/db'],
    ['postgresql://u:p@ss/w@rd@host/db', 'postgresql://u:***@host/db'],
    ['see https://u:secret@host/x and go on', 'see https://u:***@host/x and go on'],
    [
      'postgresql://host/db?user=u&password=secret&sslmode=require',
      'postgresql://host/db?user=u&password=***&sslmode=require',
    ],
    ["host=h password='my secret' user=u", 'host=h password=*** user=u'],
  ])('are taken out of %s', (text, expected) => {
    expect(plain(text)).toBe(expected)
  })

  it('that were given are taken out wherever they stand, encoded or not', () => {
    const redact = createRedact({ urls: ['postgresql://u:p%40ss-w0rd@h/db'], passwords: ['hunter22'] })
    expect(redact('p@ss-w0rd p%40ss-w0rd hunter22')).toBe('*** *** ***')
  })

  it('that are ordinary words leave messages as they are', () => {
    const redact = createRedact({ urls: ['postgresql://funes:funes@h/db'], passwords: [] })
    expect(redact('Run `funes migrate`.')).toBe('Run `funes migrate`.')
    expect(redact('postgresql://funes:funes@h/db')).toBe('postgresql://funes:***@h/db')
  })

  it('of any url never stay in a message that quotes it', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9._~-]{1,20}$/)
    const password = fc.stringMatching(/^[A-Za-z0-9:/@?#!$&'()*+,;=._~-]{6,30}$/)
    fc.assert(
      fc.property(part, password, part, (user, secret, host) => {
        const url = `postgresql://${user}:${secret}@${host}:5432/db`
        const message = createRedact({ urls: [url], passwords: [] })(`Cannot connect to "${url}".`)
        expect(message).not.toContain(`:${secret}@`)
        expect(message).toContain('***')
      }),
    )
  })

  it('are taken out of JSON, which stays what it is', () => {
    const value = { detail: 'password=secret', url: 'postgresql://u:secret@h', list: ['a@b', 3, null] }
    expect(redactJson(value, plain)).toEqual({
      detail: 'password=***',
      url: 'postgresql://u:***@h',
      list: ['a@b', 3, null],
    })
  })

  it('leave text without any as it is', () => {
    const text = 'Searching http://localhost:5432/db took 3 ms for ada@example.org'
    expect(plain(text)).toBe(text)
  })
})
