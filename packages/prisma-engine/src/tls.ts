import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'

/** One way to connect: without TLS, or with it under these options. */
export type TlsAttempt = false | ConnectionOptions

/** The parameters of a url that are about TLS: Prisma's own and libpq's. */
export const TLS_PARAMETERS = [
  'ssl',
  'sslmode',
  'sslaccept',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'sslidentity',
  'sslpassword',
] as const

/**
 * The ways to try, in order. As with Prisma's own engine, no `sslmode` means TLS where the server offers it, and a
 * certificate is only verified with `sslaccept=strict` or one of the `verify-` modes. `sslcert` is the authority's
 * certificate, as Prisma has it, unless `sslkey` or `sslrootcert` show that libpq's meaning is meant.
 */
export function tlsAttempts(params: URLSearchParams): TlsAttempt[] {
  const mode = params.get('sslmode') ?? modeOf(params.get('ssl'))
  if (mode === 'disable') return [false]
  const options = tlsOptions(params, mode)
  if (mode === 'allow') return [false, options]
  if (mode === 'prefer') return [options, false]
  return [options]
}

function modeOf(ssl: string | null): string {
  if (ssl === null) return 'prefer'
  return ssl === 'true' || ssl === '1' ? 'require' : 'disable'
}

function tlsOptions(params: URLSearchParams, mode: string): ConnectionOptions {
  const file = (name: string) => {
    const path = params.get(name)
    return path ? readFileSync(path) : undefined
  }
  const libpq = params.has('sslkey') || params.has('sslrootcert')
  const entries = {
    ca: file(libpq ? 'sslrootcert' : 'sslcert'),
    cert: libpq ? file('sslcert') : undefined,
    key: file('sslkey'),
    pfx: file('sslidentity'),
    passphrase: params.get('sslpassword') ?? undefined,
    checkServerIdentity: mode === 'verify-ca' ? () => undefined : undefined,
  }
  const given = Object.entries(entries).filter(([, value]) => value !== undefined)
  const verify = params.get('sslaccept') === 'strict' || mode.startsWith('verify-')
  return { rejectUnauthorized: verify, ...Object.fromEntries(given) }
}
