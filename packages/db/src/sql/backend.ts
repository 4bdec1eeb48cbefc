import { type Statement, sql, statement } from './statement.js'

/** Several statements, for the simple protocol: the last but one says which process of the server has done it. */
export const listenForProbe = statement<never>(
  sql`begin; listen funes_probe; select pg_backend_pid() as pid; commit`,
  { prepare: false },
)
export const stopListening = statement<never>(
  sql`begin; unlisten funes_probe; select pg_backend_pid() as pid; commit`,
  { prepare: false },
)

export function notifyProbe(nonce: string): Statement<never> {
  return statement(sql`select pg_notify('funes_probe', ${nonce})`, { prepare: false })
}

/**
 * Takes away what SQL may have left on a session, in a transaction too. Several statements, for the simple protocol. Prepared
 * statements stay: the driver knows which there are. Cursors go first, as nothing can be dropped under them.
 */
export const clearSession = statement<never>(
  sql`
    close all; reset session authorization; reset all; discard temp; discard sequences; unlisten *;
    select pg_advisory_unlock_all()`,
  { prepare: false },
)
