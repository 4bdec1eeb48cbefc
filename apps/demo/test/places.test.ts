import { describe, expect, it } from 'vitest'
import { choosePlaces } from '../src/places.js'

describe('choosePlaces', () => {
  it("keeps the database in the repository, in a directory of the demo's own, apart for the short form", () => {
    const full = choosePlaces({ short: false }, {})
    const short = choosePlaces({ short: true }, {})
    expect(full).toMatchObject({ dataDir: expect.stringMatching(/\.funes-demo$/), isOwn: true })
    expect(short.dataDir).not.toBe(full.dataDir)
    expect(short.cacheDir).not.toBe(full.cacheDir)
  })

  it('uses a given directory, which is not its own to delete', () => {
    expect(choosePlaces({ short: false }, { FUNES_DATA_DIR: '/somewhere' })).toMatchObject({
      dataDir: '/somewhere',
      isOwn: false,
    })
  })

  it('leaves the directory out for a server, but not for the url that means the embedded engine', () => {
    const server = { DATABASE_URL: 'postgresql://user@host/db' }
    expect(choosePlaces({ short: false }, server)).toMatchObject({ dataDir: undefined, isOwn: false })
    const embedded = { DATABASE_URL: 'postgresql://embedded/memory' }
    expect(choosePlaces({ short: false }, embedded).isOwn).toBe(true)
  })
})
