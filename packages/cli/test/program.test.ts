import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runHere } from './in-process.js'
import { complaint, environment, PROGRAM, run, start } from './run.js'

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
    [['search', '-u', 'ada', 'tea', '-k', '99999'], 'Give one from 1 to 1000.'],
    [['search', '-u', 'ada', 'tea', '-k', 'many'], 'Write it as --k=<number>.'],
    [['init', 'postgresql://funes:hush-hush@host/db'], 'Name a folder'],
    [['init', '/dev/null/below'], 'Name one that you may write.'],
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

  it.each(['stats', 'migrate', 'doctor'])(
    'says of a folder that is a file that it is one: %s',
    async (name) => {
      const file = join(folder, 'a-file')
      writeFileSync(file, '')
      for (const dataDir of [file, join(file, 'below')]) {
        const ran = await runHere([name, '--data-dir', dataDir, '--json'])
        expect([ran.code, complaint(ran).code]).toEqual([3, 'EMBEDDED.DATA_DIR_INVALID'])
      }
    },
  )

  it.skipIf(process.platform !== 'linux')('makes no folder where none can be made, and ends', async () => {
    for (const line of [
      ['migrate', '--data-dir', '/proc/funes/data'],
      ['init', '/proc/funes/data'],
    ]) {
      const { child, ended } = start(line)
      const late = setTimeout(() => child.kill('SIGKILL'), 30_000)
      expect([line, (await ended).code]).toEqual([line, line[0] === 'init' ? 2 : 3])
      clearTimeout(late)
    }
  })

  it('tells of a warning and of a failure in one line with --json', async () => {
    const url = 'postgresql://funes:hush-hush@127.0.0.1:1/db'
    const { stderr } = await runHere(['stats', '--json', '--url', url])
    expect(JSON.parse(stderr)).toEqual({
      error: expect.objectContaining({
        code: 'DB.UNREACHABLE',
        notes: [expect.stringContaining('FUNES_DATABASE_URL')],
      }),
    })
    expect((await runHere(['stats', '--url', url])).stderr).toMatch(/^warning: .*\nerror: /)
  })

  it.skipIf(!existsSync('/dev/full'))(
    'says that a disk is full instead of where in Node that was',
    async () => {
      const onto = (line: string) =>
        spawnSync('sh', ['-c', `"$0" "$1" ${line} > /dev/full`, process.execPath, PROGRAM], {
          cwd: folder,
          encoding: 'utf8',
          env: environment(),
        })
      const shown = onto('--help')
      expect([shown.status, shown.stderr]).toEqual([
        1,
        expect.stringMatching(/^error: .*ENOSPC.*\n.*\n.*\n$/),
      ])
      const asJson = onto('--help --json')
      expect(JSON.parse(asJson.stderr)).toMatchObject({ error: { code: 'CLI.OUTPUT_FAILED', exitCode: 1 } })
    },
  )

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
