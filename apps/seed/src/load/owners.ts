import type { SeedRow } from '../datasets/dataset.js'
import { seedError } from '../seed-error.js'

/** Runs a statement on whichever transaction the batch is stored in. */
export type Query = (text: string, values: unknown[]) => Promise<unknown[]>

/** Users and sessions that stand already, so that each is sent once. */
export interface Owners {
  /**
   * Stores the users and sessions of a batch that are new.
   *
   * @returns how many sessions were
   */
  store(query: Query, rows: readonly SeedRow[]): Promise<number>
  /** Remembers them, once the transaction is committed. */
  keep(rows: readonly SeedRow[]): void
}

const INSERT_USERS = `
  insert into users (id, metadata)
  select id, jsonb_build_object('seed', $2::text) from unnest($1::text[]) id
  on conflict (id) do nothing`

const SELECT_STRANGERS = `
  select id from users where id = any($1::text[]) and metadata ->> 'seed' is distinct from $2::text limit 1`

const INSERT_SESSIONS = `
  insert into sessions (user_id, id, started_at)
  select * from unnest($1::text[], $2::text[], $3::text[]::timestamptz[])
  on conflict (user_id, id) do nothing
  returning 1`

const sessionKey = ({ userId, sessionId }: SeedRow) => `${userId}\0${sessionId}`

export function createOwners(run: string): Owners {
  const users = new Set<string>()
  const sessions = new Set<string>()

  function newSessions(rows: readonly SeedRow[]): SeedRow[] {
    const first = new Map<string, SeedRow>()
    for (const row of rows) {
      const key = sessionKey(row)
      if (row.sessionId !== null && !sessions.has(key) && !first.has(key)) first.set(key, row)
    }
    return [...first.values()]
  }

  return {
    async store(query, rows) {
      const newUsers = [...new Set(rows.map(({ userId }) => userId))].filter((id) => !users.has(id))
      if (newUsers.length > 0) {
        await query(INSERT_USERS, [newUsers, run])
        // Else memories would be mixed with those of somebody real, and could not be told apart again.
        const [stranger] = await query(SELECT_STRANGERS, [newUsers, run])
        if (stranger) {
          throw seedError(
            'The database has a user of a name that the data set uses, and this seed did not make it.',
            'Use an empty database, or --clean if an earlier seed made it.',
          )
        }
      }
      const opened = newSessions(rows)
      if (opened.length === 0) return 0
      const columns = [
        opened.map(({ userId }) => userId),
        opened.map(({ sessionId }) => sessionId),
        opened.map(({ createdAt }) => createdAt.toISOString()),
      ]
      return (await query(INSERT_SESSIONS, columns)).length
    },
    keep(rows) {
      for (const row of rows) {
        users.add(row.userId)
        if (row.sessionId !== null) sessions.add(sessionKey(row))
      }
    },
  }
}
