import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHere } from './in-process.js'
import { answer, complaint, run } from './run.js'

const serverUrl = process.env.FUNES_TEST_DATABASE_URL

async function onServer(sql: string, url = serverUrl): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

describe.skipIf(!serverUrl)('funes on a server', () => {
  const name = `funes_cli_${randomUUID().replaceAll('-', '')}`
  const folder = mkdtempSync(join(tmpdir(), 'funes-server-'))
  const databaseUrl = () => {
    const url = new URL(serverUrl as string)
    url.pathname = `/${name}`
    return url
  }
  const at = (file: string) => join(folder, file)
  const funes = (args: string[], { input = '', ...env }: NodeJS.ProcessEnv = {}) =>
    runHere(args, { input, env: { FUNES_DATABASE_URL: databaseUrl().toString(), ...env } })

  beforeAll(() => onServer(`create database ${name}`))
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await onServer(`drop database if exists ${name} with (force)`)
  })

  it('says that it is not migrated and what to type, and migrates', async () => {
    const ran = await funes(['stats', '--json'])
    expect(complaint(ran)).toMatchObject({
      code: 'DB.NOT_MIGRATED',
      fix: 'Run `funes migrate`.',
      exitCode: 1,
    })
    expect((await funes(['migrate'])).stdout).toContain(`to the database ${name} on `)
    expect((await funes(['migrate', '--check'])).code).toBe(0)
  })

  it('stores with and without a vector, and finds by words', async () => {
    const embedding = Array.from({ length: 384 }, (_, i) => i + 1)
    writeFileSync(at('vector.json'), JSON.stringify({ embedding }))
    const line = [
      'add',
      '-u',
      'ada',
      'Likes',
      'chess.',
      '--embedding',
      at('vector.json'),
      '--key',
      'chess',
      '--json',
    ]
    expect(answer(await funes(line))).toMatchObject({ created: true, content: 'Likes chess.' })
    const expired = ['add', '-u', 'ada', 'Past.', '--no-vector', '--expires-at', '2020-01-01']
    expect((await funes(expired)).stdout).toMatch(/^Added [0-9a-f-]{36}\n$/)
    expect((await funes(['search', '-u', 'ada', 'chess'])).stdout).toContain('Likes chess.')
  })

  it('counts what is stored', async () => {
    const { stdout } = await funes(['stats'])
    expect(stdout).toMatch(/^users +1$/m)
    expect(stdout).toMatch(/^default +active +1 /m)
    const nobody = await funes(['stats', '-u', 'Ada', '--json'])
    expect([nobody.code, complaint(nobody).code]).toEqual([4, 'CLI.USER_NOT_FOUND'])
  })

  it('says what is wrong and what to type, and leaves a code for the shell', async () => {
    await funes(['models', 'register', 'small', '-d', '8', '--metric', 'l2'])
    const wrong = await funes(['search', '-u', 'ada', '--embedding', at('vector.json'), '--model', 'small'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('[EMBEDDING.DIMENSION_MISMATCH]')
    expect(wrong.stderr).toContain('funes models list')
    const broken = await funes(['add', '--jsonl', '-', '--json'], { input: '{"userId": "ada"\n' })
    expect([broken.code, complaint(broken).message]).toEqual([1, 'Line 1 is not a JSON object.'])
  })

  it('rebuilds indexes, and finds them sound', async () => {
    expect(answer(await funes(['reindex', 'small', '--json']))).toEqual({
      indexes: [{ model: 'small', did: 'rebuilt' }],
    })
    const checked = await funes(['reindex', '--check'])
    expect([checked.code, checked.stdout.match(/^(default|small) +yes +yes/gm)?.length]).toEqual([0, 2])
  })

  it('removes what is past its time when told so, and not before', async () => {
    const refused = await funes(['sweep', '--json'])
    expect([refused.code, complaint(refused).code]).toEqual([5, 'CLI.NOT_CONFIRMED'])
    expect(answer(await funes(['sweep', '--yes', '--json']))).toEqual({ expired: 1, deleted: 0 })
  })

  it('keeps tools as an MCP server lists them', async () => {
    const inputSchema = { type: 'object', properties: { to: { type: 'string' } } }
    const tools = [{ name: 'send_email', description: 'Sends an email.', inputSchema }]
    const line = ['tools', 'register', '-', '--no-vector', '--json']
    const env = { FUNES_DATABASE_URL: databaseUrl().toString() }
    const made = await run(line, { env, input: JSON.stringify({ tools }) })
    expect(answer(made)).toMatchObject({ tools: [{ name: 'send_email', outcome: 'created' }] })
    const shown = await funes(['tools', 'show', 'send_email', '--json'])
    expect(answer(shown)).toMatchObject({ tool: { parameters: inputSchema, version: 1 }, versions: [{}] })
    expect((await funes(['tools', 'select', 'write an email'])).stdout).toContain('send_email')
    expect((await funes(['tools', 'usage', 'send_email'])).stdout).toMatch(/^calls +0$/m)
    expect((await funes(['tools', 'remove', 'send_email', '--yes'])).code).toBe(0)
    expect((await funes(['tools', 'remove', 'send_email', '--yes'])).code).toBe(4)
  })

  it('switches tools, checks calls, and tells how tools fare', async () => {
    const parameters = { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] }
    const tools = ['book', 'send'].map((tool) => ({ name: tool, description: `To ${tool}.`, parameters }))
    writeFileSync(at('tools.json'), JSON.stringify(tools))
    await funes(['tools', 'register', at('tools.json'), '--no-vector'])
    expect((await funes(['tools', 'disable', 'send'])).stdout).toBe('send is disabled.\n')
    expect((await funes(['tools', 'select', 'send'])).stdout).not.toContain('To send.')
    expect((await funes(['tools', 'list'])).stdout).toMatch(/^send +1 +no /m)
    expect(answer(await funes(['tools', 'enable', 'send', '--json']))).toMatchObject({ enabled: true })
    expect((await funes(['tools', 'select', 'send'])).stdout).toContain('To send.')
    expect((await funes(['tools', 'disable', 'none'])).code).toBe(4)

    const check = (args: string) => funes(['tools', 'validate', 'send', '--args', args])
    expect(await check('{"to": "ada"}')).toMatchObject({
      code: 0,
      stdout: 'The arguments are as they must be.\n',
    })
    const wrong = await check('{"to": 1}')
    expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringMatching(/^\/to +type +must be string$/m)])
    expect((await check('{')).code).toBe(2)

    await onServer(
      `insert into tool_usage (id, tool_id, success, error, at)
       select gen_random_uuid(), id, i > 4, case when i > 4 then null else 'TimeoutError' end, now() - interval '1 hour'
       from tools, generate_series(1, 6) i where name = 'book'`,
      databaseUrl().toString(),
    )
    const rank = async (...args: string[]) => {
      const ran = await funes(['tools', ...args, '--json'])
      return answer<{ tools: Record<string, unknown>[] }>(ran).tools
    }
    expect(await rank('trending')).toMatchObject([{ tool: 'book', calls: 6, previousCalls: 0, growth: 1.6 }])
    expect(await rank('failing')).toEqual([])
    expect(await rank('failing', '--min-calls', '5')).toMatchObject([{ tool: 'book', calls: 6, failures: 4 }])
    expect(await rank('never-used', '--limit', '1')).toMatchObject([{ tool: 'send', lastUsedAt: null }])
    const failing = await funes(['tools', 'failing', '--min-calls', '5'])
    expect(failing.stdout).toMatch(/^book +6 +4 +66\.7 % +30\.0 % +TimeoutError 4$/m)
    expect((await funes(['tools', 'trending'])).stdout).toMatch(/^book +6 +0 +1\.60 x$/m)
    expect((await funes(['tools', 'never-used', '--since', '2000-01-01'])).stdout).toMatch(
      /^send +yes .* -$/m,
    )

    expect((await funes(['tools', 'usage', 'book', '--version', '1'])).stdout).toMatch(
      /^version +1\n(.*\n)*calls +6$/m,
    )
    expect((await funes(['tools', 'usage', '--version', '1'])).code).toBe(2)
    const line = ['tools', 'usage', 'book', '--by', 'day', '--time-zone', 'Asia/Kolkata']
    const { stdout } = await funes(line)
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d 00:00\+05:30 +6 +4 /m)
    expect(stdout).not.toContain('Z')
  })

  it('refuses a damaged archive whole, and asks before an import overwrites', async () => {
    const piped = await funes(['export', '-', '--compression', 'none'])
    expect(piped.stdout.split('\n').length).toBeGreaterThan(5)
    writeFileSync(at('all.jsonl'), piped.stdout)
    writeFileSync(at('damaged.jsonl'), piped.stdout.replace('Likes chess', 'Hates chess'))
    const damaged = await funes(['import', at('damaged.jsonl'), '--json'])
    expect([damaged.code, complaint(damaged).code]).toEqual([1, expect.stringMatching(/^ARCHIVE\./)])
    const replaced = await funes(['import', at('all.jsonl'), '--replace', '--json'])
    expect([replaced.code, complaint(replaced).code]).toEqual([5, 'CLI.NOT_CONFIRMED'])
  })

  it('warns of a password in the command line, and never prints one', async () => {
    const url = databaseUrl()
    url.username ||= 'somebody'
    url.password = 'wrong-and-hidden'
    const ran = await run(['stats', '--json', '--url', url.toString()])
    expect(ran.stderr).toContain('FUNES_DATABASE_URL')
    url.pathname = '/nowhere_to_be_found'
    const missing = await funes(['stats', '--json'], { FUNES_DATABASE_URL: url.toString() })
    expect([missing.code, complaint(missing).code]).toEqual([
      3,
      expect.stringMatching(/^DB\.(AUTH_FAILED|DATABASE_MISSING)$/),
    ])
    expect(ran.stdout + ran.stderr + missing.stdout + missing.stderr).not.toContain('wrong-and-hidden')
  })
})
