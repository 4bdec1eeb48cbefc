import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Funes, isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { hostileInput } from './hostile-input.js'

const embedding = [1, 2, 3]

/** Names that a person, a pattern, a collation or a normal form takes for the same, or for the beginning of another. */
const LOOK_ALIKES = [
  'a',
  'ab',
  'a%',
  'a_',
  '_',
  '%',
  'A',
  'a ',
  ' a',
  'a\t',
  'a\u00a0',
  'a\u200b',
  'a\u200d',
  '\ufeffa',
  '\uff41',
  '\u0430',
  'a\u0301',
  '\u00e1',
  'straße',
  'strasse',
  'STRASSE',
  'i',
  '\u0131',
  '\u0130',
  'I',
  'i\u0307',
  '\ufb01',
  'fi',
  '\u00b5',
  '\u03bc',
  '\u00c5',
  '\u212b',
  'a\\',
  "a'",
  'a"',
  '1',
  '01',
  '1.0',
  'null',
  'x'.repeat(512),
  `${'x'.repeat(511)}y`,
]

onEveryEngine('isolation', (db) => {
  let funes: Funes

  beforeAll(async () => {
    await db().funes.models.register({ name: 'tiny', dimensions: 3, indexKind: 'none' })
    funes = await db().open({ model: 'tiny' })
    expect(new Set(LOOK_ALIKES).size).toBe(LOOK_ALIKES.length)
    for (const [i, userId] of LOOK_ALIKES.entries()) {
      await funes.sessions.start({ userId, id: 'same', title: String(i) })
      await funes.memories.add({
        userId,
        content: `word of ${i}`,
        embedding,
        sessionId: 'same',
        idempotencyKey: 'k',
      })
    }
  })

  it('see their own and nothing else', async () => {
    const contents = (found: readonly { content: string }[]) => found.map(({ content }) => content)
    const questions = LOOK_ALIKES.map((userId) => ({ userId, embedding }))
    const answers = await funes.memories.searchMany(questions, { k: 100 })
    for (const [i, userId] of LOOK_ALIKES.entries()) {
      const own = [`word of ${i}`]
      const scope = funes.as({ userId })
      expect(contents((answers[i] ?? []).map(({ memory }) => memory))).toEqual(own)
      expect(contents((await funes.memories.list({ userId })).items)).toEqual(own)
      const hits = await funes.memories.search({ userId, text: 'word', embedding, k: 100 })
      expect(contents(hits.map(({ memory }) => memory))).toEqual(own)
      expect(await funes.sessions.get({ userId, id: 'same' })).toMatchObject({ title: String(i) })
      expect(contents((await scope.memories.list()).items)).toEqual(own)
      expect((await scope.user())?.id).toBe(userId)
    }
  })

  it('are told apart byte by byte by every column that names a user', async () => {
    const { rows } = await db().pool.query(`
      select a.attrelid::regclass::text as table, c.collisdeterministic as deterministic
      from pg_attribute a
      join pg_class t on t.oid = a.attrelid and t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p')
      join pg_collation c on c.oid = a.attcollation
      where a.attname in ('user_id', 'tenant_id') or (a.attname = 'id' and t.relname = 'users')`)
    expect(rows.length).toBeGreaterThan(7)
    expect(rows.filter(({ deterministic }) => !deterministic)).toEqual([])
  })

  describe('with row-level security, and without a WHERE', () => {
    const role = `funes_test_${crypto.randomUUID().replaceAll('-', '')}`

    it('see their own and nothing else', async () => {
      await funes.tenancy.enable({ role })
      try {
        for (const [i, userId] of LOOK_ALIKES.entries()) {
          const own = [{ user_id: userId, content: `word of ${i}` }]
          await funes.as({ userId }).transaction(async ({ prisma, memories }) => {
            expect(await prisma.$queryRaw`select user_id, content from memories`).toEqual(own)
            expect(await prisma.$queryRaw`select current_setting('funes.user_id') as id`).toEqual([
              { id: userId },
            ])
            const hits = await memories.search({ text: 'word', embedding, k: 100 })
            expect(hits.map(({ memory }) => memory.content)).toEqual([`word of ${i}`])
          })
        }
      } finally {
        await funes.tenancy.disable()
        await db().pool.query(`drop owned by ${role}; drop role ${role}`)
      }
    })
  })

  it('never share a memory, whatever they do and however their names are made', async () => {
    const alphabet = fc.constantFrom(
      'a',
      'A',
      '\u00e1',
      'a\u0301',
      '%',
      '_',
      ' ',
      '\u200d',
      'ß',
      'ss',
      '\u0131',
      '\uff41',
    )
    const name = fc.array(alphabet, { minLength: 1, maxLength: 3 }).map((parts) => `p${parts.join('')}`)
    const step = fc.record({ userId: name, word: fc.nat(5), deletes: fc.boolean() })
    const expected = new Map<string, Set<string>>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const { userId, word, deletes } of steps) {
          const own = expected.get(userId) ?? new Set<string>()
          expected.set(userId, own)
          const content = `word ${word}`
          const { id } = await funes.memories.add({ userId, content, embedding, onDuplicate: 'ignore' })
          own.add(content)
          if (!deletes) continue
          await funes.memories.delete({ userId, id })
          own.delete(content)
        }
        for (const userId of new Set(steps.map((one) => one.userId))) {
          const { items } = await funes.memories.list({ userId, limit: 100 })
          expect(items.map(({ content }) => content).sort()).toEqual([...(expected.get(userId) ?? [])].sort())
        }
      }),
      { numRuns: Number(process.env.FUNES_TEST_ISOLATION_RUNS ?? 10) },
    )
  })

  it('cannot be named beside the scope that a call is made in', async () => {
    const scope = funes.as({ userId: 'a' })
    const calls: (() => Promise<unknown>)[] = [
      () => scope.memories.list({ userId: 'ab' }),
      () => scope.memories.search({ userId: 'a ', embedding }),
      () => scope.memories.search({ scope: 'all-users', embedding } as never),
      () => scope.memories.count({ scope: 'all-users' } as never),
      () => scope.memories.add({ userId: 'A', content: 'x', embedding }),
      () =>
        scope.memories.addMany([
          { content: 'x', embedding },
          { userId: 'á', content: 'x', embedding },
        ]),
      () => scope.memories.searchMany([{ embedding }, { userId: 'ab', embedding }]),
      () => scope.memories.touch([{ userId: 'ab', id: crypto.randomUUID() }]),
      () => scope.sessions.start({ userId: 'ab' }),
      () => scope.sessions.get({ userId: 'ab', id: 'same' }),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toSatisfy((e) => isFunesError(e, 'TENANCY.FOREIGN_USER'))
    }
    expect(await scope.memories.count()).toBe(1)
    for (const wrong of [{}, { userId: '' }, { userId: 1 }, { userId: 'a', tenantId: 'b' }, 'a', null]) {
      expect(() => funes.as(wrong as never)).toThrow(/userId/)
    }
  })

  hostileInput(db, () => funes)
})
