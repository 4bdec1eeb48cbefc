import { describe, expect, it } from 'vitest'
import { type Funes, isFunesError } from '../src/index.js'

const embedding = [1, 2, 3]
const memory = (content: string) => ({ content, embedding })
const isForeign = (e: unknown) => isFunesError(e, 'TENANCY.FOREIGN_USER')

/** Scopes of tenants, where row-level security is on, and there is a user `ada` of none and a `bob` with one memory. */
export function tenantScopes(funes: () => Funes): void {
  describe('in the scope of a tenant', () => {
    it('knows the users of that tenant and no others', async () => {
      const acme = funes().as({ tenantId: 'acme' })
      const globex = funes().as({ tenantId: 'globex' })
      await acme.memories.add({ userId: 'acme-1', ...memory('of acme-1') })
      await acme.memories.addMany(['acme-1', 'acme-2'].map((userId) => ({ userId, ...memory('more') })))
      async function* stream() {
        for (const userId of ['globex-1', 'globex-2']) yield { userId, ...memory(`of ${userId}`) }
      }
      await globex.memories.addMany(stream())
      await globex.sessions.start({ userId: 'globex-3', id: 's' })
      expect((await acme.users.list()).map(({ id }) => id)).toEqual(['acme-1', 'acme-2'])
      expect((await globex.users.list()).map(({ id }) => id)).toEqual(['globex-1', 'globex-2', 'globex-3'])
      const hits = await acme.memories.search({ scope: 'all-users', embedding, k: 100 })
      expect(hits.map(({ memory: { userId } }) => userId).sort()).toEqual(['acme-1', 'acme-1', 'acme-2'])
      expect(await acme.memories.search({ userId: 'globex-1', embedding })).toEqual([])
      expect(await globex.memories.count({ scope: 'all-users' })).toBe(2)
      await globex.transaction(async ({ prisma }) => {
        expect(await prisma.$queryRaw`select distinct user_id from memories order by 1`).toEqual([
          { user_id: 'globex-1' },
          { user_id: 'globex-2' },
        ])
      })
    })

    it('neither takes a user from another tenant nor writes for one', async () => {
      const acme = funes().as({ tenantId: 'acme' })
      const foreign: (() => Promise<unknown>)[] = [
        () => acme.memories.add({ userId: 'globex-1', ...memory('planted') }),
        () => acme.memories.add({ userId: 'ada', ...memory('planted') }),
        () => acme.sessions.start({ userId: 'globex-1', id: 'planted' }),
        () => acme.users.ensure({ id: 'globex-1', metadata: {} }),
        () => acme.transaction(({ prisma }) => prisma.$executeRaw`insert into users (id) values ('new')`),
      ]
      for (const call of foreign.slice(0, 4)) await expect(call()).rejects.toSatisfy(isForeign)
      await foreign[4]?.()
      expect(await acme.users.get('new')).not.toBeNull()
      const moves = acme.transaction(
        ({ prisma }) => prisma.$executeRaw`update users set tenant_id = 'globex'`,
      )
      await expect(moves).rejects.toThrow()
      expect((await funes().as({ tenantId: 'globex' }).users.list()).map(({ id }) => id)).not.toContain('new')
    })

    it('has the users that are assigned to it', async () => {
      const initech = funes().as({ tenantId: 'initech' })
      await funes().tenancy.assign({ userId: 'bob', tenantId: 'initech' })
      expect(await initech.memories.count({ scope: 'all-users' })).toBe(1)
      await funes().tenancy.assign({ userId: 'bob', tenantId: null })
      expect(await initech.memories.count({ scope: 'all-users' })).toBe(0)
      expect(await funes().as({ userId: 'bob' }).memories.count()).toBe(1)
    })
  })
}
