import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'

/** "funes-seed", as a number of its own among advisory locks. */
export const LOCK = 0x5eed_f00d_5eedn

/**
 * Waits until no other seed works on this database, then keeps others out as long as the connection lives.
 *
 * A seed that was killed while it built an index leaves a server process that goes on building: this waits for it.
 *
 * @throws when the signal is aborted meanwhile
 */
export async function lockRuns(
  client: pg.ClientBase,
  onWait: (pid: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let isWaiting = false
  for (;;) {
    const { rows } = await client.query('select pg_try_advisory_lock($1::int8) as locked', [String(LOCK)])
    if (rows[0].locked) return
    if (!isWaiting) {
      const holder = await client.query(
        `select pid from pg_locks
         where locktype = 'advisory' and granted and objsubid = 1
           and (classid::int8 << 32) + objid::int8 = $1::int8`,
        [String(LOCK)],
      )
      onWait(holder.rows[0]?.pid ?? 0)
      isWaiting = true
    }
    await setTimeout(500, undefined, { signal })
  }
}
