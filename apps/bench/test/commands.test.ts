import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compareCommand } from '../src/commands/compare.js'
import { readReport } from '../src/commands/files.js'
import { reportCommand } from '../src/commands/report.js'
import { runCommand } from '../src/commands/run.js'
import { once } from '../src/measure/spread.js'
import { makeReport, makeResult } from './reports.js'

let folder = ''
const at = (name: string) => join(folder, name)
const report = makeReport([makeResult('search', 'funes', { effort: 'high' }, { recall: once(1) })])
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'funes-commands-'))
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

describe('files', () => {
  test.each(['{', 'null', '[]', '7', '{ "format": 1 }', '{ "format": 2, "results": [] }'])(
    'a file of %s is refused in words',
    (text) => {
      writeFileSync(at('a.json'), text)
      expect(() => readReport(at('a.json'))).toThrow(RangeError)
    },
  )
})

describe('report', () => {
  test('writes the page beside the JSON, named after it, and nothing else', async () => {
    writeFileSync(at('june.json'), JSON.stringify(report))
    writeFileSync(at('bench.json'), 'another run')
    await reportCommand({}, [at('june.json')])
    expect(readdirSync(folder).sort()).toEqual(['bench.json', 'june.html', 'june.json'])
    expect(readFileSync(at('bench.json'), 'utf8')).toBe('another run')
  })
})

describe('compare', () => {
  test('ends with 1 when the runs cannot be compared', async () => {
    writeFileSync(at('a.json'), JSON.stringify(report))
    writeFileSync(at('b.json'), JSON.stringify({ ...report, config: { ...report.config, rows: 7 } }))
    expect(await compareCommand({}, [at('a.json'), at('a.json')])).toBe(0)
    expect(await compareCommand({}, [at('a.json'), at('b.json')])).toBe(1)
  })

  test('ends with 1 when it is asked to be strict and less is found', async () => {
    const worse = makeReport([makeResult('search', 'funes', { effort: 'high' }, { recall: once(0.98) })])
    writeFileSync(at('a.json'), JSON.stringify(report))
    writeFileSync(at('b.json'), JSON.stringify(worse))
    expect(await compareCommand({}, [at('a.json'), at('b.json')])).toBe(0)
    expect(await compareCommand({ strict: true }, [at('a.json'), at('b.json')])).toBe(1)
    expect(await compareCommand({ strict: true }, [at('b.json'), at('a.json')])).toBe(0)
  })
})

describe('run', () => {
  const embedded = { embedded: true, profile: 'smoke' }

  test('a driver that was named and cannot run is an error that says what would help', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const running = runCommand({ ...embedded, out: folder, driver: ['funes,mastra'] })
    await expect(running).rejects.toThrow(
      /mastra: does not run on the embedded engine.*FUNES_TEST_DATABASE_URL/,
    )
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    [{ scenario: [''] }, /Nothing is named; there are search/],
    [{ driver: [','] }, /Nothing is named; there are funes/],
    [{ clients: [''] }, /--clients/],
  ])('nothing at all is refused: %o', async (options, message) => {
    await expect(runCommand({ ...embedded, ...options })).rejects.toThrow(message)
  })

  test.each(['', 'localhost', 'mysql://localhost/x'])('the URL "%s" is refused', async (url) => {
    await expect(runCommand({ url })).rejects.toThrow(RangeError)
  })
})
