const HIDDEN = '***'

/** `//user:password@` of any url; the last @ before a blank, as an unencoded password may hold others. */
const USER_INFO = /(\/\/[^\s:/@]*):[^\s]*@/g
/** As in `?password=`, `&sslpassword=`, and in a connection string of keywords and values. */
const PARAMETER = /\b((?:ssl)?password\s*=\s*)('[^']*'|[^\s&]+)/gi

/** Shorter ones, or plain words, occur in messages for reasons of their own. */
function isTelling(password: string): boolean {
  return password.length >= 8 || (password.length >= 4 && /[^a-z]/i.test(password))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Everything that stands for a password in `url`, as it is and decoded. */
function passwordsIn(url: string): string[] {
  const userInfo = /\/\/([^:/@]*):(.*)@/s.exec(url)
  const parameters = [...url.matchAll(/[?&](?:ssl)?password=([^&]*)/gi)].map(([, value]) => value as string)
  const [, user, password] = userInfo ?? []
  return [...(password !== undefined && password !== user ? [password] : []), ...parameters]
}

/** Takes passwords out of text. */
export type Redact = (text: string) => string

/**
 * Makes what takes passwords out of text: those of any url, and those of the urls given, wherever they stand.
 *
 * @param secrets urls and passwords that this process was given
 */
export function createRedact(secrets: {
  urls: readonly (string | undefined)[]
  passwords: readonly (string | undefined)[]
}): Redact {
  const urls = secrets.urls.filter((url) => url !== undefined && url !== '') as string[]
  const passwords = [...urls.flatMap(passwordsIn), ...secrets.passwords.filter((p) => p !== undefined)]
  const known = [...new Set(passwords.flatMap((p) => [p, decoded(p), encodeURIComponent(decoded(p))]))]
    .filter(isTelling)
    .sort((a, b) => b.length - a.length)
  return (text) => {
    let safe = text
    for (const password of known) safe = safe.replaceAll(password, HIDDEN)
    return safe.replace(USER_INFO, `$1:${HIDDEN}@`).replace(PARAMETER, `$1${HIDDEN}`)
  }
}

/** `value` as JSON has it, every text in it redacted: in the finished JSON a password could not be told from what follows it. */
export function redactJson(value: unknown, redact: Redact): unknown {
  return JSON.parse(JSON.stringify(value), (_, item) => (typeof item === 'string' ? redact(item) : item))
}
