import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, it } from 'vitest'
import { LOCK } from '../src/load/lock.js'
import { describeOnServer, withServerDatabase } from './engines.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const SIZE = ['--memories', '5000', '--users', '40', '--dimensions', '64']

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; said: string }>
}

function start(url: string, args = SIZE): Started {
  const child = spawn(process.execPath, [MAIN, ...args, '--url', url], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said += chunk
    })
  }
  return { child, ended: once(child, 'close').then(([code]) => ({ code, said })) }
}

/** Waits until the database says so. */
async function until(url: string, condition: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (;;) {
      const { rows } = await client.query(condition).catch(() => ({ rows: [] }))
      if (rows.length > 0) return
      await setTimeout(10)
    }
  } finally {
    await client.end()
  }
}

const PARTLY_STORED = 'select from funes_seed.runs where stored > 0'
const INDEXING =
  "select from pg_stat_activity where query like 'CREATE INDEX%' and datname = current_database()"

describeOnServer('the command', () => {
  it.each([
    ['SIGKILL', 'storing', PARTLY_STORED],
    ['SIGHUP', 'storing', PARTLY_STORED],
    ['SIGKILL', 'building an index', INDEXING],
    ['SIGINT', 'building an index', INDEXING],
  ] as const)(
    'survives %s while it is %s: started again, it ends with everything right',
    (signal, _, moment) =>
      withServerDatabase(async (url) => {
        const first = start(url)
        await Promise.race([until(url, moment), first.ended])
        first.child.kill(signal)
        const { code, said } = await first.ended
        if (signal !== 'SIGKILL') {
          expect(code, said).toBe(130)
          expect(said).toContain('Stopped. What was stored is kept')
        }
        const second = await start(url).ended
        expect(second.code, second.said).toBe(0)
        expect(second.said).toContain('are stored already')
        expect(second.said).toMatch(/ok +memories +5,000\n/)
        expect(second.said).toMatch(/ok +indexes +\d+, all valid\n/)
        expect(second.said).toMatch(/ok +all users, held-out queries +recall (0\.9[5-9]|1\.0)/)
      }),
  )

  it('ends with exit code 1 when its report finds something wrong', () =>
    withServerDatabase(async (url) => {
      const args = ['--memories', '300', '--dimensions', '16']
      expect((await start(url, args).ended).code).toBe(0)
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query('delete from memory_embeddings where memory_id = (select id from memories limit 1)')
      await client.end()
      const { code, said } = await start(url, args).ended
      expect(said).toMatch(/WRONG +embeddings +299, where 300 were to be stored\n/)
      expect(code).toBe(1)
    }))

  it('lets a second one wait until the first is done', () =>
    withServerDatabase(async (url) => {
      const first = start(url)
      await Promise.race([until(url, PARTLY_STORED), first.ended])
      const second = start(url)
      const [one, two] = await Promise.all([first.ended, second.ended])
      expect([one.code, two.code], two.said).toEqual([0, 0])
      expect(two.said).toContain('Another seed works on this database')
      expect(two.said).toContain('5,000 are stored already')
    }))

  it('stops at once while it waits for another', () =>
    withServerDatabase(async (url) => {
      const holder = new pg.Client({ connectionString: url })
      await holder.connect()
      await holder.query('select pg_advisory_lock($1::int8)', [String(LOCK)])
      for (const args of [SIZE, ['--clean']]) {
        const waiting = start(url, args)
        waiting.child.stderr?.once('data', () => waiting.child.kill('SIGINT'))
        const { code, said } = await waiting.ended
        expect(said).toContain('Another seed works on this database')
        expect(code, said).toBe(130)
      }
      await holder.end()
    }))

  it('stops cleaning when it is told to, and what it then finds is whole', () =>
    withServerDatabase(async (url) => {
      expect((await start(url).ended).code).toBe(0)
      const holder = new pg.Client({ connectionString: url })
      await holder.connect()
      await holder.query('begin; lock table users in access share mode')
      const cleaning = start(url, ['--clean'])
      await until(
        url,
        "select from pg_stat_activity where query like 'lock table users%' and wait_event_type = 'Lock'",
      )
      cleaning.child.kill('SIGINT')
      const { code, said } = await cleaning.ended
      expect(code, said).toBe(130)
      await holder.end()
      const again = await start(url).ended
      expect(again.code, again.said).toBe(0)
      expect(again.said).toContain('5,000 are stored already')
    }))

  it.each(['notaurl', 'mysql://u:hunter2@localhost/x'])('says what a url looks like: %s', async (url) => {
    const { code, said } = await start(url).ended
    expect(code).toBe(1)
    expect(said).toContain('is not the url of a PostgreSQL database')
    expect(said).not.toContain('hunter2')
  })

  it('says what to do about a server that is not there, without repeating the password', async () => {
    const { code, said } = await start('postgresql://u:hunter2@127.0.0.1:1/none').ended
    expect(code).toBe(1)
    expect(said).toMatch(/ECONNREFUSED/)
    expect(said).not.toContain('hunter2')
  })
})
