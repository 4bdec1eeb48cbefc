import { expect, it } from 'vitest'
import { isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'

onEveryEngine('sessions and users', (db) => {
  it('start, are found, end once, and are refused twice', async () => {
    const { funes } = db()
    const session = await funes.sessions.start({ userId: 'u', id: 's', title: 'First', metadata: { a: 1 } })
    expect(await funes.sessions.get({ userId: 'u', id: 's' })).toEqual(session)
    expect(await funes.sessions.get({ userId: 'v', id: 's' })).toBeNull()
    await expect(funes.sessions.start({ userId: 'u', id: 's' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'SESSION.EXISTS'),
    )
    const endedAt = new Date('2030-01-01T00:00:00Z')
    expect((await funes.sessions.end({ userId: 'u', id: 's', endedAt })).endedAt).toEqual(endedAt)
    expect((await funes.sessions.end({ userId: 'u', id: 's' })).endedAt).toEqual(endedAt)
    await expect(funes.sessions.end({ userId: 'v', id: 's' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'SESSION.NOT_FOUND'),
    )
  })

  it('list newest first in pages', async () => {
    const { funes } = db()
    for (let i = 0; i < 7; i++)
      await funes.sessions.start({ userId: 'list', id: `s${i}`, startedAt: new Date(2020, 0, i + 1) })
    const first = await funes.sessions.list({ userId: 'list', limit: 4 })
    const second = await funes.sessions.list({ userId: 'list', limit: 4, cursor: first.nextCursor as string })
    expect([...first.items, ...second.items].map((s) => s.id)).toEqual([
      's6',
      's5',
      's4',
      's3',
      's2',
      's1',
      's0',
    ])
    expect(second.nextCursor).toBeNull()
  })

  it('keep a user’s metadata until it is replaced', async () => {
    const { funes } = db()
    await funes.users.ensure({ id: 'meta', metadata: { plan: 'pro' } })
    expect((await funes.users.ensure({ id: 'meta' })).metadata).toEqual({ plan: 'pro' })
    expect((await funes.users.ensure({ id: 'meta', metadata: {} })).metadata).toEqual({})
    expect((await funes.users.list({ after: 'list', limit: 1 })).map((u) => u.id)).toEqual(['meta'])
  })
})
