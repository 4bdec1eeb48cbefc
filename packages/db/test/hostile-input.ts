import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { ERROR_CODES, type Funes, isFunesError } from '../src/index.js'
import type { TestDatabase } from './engines.js'
import { hostileFilter, hostileId, hostileMetadata, hostileSchema, hostileText } from './hostile.js'

/** How many inputs are generated for each of the two tests: each is one, whatever it consists of and however many calls get it. */
const numRuns = Number(process.env.FUNES_TEST_HOSTILE_RUNS ?? 34)

const embedding = [1, 0.5, 0.25]
const VICTIM_ID = '00000000-0000-7000-8000-000000000001'

const input = fc.record({
  userId: hostileId,
  name: hostileId,
  text: hostileText,
  metadata: hostileMetadata,
  filter: hostileFilter,
  schema: hostileSchema,
})
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never

/** What was refused, by code, and how much was not. */
type Outcomes = Record<string, number>

/** Waits for a call that may be refused, but only by name. */
async function settled<T>(outcomes: Outcomes, call: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await call()
    outcomes.done = (outcomes.done ?? 0) + 1
    return result
  } catch (error) {
    if (!isFunesError(error)) throw error
    expect(Object.keys(ERROR_CODES)).toContain(error.code)
    // The database refusing what was let through is an error with a name, but of a check that is missing.
    expect(error.code).not.toBe('DB.QUERY_FAILED')
    outcomes[error.code] = (outcomes[error.code] ?? 0) + 1
    return undefined
  }
}

const TABLES = [
  'users',
  'sessions',
  'memories',
  'memory_access',
  'memory_history',
  'memory_embeddings',
  'tool_usage',
]

/** Everything that injected SQL could have touched: the victim's rows, the canary, the catalogue, the rows of nobody. */
async function evidence({ pool }: TestDatabase): Promise<unknown> {
  const rows = await Promise.all(
    TABLES.map(async (table) => {
      const key = table === 'users' ? 'id' : 'user_id'
      const { rows } = await pool.query(
        `select md5(string_agg(t::text, ' ' order by t::text)) as digest, count(*)::int4 as n from ${table} t where ${key} = 'victim'`,
      )
      return [table, rows[0]]
    }),
  )
  const catalogue = await pool.query(
    "select md5(string_agg(relname::text || relkind::text || relrowsecurity::text, ' ' order by relname, oid)) as digest from pg_class where relnamespace = 'public'::regnamespace",
  )
  const hits = await pool.query('select count(*)::int4 as n from canary')
  return { rows, catalogue: catalogue.rows, hits: hits.rows[0].n }
}

/** @param open the Funes whose model has three dimensions */
export function hostileInput(db: () => TestDatabase, open: () => Funes): void {
  describe('hostile input', () => tests(db, open))
}

function tests(db: () => TestDatabase, open: () => Funes): void {
  let funes: Funes
  let before: unknown

  beforeAll(async () => {
    const { pool } = db()
    funes = open()
    await pool.query(`
      create table canary (at timestamptz default now());
      create function canary_hit() returns text language sql volatile as $$ insert into canary default values returning 'hit' $$;
      grant insert, select on canary to public`)
    await funes.sessions.start({ userId: 'victim', id: 'secret session', title: 'secret' })
    const key = { userId: 'victim', id: VICTIM_ID }
    const content = 'the canary secret of the victim'
    await funes.memories.add({ ...key, content, embedding, sessionId: 'secret session', metadata: { a: 1 } })
    await funes.memories.update({ ...key, importance: 0.9 })
    await funes.memories.touch(key)
    await funes.tools.register({ name: 'victims_tool', description: 'x', embedding })
    await funes.tools.recordUsage({ tool: 'victims_tool', userId: 'victim', success: true, wait: true })
    before = await evidence(db())
  })

  /** Generates, counts, and looks afterwards whether anything was done that nobody asked for. */
  async function attack(run: (given: Input, outcomes: Outcomes) => Promise<void>): Promise<Outcomes> {
    const outcomes: Outcomes = {}
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        // Whoever calls itself the victim is the victim; all others are not.
        fc.pre(given.userId !== 'victim')
        await run(given, outcomes)
      }),
      { numRuns, maxSkipsPerRun: 10 },
    )
    expect(await evidence(db())).toEqual(before)
    expect(globalThis).not.toHaveProperty('canaryHit')
    if (process.env.FUNES_TEST_HOSTILE_RUNS) console.log(db().engine, numRuns, 'inputs', outcomes)
    return outcomes
  }

  async function useTools({ userId, name, text, metadata, schema }: Input, o: Outcomes): Promise<void> {
    const tool = { description: text, parameters: schema, embedding, tags: [name] }
    await settled(o, () => funes.tools.register({ ...tool, name }))
    const registered = await settled(o, () => funes.tools.register({ ...tool, name: 'hostile_tool' }))
    if (registered) {
      expect(registered.description).toBe(text)
      await settled(o, () => funes.tools.validateCall('hostile_tool', metadata))
    }
    await settled(o, () => funes.tools.select({ text, k: 3, filter: { tags: [name] } }))
    const usage = { tool: 'hostile_tool', userId, sessionId: name, success: true, metadata }
    await settled(o, () => funes.tools.recordUsage({ ...usage, wait: true }))
    const report = await settled(o, () => funes.tools.usage({ userId, sessionId: name }))
    expect(report?.users ?? 0).toBeLessThan(2)
  }

  it('is stored as it is or refused by name, finds no foreign row, and runs nothing', async () => {
    const outcomes = await attack(async (given, o) => {
      const { userId, name, text, metadata, filter } = given
      const session = await settled(o, () =>
        funes.sessions.start({ userId, id: name, title: text, metadata }),
      )
      const memory = { userId, content: text, embedding, metadata, ...(session && { sessionId: name }) }
      const added = await settled(o, () => funes.memories.add({ ...memory, idempotencyKey: name }))
      if (added?.created) {
        const got = await funes.memories.get({ userId, id: added.id })
        expect(got).toMatchObject({ userId, content: text, sessionId: session ? name : null })
        // As JSON, in which -0 is 0, and in which jsonb keeps numbers exactly.
        expect(got?.metadata).toEqual(JSON.parse(JSON.stringify(metadata)))
      }
      const found = await Promise.all([
        settled(o, () => funes.memories.search({ userId, text, filter, mode: 'text' })),
        settled(o, () => funes.memories.search({ userId, embedding, filter, accuracy: 'exact' })),
        settled(o, () =>
          funes.memories.search({ userId, text, embedding, context: { before: 1, after: 1 } }),
        ),
      ])
      for (const hit of found.flatMap((hits) => hits ?? [])) expect(hit.memory.userId).toBe(userId)
      const page = await settled(o, () => funes.memories.list({ userId, filter, limit: 5 }))
      for (const one of page?.items ?? []) expect(one.userId).toBe(userId)
      await settled(o, () => funes.memories.list({ userId, cursor: name }))
      await settled(o, () => funes.memories.search({ userId, embedding, accuracy: 'exact', after: text }))
      await settled(o, () => funes.memories.search({ userId, text, language: name }))

      const theirs = { userId, id: VICTIM_ID }
      expect(await settled(o, () => funes.memories.get(theirs))).toBeOneOf([null, undefined])
      expect(
        await settled(o, () => funes.memories.update({ ...theirs, metadata, actor: name })),
      ).toBeUndefined()
      expect(await settled(o, () => funes.memories.delete({ ...theirs, actor: name }))).toBeUndefined()
      expect((await settled(o, () => funes.memories.touch(theirs)))?.touched ?? 0).toBe(0)
      expect(await settled(o, () => funes.sessions.get({ userId, id: 'secret session' }))).toBeOneOf([
        null,
        undefined,
      ])
      if (added) await settled(o, () => funes.memories.delete({ userId, id: added.id, actor: name }))
      await settled(o, () => funes.users.ensure({ id: userId, metadata }))
      await useTools(given, o)
    })
    expect(outcomes.done).toBeGreaterThan(numRuns * 5)
  })

  it('finds no foreign row where row-level security is on and the filter by user is left out', async () => {
    const role = `funes_test_${crypto.randomUUID().replaceAll('-', '')}`
    await funes.tenancy.enable({ role })
    before = await evidence(db())
    try {
      const outcomes = await attack(async ({ userId, name, text, metadata, filter }, o) => {
        const scope = await settled(o, async () => funes.as({ userId }))
        if (scope === undefined) return
        const session = await settled(o, () => scope.sessions.start({ id: name, title: text, metadata }))
        await settled(o, () =>
          scope.memories.add({ content: text, embedding, metadata, ...(session && { sessionId: name }) }),
        )
        for (const hit of (await settled(o, () => scope.memories.search({ text, embedding, filter }))) ?? [])
          expect(hit.memory.userId).toBe(userId)
        const usage = { tool: 'victims_tool', sessionId: name, success: true, metadata }
        await settled(o, () => scope.tools.recordUsage(usage))
        // The stores themselves inside of the scope, asked for the victim: the application's own mistake.
        await settled(o, () =>
          scope.transaction(async ({ prisma }) => {
            expect(await funes.memories.list({ userId: 'victim' })).toMatchObject({ items: [] })
            expect(await funes.memories.search({ scope: 'all-users', embedding, k: 5 })).toSatisfy((hits) =>
              (hits as { memory: { userId: string } }[]).every(({ memory }) => memory.userId === userId),
            )
            for (const table of TABLES) {
              const key = table === 'users' ? 'id' : 'user_id'
              const seen = await prisma.$queryRawUnsafe<{ key: string }[]>(
                `select distinct ${key} as key from ${table}`,
              )
              for (const row of seen) expect(row.key).toBe(userId)
            }
            await prisma.$executeRaw`update memories set importance = 0`
            await prisma.$executeRaw`delete from memories`
          }),
        )
        const leaving = scope.transaction(({ prisma }) => prisma.$executeRaw`delete from users`)
        await expect(leaving).rejects.toThrow(/permission denied/)
        const foreign = scope.transaction(
          ({ prisma }) =>
            prisma.$executeRaw`insert into sessions (user_id, id) values ('victim', ${crypto.randomUUID()})`,
        )
        await expect(foreign).rejects.toSatisfy((e) => isFunesError(e, 'TENANCY.FOREIGN_USER'))
        o.refused = (o.refused ?? 0) + 1
      })
      expect(outcomes.refused).toBeGreaterThan(numRuns / 2)
    } finally {
      await funes.tenancy.disable()
      await db().pool.query(`drop owned by ${role}; drop role ${role}`)
    }
  })
}
