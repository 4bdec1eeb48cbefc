import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_BOUNCER, startBouncer } from '../../db/test/pgbouncer.js'
import { type Place, runHere } from './in-process.js'
import { answer, complaint } from './run.js'

const serverUrl = process.env.FUNES_TEST_DATABASE_URL
const WORDS = fileURLToPath(new URL('words-embedder.mjs', import.meta.url))
const NEAR_MISS = `export default {
  model: 'other',
  dimensions: 8,
  embed: async (texts) => texts.map((text) => Float32Array.from({ length: 8 }, (_, i) => (text.charCodeAt(i) || 1) / 100)),
}`

async function onServer(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    for (const sql of statements) await client.query(sql)
  } finally {
    await client.end()
  }
}

describe.skipIf(!serverUrl)('what an operator does on a server', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 20)
  const folder = mkdtempSync(join(tmpdir(), 'funes-operator-'))
  const at = (name: string) => join(folder, name)
  const databases = ['from', 'to', 'rls'] as const
  const roles = [`owner_${suffix}`, `app_${suffix}`, `login_${suffix}`] as const
  const [owner, app, login] = roles
  const urlOf = (database: (typeof databases)[number], role?: string) => {
    const url = new URL(serverUrl as string)
    url.pathname = `/funes_${database}_${suffix}`
    if (role !== undefined) Object.assign(url, { username: role, password: 'x' })
    return url.toString()
  }
  const on =
    (database: (typeof databases)[number], role?: string) =>
    (args: string[], { env, ...place }: Place = {}) =>
      runHere(args, {
        ...place,
        env: { FUNES_DATABASE_URL: urlOf(database, role), FUNES_EMBEDDER: WORDS, ...env },
      })
  const funes = on('from')

  beforeAll(async () => {
    await onServer(`create database funes_from_${suffix}`, `create database funes_rls_${suffix}`)
    writeFileSync(at('other.mjs'), NEAR_MISS)
    await funes(['migrate'])
    await onServer(`create database funes_to_${suffix} template funes_from_${suffix}`)
    const lines = [
      { userId: 'ada', content: 'Ada takes her tea without sugar.' },
      { userId: 'ada', content: 'Ada has been to Turin.', expiresAt: '2020-01-01T00:00:00Z' },
      { userId: 'alan', content: 'Alan drinks coffee.' },
    ]
    const added = await funes(['add', '--jsonl', '-', '--json'], {
      input: lines.map((line) => JSON.stringify(line)).join('\n'),
    })
    expect(answer(added)).toMatchObject({ added: 3 })
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    for (const database of databases)
      await onServer(`drop database if exists funes_${database}_${suffix} with (force)`)
    for (const role of roles) await onServer(`drop role if exists ${role}`)
  })

  const states = async () => {
    const { models } = answer<{ models: { name: string; state: string }[] }>(
      await funes(['models', 'list', '--json']),
    )
    return Object.fromEntries(models.map(({ name, state }) => [name, state]))
  }
  const words = 'words'

  it('goes over to another model, back, and takes the other one out for good', async () => {
    await funes(['models', 'register', 'other', '-d', '8'])
    const early = await funes(['models', 'activate', 'other', '--model', words, '--json'])
    expect([early.code, complaint(early).code]).toEqual([1, 'MODEL.INCOMPLETE'])
    const made = await funes(['reembed', '--embedder', at('other.mjs'), '--json'])
    expect([made.code, answer(made)]).toEqual([0, { model: 'other', embedded: 3 }])
    expect((await funes(['models', 'list'])).stdout).toMatch(
      new RegExp(`^${words} .* retired, now other`, 'm'),
    )
    const found = await funes(['search', '-u', 'ada', 'tea', '--embedder', at('other.mjs'), '--json'])
    expect(answer<{ hits: unknown[] }>(found).hits).toHaveLength(1)

    expect((await funes(['models', 'activate', words, '--model', 'other'])).stdout).toMatch(
      new RegExp(`^${words} .* active `, 'm'),
    )
    expect(await states()).toMatchObject({ [words]: 'active' })
    const line = ['models', 'retire', 'other', '--model', words, '--remove']
    expect((await funes(line, { answer: 'n\n' })).code).toBe(5)
    const retired = await funes([...line, '--yes', '--json'])
    expect([retired.code, answer(retired)]).toEqual([0, { model: 'other', removed: 3 }])
    expect(await states()).toMatchObject({ other: 'retired', [words]: 'active' })
  })

  it('lists tools page by page, and by tag', async () => {
    const parameters = { type: 'object' }
    const tools = ['call', 'mail', 'write'].map((name) => ({
      name,
      description: `To ${name}.`,
      parameters,
      tags: [name],
    }))
    writeFileSync(at('tools.json'), JSON.stringify(tools))
    expect((await funes(['tools', 'register', at('tools.json')])).stdout).toMatch(/^created +call/m)
    const first = answer<{ items: { name: string }[]; nextCursor: string }>(
      await funes(['tools', 'list', '--limit', '2', '--json']),
    )
    expect(first.items.map(({ name }) => name)).toEqual(['call', 'mail'])
    const rest = await funes(['tools', 'list', '--limit', '2', '--cursor', first.nextCursor])
    expect(rest.stdout).toMatch(/^write +1 +yes +write +To write\.$/m)
    expect(rest.stdout).not.toContain('More:')
    expect((await funes(['tools', 'list', '--tag', 'mail'])).stdout).not.toContain('To call')
    expect((await funes(['tools', 'list', '--tag', 'none'])).stdout).toBe('No tools.\n')
  })

  it('moves one user, and settles what is there with another content', async () => {
    const exported = await funes(['export', at('ada.gz'), '--user', 'ada', '--live-only', '--json'])
    expect(answer(exported)).toMatchObject({ counts: { users: 1, memories: 1 } })
    const all = await funes(['export', at('all.gz'), '--json'])
    expect(answer(all)).toMatchObject({ counts: { users: 2, memories: 3 } })

    const there = on('to')
    const rows = async (...args: string[]) => {
      const ran = await there(['import', ...args, '--json'])
      return answer<{ rows: Record<string, unknown>; embedded: number }>(ran)
    }
    await there(['models', 'register', 'other', '-d', '8'])
    expect(await rows(at('ada.gz'), '--onto', 'other', '--embedder', at('other.mjs'))).toMatchObject({
      rows: { memories: { added: 1 } },
      // The memory, and the three tools.
      embedded: 4,
    })
    expect(
      Object.keys(
        answer<{ hits: object[] }>(
          await there(['search', '-u', 'ada', 'tea', '--embedder', at('other.mjs'), '--json']),
        ).hits,
      ),
    ).toHaveLength(1)

    const client = new pg.Client({ connectionString: urlOf('to') })
    await client.connect()
    await client.query('update memories set importance = 0.9')
    const refused = await there(['import', at('ada.gz'), '--json'])
    expect([refused.code, complaint(refused).code]).toEqual([1, 'ARCHIVE.CONFLICT'])
    expect(await rows(at('ada.gz'), '--skip')).toMatchObject({ rows: { memories: { skipped: 1 } } })
    expect((await there(['import', at('ada.gz'), '--replace'])).code).toBe(5)
    expect(await rows(at('ada.gz'), '--replace', '--yes')).toMatchObject({
      rows: { memories: { replaced: 1 } },
    })
    expect((await client.query('select importance from memories')).rows).toEqual([{ importance: 0.5 }])
    await client.end()
  })

  it('removes a user without a question where that is said, and prints the receipt', async () => {
    const asked = await funes(['purge', '-u', 'alan'], { answer: 'n\n' })
    expect([asked.code, asked.stderr]).toEqual([
      5,
      expect.stringContaining('Remove the user "alan" with 1 memories'),
    ])
    const ran = await funes(['purge', '-u', 'alan', '--vacuum', '--yes', '--json'])
    expect(ran.code).toBe(0)
    expect(answer(ran)).toMatchObject({
      userId: 'alan',
      removed: { memories: 1, users: 1 },
      left: [],
      vacuumed: true,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect((await funes(['stats', '-u', 'alan'])).code).toBe(4)
  })

  describe('under row-level security', () => {
    const asOwner = on('rls', owner)
    const asLogin = on('rls', login)

    beforeAll(async () => {
      await onServer(
        ...roles.map((role) => `create role ${role} ${role === app ? 'nologin' : `login password 'x'`}`),
      )
      const superuser = new pg.Client({ connectionString: urlOf('rls') })
      await superuser.connect()
      await superuser.query(`create extension vector; grant create on schema public to ${owner}`)
      await asOwner(['migrate', '--embedder', WORDS])
      for (const userId of ['ada', 'alan']) await asOwner(['add', '-u', userId, `The tea of ${userId}.`])
      await superuser.query(`grant ${app} to ${owner}, ${login}`)
      const client = new pg.Client({ connectionString: urlOf('rls', owner) })
      await client.connect()
      await client.query('select funes_tenancy_enable($1)', [app])
      await Promise.all([client.end(), superuser.end()])
    })
    afterAll(async () => {
      const superuser = new pg.Client({ connectionString: urlOf('rls') })
      await superuser.connect()
      await superuser.query(`drop owned by ${roles.join(', ')}`)
      await superuser.end()
    })

    it('sees everything as the owner of the tables, with options of the environment too', async () => {
      const env = { PGOPTIONS: '-c work_mem=9MB' }
      expect(answer(await asOwner(['stats', '--json'], { env }))).toMatchObject({ users: 2, memories: 2 })
      expect(answer(await asOwner(['stats', '-u', 'ada', '--json']))).toMatchObject({
        user: 'ada',
        memories: 1,
      })
      expect((await asOwner(['search', '--all-users', 'tea'])).stdout).toMatch(/alan/)
      expect((await asOwner(['add', '-u', 'ada', 'More of it.'])).code).toBe(0)
      expect((await asOwner(['models', 'list'])).code).toBe(0)
      const report = answer<{ ok: boolean; findings: { id: string }[] }>(await asOwner(['doctor', '--json']))
      expect(report.ok).toBe(true)
      const asked = await asOwner(['purge', '-u', 'alan'], { answer: 'y\n' })
      expect([asked.code, asked.stderr]).toEqual([
        0,
        expect.stringContaining('Remove the user "alan" with 1 memories'),
      ])
    })

    it('says that rows are hidden, to a role that cannot see them, instead of counting none', async () => {
      for (const line of [
        ['stats'],
        ['purge', '-u', 'ada', '--yes'],
        ['search', '--all-users', 'tea'],
        ['export', at('x')],
      ]) {
        const ran = await asLogin([...line, '--json'])
        expect([line, ran.code, complaint(ran).code]).toEqual([line, 1, 'CLI.ROWS_HIDDEN'])
      }
      for (const line of [
        ['tools', 'list'],
        ['tools', 'select', 'tea'],
        ['models', 'list'],
      ]) {
        const ran = await asLogin(line)
        expect([line, ran.code, ran.stderr]).toEqual([line, 0, ''])
      }
      const report = answer<{ findings: { id: string }[] }>(await asLogin(['doctor', '--json']))
      expect(report.findings.map(({ id }) => id)).toContain('vector-index.hidden')
    })

    it('lets such a role search and add for one user, in the scope of that user', async () => {
      expect((await asLogin(['add', '-u', 'ada', 'Milk in the tea.'])).code).toBe(0)
      expect((await asLogin(['search', '-u', 'ada', 'milk'])).stdout).toContain('Milk in the tea.')
      expect((await asLogin(['search', '-u', 'alan', 'milk', '--mode', 'text'])).stdout).toBe(
        'Nothing found.\n',
      )
    })

    it.skipIf(NO_BOUNCER)('lets it do so behind a pooler that lets no options through', async () => {
      const bouncer = await startBouncer(urlOf('rls', login), 'transaction')
      try {
        const behind = (...line: string[]) => runHere(line, { env: { FUNES_DATABASE_URL: bouncer.url } })
        expect((await behind('add', '-u', 'ada', 'Lemon in the tea.', '--no-vector')).stderr).toBe('')
        const found = await behind('search', '-u', 'ada', 'lemon', '--mode', 'text')
        expect([found.code, found.stdout]).toEqual([0, expect.stringContaining('Lemon in the tea.')])
        const stats = await behind('stats', '--json')
        expect([stats.code, complaint(stats).code]).toEqual([1, 'CLI.ROWS_HIDDEN'])
      } finally {
        bouncer.stop()
      }
    })
  })
})
