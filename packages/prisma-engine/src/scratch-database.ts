import { COUNT_LEFTOVERS, WIPE } from './scratch-sql.js'
import { openMemory, type Session } from './session.js'

/** Empty databases in memory, one after the other. */
export interface ScratchDatabase {
  /** The database that the next loan is of, to look at. */
  current(): Promise<Session>
  /** An empty database, in which `roles` exist, named as SQL writes them. Closing the session gives it back. */
  borrow(roles: readonly string[]): Promise<Session>
  close(): Promise<void>
}

/**
 * Keeps one database in memory and empties it between loans: making a new one takes seconds, and a `migrate dev`
 * wants four.
 */
export function createScratchDatabase(): ScratchDatabase {
  const open = new Set<Session>()
  let idle: Session | undefined

  async function renew(): Promise<Session> {
    const session = await openMemory()
    open.add(session)
    return session
  }

  async function end(session: Session): Promise<void> {
    open.delete(session)
    await session.close()
  }

  async function giveBack(session: Session): Promise<void> {
    if (!open.has(session)) return
    if (idle === undefined && (await isEmptied(session))) idle = session
    else await end(session)
  }

  return {
    async current() {
      idle ??= await renew()
      return idle
    },
    async borrow(roles) {
      const session = idle ?? (await renew())
      idle = undefined
      let lent = true
      try {
        for (const role of roles) await session.query(`create role ${role}`)
      } catch (error) {
        await end(session)
        throw error
      }
      return {
        ...session,
        close: async () => {
          if (!lent) return
          lent = false
          await giveBack(session)
        },
      }
    },
    async close() {
      idle = undefined
      await Promise.allSettled([...open].map(end))
    },
  }
}

async function isEmptied(session: Session): Promise<boolean> {
  try {
    for (const statement of WIPE) await session.query(statement)
    const { rows } = await session.pool.query<{ leftovers: number }>(COUNT_LEFTOVERS)
    return rows[0]?.leftovers === 0
  } catch {
    // Whatever it holds on to goes with it.
    return false
  }
}
