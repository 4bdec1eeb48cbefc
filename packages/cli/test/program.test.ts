import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runHere } from './in-process.js'
import { complaint, PROGRAM, run } from './run.js'

const folder = mkdtempSync(join(tmpdir(), 'funes-program-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the program', () => {
  it('answers what needs no database without loading one', async () => {
    // Out of reach of every package: whatever it needed of them it would not find.
    const alone = join(folder, 'alone')
    cpSync(dirname(PROGRAM), join(alone, 'dist'), { recursive: true })
    cpSync(join(dirname(PROGRAM), '../package.json'), join(alone, 'package.json'))
    const program = join(alone, 'dist/cli.js')
    for (const args of [
      ['--help'],
      ['search', '--help'],
      ['help', 'models'],
      ['--version'],
      ['completions', 'bash'],
    ]) {
      const ran = await run(args, { program })
      expect([args, ran.code, ran.stderr]).toEqual([args, 0, ''])
      expect(ran.stdout).not.toBe('')
    }
  })

  it.each([
    [['serach', 'tea'], 'Did you mean `funes search`?'],
    [['models'], 'funes models --help'],
    [['models', 'lits'], 'Did you mean `funes models list`?'],
    [['search', '--usr', 'ada'], 'Did you mean --user?'],
    [['search', 'tea'], '--user'],
    [['models', 'register', 'x'], '--dimensions'],
    [['stats', '--url', 'x', '--data-dir', 'y'], 'Give one of them.'],
    [['export', '-', '--resume'], 'Name one.'],
    [[], ''],
  ])('refuses %j with 2', async (args, fix) => {
    const ran = await runHere(args)
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain(fix)
  })

  it.each([
    [['stats', '--url', 'postgresql://funes:hush-hush@127.0.0.1:1/db'], {}],
    [['stats'], { FUNES_DATABASE_URL: 'postgresql://funes:hush-hush@127.0.0.1:1/db' }],
    [['search', '-u', 'a', 'x', '--url=postgres://funes:hush-hush@nowhere.invalid/db', '--json'], {}],
  ] as [string[], NodeJS.ProcessEnv][])('ends with 3 and without the password: %j %j', async (args, env) => {
    const ran = await run(args, { cwd: folder, env })
    expect(ran.code).toBe(3)
    expect(ran.stderr).toContain('DB.UNREACHABLE')
    expect(ran.stdout + ran.stderr).not.toContain('hush')
  })

  it.each([
    [['doctor', '--url', 'postgresql://host/%zz']],
    [['stats', '--url', 'postgresql://funes:hush-%zz@host/db']],
    [['migrate', '--url', 'postgresql://%E0@host/db']],
    [['purge', '-u', 'ada', '--url', 'postgresql://[/db']],
  ])('refuses a url that cannot be read with 2: %j', async (args) => {
    const ran = await runHere([...args, '--json'])
    expect([ran.code, complaint(ran).code]).toEqual([2, 'CLI.USAGE'])
    expect(ran.stdout + ran.stderr).not.toContain('hush')
  })

  it('answers --help and --version with --json as one document', async () => {
    const json = async (...args: string[]) => {
      const ran = await runHere([...args, '--json'])
      expect([args, ran.code, ran.stderr]).toEqual([args, 0, ''])
      return JSON.parse(ran.stdout)
    }
    expect(await json('--version')).toEqual({ version: expect.stringMatching(/^\d+\.\d+/) })
    const { commands, exitCodes } = await json('--help')
    expect(commands.map(({ name }: { name: string }) => name)).toContain('models list')
    expect(exitCodes).toContainEqual({ code: 5, meaning: expect.any(String) })
    expect((await json('models', '--help')).commands).toHaveLength(4)
    expect(await json('search', '--help')).toMatchObject({
      name: 'search',
      options: { k: { type: 'integer', max: 1000 }, json: { type: 'flag' } },
      examples: expect.any(Array),
    })
  })

  it.each([
    [['stats', 'postgresql://funes:hush-hush@host/db']],
    [['stats', '--url', 'mysql://funes:hush-hush@host/db']],
    [['stats', '--postgresql://funes:hush-hush@host/db']],
    [['add', '--jsonl', 'postgresql://funes:hush-hush@host/db']],
  ])('repeats no password of a wrong command line: %j', async (args) => {
    const ran = await run(args, { cwd: folder })
    expect(ran.code).not.toBe(0)
    expect(ran.stdout + ran.stderr).not.toContain('hush')
  })

  it('writes a first program that can be read, and overwrites nothing', async () => {
    writeFileSync(join(folder, '.env.example'), 'mine')
    const ran = await run(['init', '--embedder', 'none', '--json'], { cwd: folder })
    expect(JSON.parse(ran.stdout).files).toEqual([
      { file: 'funes.mjs', written: true },
      { file: '.env.example', written: false },
    ])
    expect(readFileSync(join(folder, '.env.example'), 'utf8')).toBe('mine')
    const again = await run(['init', '--embedder', 'none'], { cwd: folder })
    expect(again.stdout).toContain('kept   funes.mjs')
  })

  it('refuses to destroy without being told, where there is nobody to ask', async () => {
    const url = { FUNES_DATABASE_URL: 'postgresql://funes:hush-hush@127.0.0.1:1/db' }
    const ran = await run(['models', 'retire', 'old', '--remove', '--json'], { cwd: folder, env: url })
    expect([ran.code, complaint(ran).code]).toEqual([5, 'CLI.NOT_CONFIRMED'])
    expect(ran.stderr).toContain('the database db on 127.0.0.1:1')
    expect(ran.stderr).not.toContain('hush')
  })
})
