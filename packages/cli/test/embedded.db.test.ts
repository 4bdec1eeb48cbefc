import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answer, complaint, environment, PROGRAM, type Ran, run, type Start, start } from './run.js'
import { hasTerminal, typed } from './terminal.js'

const EMBEDDER = fileURLToPath(new URL('words-embedder.mjs', import.meta.url))
const MEMORIES = [
  { userId: 'ada', content: 'Ada takes her tea without sugar.', createdAt: '2026-01-31T09:30:00Z' },
  { userId: 'ada', content: 'Turin has fine \u001b[2J coffee, and more of it than a narrow line can hold.' },
  { userId: 'alan', content: 'Alan drinks coffee.' },
]

// Every start of the program opens a Postgres, a second of work: each test gets as much as it can out of one.
describe('funes on an embedded database', () => {
  let folder: string
  const funes = (args: string[], options: Start = {}): Promise<Ran> =>
    run(args, { cwd: folder, ...options, env: { FUNES_EMBEDDER: EMBEDDER, ...options.env } })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'funes-cli-'))
    const migrated = await funes(['migrate', '--json'])
    expect(answer<{ applied: string[] }>(migrated).applied.length).toBeGreaterThan(5)
    const lines = MEMORIES.map((memory) => JSON.stringify(memory)).join('\n')
    const added = await funes(['add', '--jsonl', '-', '--json'], { input: `${lines}\n\n` })
    expect(answer(added)).toEqual({ added: 3, skipped: 0, updated: 0 })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('finds by meaning, one document on stdout and nothing else', async () => {
    const ran = await funes(['search', '-u', 'ada', 'tea', 'sugar', '--explain', '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(answer(ran)).toMatchObject({
      explanation: { mode: 'hybrid' },
      hits: [
        { memory: { userId: 'ada', content: MEMORIES[0]?.content, createdAt: '2026-01-31T09:30:00.000Z' } },
        {},
      ],
    })
  })

  it.skipIf(!hasTerminal)('shows what fits a narrow terminal, and nothing that it would obey', async () => {
    const filter = `'{"createdAt": {"gte": "2026-02-01"}}'`
    const { code, shown } = await typed(`search -u ada coffee --filter ${filter}`, { cwd: folder })
    expect(code).toBe(0)
    expect(shown).toContain('Turin has')
    expect(shown).not.toContain('tea')
    expect(shown).not.toContain('\u001b')
    for (const line of shown.split(/\r?\n/)) expect(line.length).toBeLessThanOrEqual(60)
  })

  it('examines itself, each finding with what mends it', async () => {
    const ran = await funes(['doctor', '--json'])
    const report = answer<{ ok: boolean; findings: { id: string; severity: string; fix: unknown }[] }>(ran)
    expect([ran.code, report.ok]).toEqual([0, true])
    expect(report.findings.map(({ id }) => id)).toContain('connection')
    for (const { severity, fix } of report.findings) if (severity === 'warning') expect(fix).not.toBeNull()
    expect((await funes(['doctor'])).stdout).not.toContain('not looked at')
    expect((await funes(['doctor', '--all'])).stdout).toContain('not looked at')
  })

  it('ends on Ctrl-C with 130, gives its database free, and names itself to another that wants it', async () => {
    const { child, ended, ran } = start(['add', '--jsonl', '-'], {
      cwd: folder,
      env: { FUNES_EMBEDDER: EMBEDDER },
      input: null,
    })
    const lock = () => {
      const files = readdirSync(join(folder, '.funes')).filter((name) => /^lock\.\d+$/.test(name))
      return files.map((name) => readFileSync(join(folder, '.funes', name), 'utf8')).join()
    }
    await expect.poll(lock, { timeout: 20_000 }).toContain(`"pid":${child.pid}`)
    const other = await funes(['stats', '--json'])
    expect([other.code, complaint(other).code]).toEqual([3, 'EMBEDDED.LOCKED'])
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, stdout: '' })
    expect(ran.stderr).toContain('Interrupted.')
    expect(lock()).toBe('free')
  })

  it('moves into another database through a file', async () => {
    // Nothing that could be gone on with.
    writeFileSync(join(folder, 'all.gz.part'), 'torn')
    const exported = await funes(['export', 'all.gz', '--resume', '--json'])
    expect(answer(exported)).toMatchObject({ file: 'all.gz', counts: { memories: 3 }, takenOver: 0 })
    expect(existsSync(join(folder, 'all.gz.part'))).toBe(false)
    const imported = await funes(['import', 'all.gz', '--data-dir', 'other', '--migrate', '--json'])
    expect(answer(imported)).toMatchObject({ rows: { memories: { added: 3, same: 0 } } })
    const again = (await funes(['import', 'all.gz', '--data-dir', 'other'])).stdout
    expect(again).toMatch(/^memories +3 +0 +3 +0 +0$/m)
    expect(again).toMatch(/^memory_embeddings +\d+ +- +- +- +-$/m)
    const full = await funes(['export', '.'])
    expect([full.code, full.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: .* it is a directory\n {2}Check /),
    ])
  })

  it('ends with 141 when the reader of an archive goes away, and the right way when that of a table does', async () => {
    const piped = (line: string) =>
      spawnSync(
        'bash',
        ['-c', `'${process.execPath}' '${PROGRAM}' ${line}; echo "code \${PIPESTATUS[0]}" >&2`],
        {
          cwd: folder,
          encoding: 'utf8',
          env: environment({ FUNES_EMBEDDER: EMBEDDER }),
        },
      ).stderr
    const exported = piped('export - --compression none | true')
    expect(exported).toContain('code 141')
    expect(exported).toContain('gone away')
    expect(piped('--help --json | true')).toContain('code 141')
    expect(piped('--help | true')).toBe('code 0\n')
  })

  it.skipIf(!hasTerminal)('removes a user for good once that is confirmed, with a receipt', async () => {
    const { code, shown } = await typed('purge -u ada', { cwd: folder, answer: 'y\n' })
    expect(shown).toContain('Remove the user "ada" with 2 memories')
    expect(shown).toMatch(/memories +2\r?$/m)
    expect(shown).toMatch(/^rows left in Funes +0\r?$/m)
    expect(shown).toMatch(/^digest +[0-9a-f]{64}\r?$/m)
    expect(code).toBe(0)
  })

  it('makes no database where only looking was asked for', async () => {
    const looked = await funes(['stats', '--data-dir', 'nowhere', '--json'])
    expect([looked.code, complaint(looked).code]).toEqual([3, 'CLI.NO_DATABASE'])
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  })
})
