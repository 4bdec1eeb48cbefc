import type { FunesErrorCode } from './codes.js'

type Rule = readonly [code: FunesErrorCode, message: string, fix: string]

const NO_PASSWORD: Rule = [
  'DB.AUTH_FAILED',
  'The database wants a password, and none was given.',
  'Write it into the url, percent-encoded, or set PGPASSWORD.',
]
const LOGIN_FAILED: Rule = [
  'DB.AUTH_FAILED',
  'The server and this client could not agree on how to log in.',
  'Check user and password in the url, and the method in pg_hba.conf; see `cause`.',
]
const NO_TLS: Rule = [
  'DB.TLS_FAILED',
  'The url asks for TLS, and the server has none.',
  'Turn `ssl` on in the server, or set sslmode=disable in the url where the network can be trusted.',
]
const TLS_FAILED: Rule = [
  'DB.TLS_FAILED',
  'No TLS connection to the database could be made, or its certificate is not trusted.',
  'Name the authority with sslrootcert in the url, and the host by the name in its certificate; `cause` says what is wrong.',
]

/** What Node says of certificates and handshakes: its own codes, and those of OpenSSL. */
const OF_TLS =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|SELF_SIGNED_CERT|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|(HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|EPROTO)$)/

/** What goes wrong between a socket and a session, of which neither has a code: pg itself says so. */
export function connectionRule(message: string, system: string | undefined): Rule | undefined {
  if (/^SASL: .*client password must be a/.test(message)) return NO_PASSWORD
  if (/^SASL: /.test(message)) return LOGIN_FAILED
  if (/server does not support SSL connections/.test(message)) return NO_TLS
  if (/error establishing an SSL connection/.test(message)) return TLS_FAILED
  return system !== undefined && OF_TLS.test(system) ? TLS_FAILED : undefined
}
