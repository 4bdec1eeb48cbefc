import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import type { Engine } from '../engine/engine.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import { checked, idText } from '../input.js'
import {
  assignTenant,
  disableTenancy,
  enableTenancy,
  ROLE_REFUSED,
  selectProtection,
} from '../sql/tenancy.js'
import { readTenancy, type TenancyStatus } from './status.js'

/** Row-level security: whether the database itself keeps users and tenants apart. */
export interface Tenancy {
  /**
   * Turns row-level security on, for the tables' owner too: from then on only `funes.as` sees rows, but for roles that pass
   * policies by (superusers, BYPASSRLS). Makes the role that scoped calls run as: unless given, the one that they run as
   * already, or else `funes_app`. May be called again, as after an update that brought a table. All of it or nothing.
   *
   * @throws `INPUT.INVALID`, `TENANCY.ROLE_REFUSED`, `DB.PERMISSION_DENIED` unless called as the tables' owner, `DB.LOCK_TIMEOUT`
   */
  enable(options?: { role?: string } & CallOptions): Promise<TenancyStatus>
  /**
   * Turns it off. The role stays, with its rights.
   *
   * @throws `DB.PERMISSION_DENIED`, `DB.LOCK_TIMEOUT`
   */
  disable(options?: CallOptions): Promise<TenancyStatus>
  /**
   * Whether it is on, and whom it does not hold.
   *
   * @throws `DB.*`
   */
  status(options?: CallOptions): Promise<TenancyStatus>
  /**
   * Makes a user a tenant's, or nobody's with `null`; the user is made where missing. While row-level security is on, this
   * takes a connection that sees all users.
   *
   * @throws `INPUT.INVALID`, `TENANCY.FOREIGN_USER` from a connection that does not
   */
  assign(user: { userId: string; tenantId: string | null } & CallOptions): Promise<void>
}

const DEFAULT_ROLE = 'funes_app'

const enableSchema = z.strictObject({ role: z.string().min(1).max(63).optional() })
const assignSchema = z.strictObject({ userId: idText, tenantId: idText.nullable() })

/** What the refusal of `enable` means, where it says something of the role. */
function enableError(error: unknown, role: string): unknown {
  if (isFunesError(error, 'DB.QUERY_FAILED') && error.meta.sqlstate === ROLE_REFUSED) {
    return funesError(
      'TENANCY.ROLE_REFUSED',
      `The role ${JSON.stringify(role)} cannot be one that is held to row-level security.`,
      {
        fix: "Give the name of a new role, or of one that is no superuser, has no BYPASSRLS and is no member of the tables' owner.",
        meta: { role },
        cause: error,
      },
    )
  }
  if (!isFunesError(error, 'DB.PERMISSION_DENIED')) return error
  return funesError('DB.PERMISSION_DENIED', 'This connection may not turn row-level security on.', {
    fix: `Connect as the owner of the tables; and if that may not create roles, run \`create role "${role}" nologin; grant "${role}" to OWNER\` as a superuser first.`,
    meta: error.meta,
    cause: error,
  })
}

export function createTenancy(engine: Engine): Tenancy {
  /** Another role than the present one would shut out the applications that connect as members of that. */
  async function presentRole(): Promise<string> {
    const tables = await engine.run(selectProtection)
    return tables.find(({ role }) => role !== null)?.role ?? DEFAULT_ROLE
  }

  return {
    async enable(options = {}) {
      const { role = await presentRole() } = checked(enableSchema, options)
      try {
        await engine.run(enableTenancy(role))
      } catch (error) {
        throw enableError(error, role)
      }
      return readTenancy(engine)
    },
    async disable() {
      await engine.run(disableTenancy)
      return readTenancy(engine)
    },
    status: () => readTenancy(engine),
    async assign(user) {
      const { userId, tenantId } = checked(assignSchema, user)
      await engine.run(assignTenant(userId, tenantId))
    },
  }
}
