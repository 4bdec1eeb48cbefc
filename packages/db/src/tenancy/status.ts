import type { Executor } from '../engine/executor.js'
import { selectHidden } from '../sql/archive-tables.js'
import { selectBypass, selectProtection } from '../sql/tenancy.js'

/** How far the database itself keeps users apart. */
export interface TenancyStatus {
  /** `partly`: on some tables, as after an update that brought a table. */
  readonly rowLevelSecurity: 'on' | 'off' | 'partly'
  /** The role that scoped calls run as; null while off. */
  readonly role: string | null
  /** Tables of user data whose rows the database does not keep apart. */
  readonly unprotected: readonly string[]
  /** Whether this connection's own role passes policies by: then only calls through `funes.as` are held to them. */
  readonly bypassed: boolean
  /**
   * Whether statements outside of a scope reach the rows of all users: `seen`; `on-demand`, where the connection has to be
   * opened with `options=-c funes.scope=all-users`, which the tables' owner may; `hidden` from this role in any case.
   */
  readonly allUsers: 'seen' | 'on-demand' | 'hidden'
}

export async function readTenancy(executor: Executor): Promise<TenancyStatus> {
  const tables = await executor.run(selectProtection)
  const [own] = await executor.run(selectBypass)
  const unprotected = tables.filter(({ isProtected }) => !isProtected).map(({ name }) => name)
  const isOff = unprotected.length === tables.length
  const bypassed = own?.bypasses ?? false
  const isSeen = isOff || bypassed
  const isHidden = !isSeen && (await executor.run(selectHidden)).length > 0
  return {
    rowLevelSecurity: isOff ? 'off' : unprotected.length === 0 ? 'on' : 'partly',
    role: tables.find(({ role }) => role !== null)?.role ?? null,
    unprotected,
    bypassed,
    allUsers: isHidden ? 'hidden' : isSeen || own?.meansAllUsers ? 'seen' : 'on-demand',
  }
}
