import { describe, expect, it } from 'vitest'
import { createDialogue, type Step } from '../src/dialogue.js'
import { createMessageReader } from '../src/message-reader.js'
import { message } from './messages.js'

const text = (...parts: string[]) => Buffer.from(parts.map((part) => `${part}\0`).join(''))
const query = (sql: string) => message('Q', text(sql))
const parse = (sql: string, name = '') => message('P', Buffer.concat([text(name, sql), Buffer.alloc(2)]))
const sync = message('S', Buffer.alloc(0))
const copyData = message('d', Buffer.from('1\n'))
const copyDone = message('c', Buffer.alloc(0))

function steps(...messages: Buffer[]): Step[] {
  const reader = createMessageReader()
  const dialogue = createDialogue()
  reader.push(message('', Buffer.from('start')))
  return reader.push(Buffer.concat(messages)).flatMap((m) => dialogue.accept(m))
}
const kinds = (...messages: Buffer[]) => steps(...messages).map((step) => step.kind)
const firstBatch = (...messages: Buffer[]) => {
  const run = steps(...messages).find((step) => step.kind === 'run')
  return run?.kind === 'run' ? run.batch : undefined
}

describe('a dialogue', () => {
  it('gathers messages until the server has to answer', () => {
    const bind = message('B', Buffer.alloc(6))
    expect(kinds(parse('select 1'), bind)).toEqual([])
    expect(firstBatch(parse('select 1'), bind, sync)).toEqual(Buffer.concat([parse('select 1'), bind, sync]))
  })

  it('runs each of several queries that come at once', () => {
    expect(kinds(query('select 1'), parse('select 2'), sync, query('select 3'))).toEqual([
      'run',
      'run',
      'run',
    ])
  })

  it('keeps the goodbye from the server, which would end for good', () => {
    expect(kinds(message('X', Buffer.alloc(0)))).toEqual(['terminate'])
  })

  it('asks for the data of a COPY in the place of the server, and runs it when the data is complete', () => {
    expect(kinds(query('COPY t FROM STDIN'))).toEqual(['reply'])
    expect(kinds(query('copy t from stdin'), copyData, copyData)).toEqual(['reply'])
    expect(kinds(query('copy t from stdin'), copyData, copyDone)).toEqual(['reply', 'run'])
  })

  it('ignores what is left of a COPY that has failed', () => {
    expect(kinds(copyData, copyDone, query('select 1'))).toEqual(['run'])
  })

  it.each([
    'copy t from stdin',
    'COPY public."T" (a, b)\nFROM  STDIN with (format csv)',
    '-- load\n/* it */ copy t from stdin',
  ])('prepares an error instead of %j', (sql) => {
    expect(firstBatch(parse(sql, 'name'), sync)?.toString()).toContain('name\0do $$ begin raise exception')
  })

  it.each([
    'copy t to stdout',
    "copy (select 'copy t from stdin') to stdout",
    "insert into t values ('copy t from stdin')",
    'select copy from stdin',
  ])('leaves %j alone', (sql) => {
    expect(firstBatch(parse(sql), sync)).toEqual(Buffer.concat([parse(sql), sync]))
  })
})
