import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, it } from 'vitest'
import { describeOnServer, withServerDatabase } from './engines.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const SIZE = ['--memories', '8000', '--users', '40', '--dimensions', '64']

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
    ['SIGINT', 'storing', PARTLY_STORED],
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
        if (signal === 'SIGINT') {
          expect(code, said).toBe(130)
          expect(said).toContain('Stopped. What was stored is kept')
        }
        const second = await start(url).ended
        expect(second.code, second.said).toBe(0)
        expect(second.said).toContain('are stored already')
        expect(second.said).toMatch(/ok +memories +8,000\n/)
        expect(second.said).toMatch(/ok +indexes +\d+, all valid\n/)
        expect(second.said).toMatch(/ok +all users, held-out queries +recall 0\.9[5-9]|1\.0/)
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
      expect(two.said).toContain('8,000 are stored already')
    }))

  it('says what to do about a server that is not there, without repeating the password', async () => {
    const { code, said } = await start('postgresql://u:hunter2@127.0.0.1:1/none').ended
    expect(code).toBe(1)
    expect(said).toMatch(/ECONNREFUSED/)
    expect(said).not.toContain('hunter2')
  })
})
