import { type FunesError, isFunesError } from '../errors/funes-error.js'

/** `ok`: looked at, and well. `info`: worth knowing. `warning`: it works, at a risk or slowly. `error`: something does not work. */
export type Severity = 'ok' | 'info' | 'warning' | 'error'

/** What to do about a finding: at least one of the three, ready to be used. */
export interface DoctorFix {
  /** For a shell. */
  readonly command?: string
  /** For psql, in this database. */
  readonly sql?: string
  /** For a person. */
  readonly text?: string
}

/** What one check of `doctor` found. */
export interface DoctorFinding {
  /** Dotted and stable: the check, and what it came upon (`pool.exhausted`). */
  readonly id: string
  readonly severity: Severity
  /** What is so, in a few words. */
  readonly title: string
  /** How it is known, with figures. */
  readonly detail: string
  /** Null where nothing needs to be done. */
  readonly fix: DoctorFix | null
}

export function ok(id: string, title: string, detail = ''): DoctorFinding {
  return { id, severity: 'ok', title, detail, fix: null }
}

export function found(
  severity: Exclude<Severity, 'ok'>,
  id: string,
  title: string,
  detail: string,
  fix: DoctorFix | null,
): DoctorFinding {
  return { id, severity, title, detail, fix }
}

/** A check that failed itself. */
export function failed(id: string, title: string, error: unknown): DoctorFinding {
  const known: FunesError | undefined = isFunesError(error) ? error : undefined
  const sqlstate = typeof known?.meta.sqlstate === 'string' ? ` (SQLSTATE ${known.meta.sqlstate})` : ''
  return found(
    'warning',
    `${id}.unknown`,
    `${title}: this could not be checked`,
    known ? `${known.code}: ${known.message}${sqlstate}` : 'The check failed for a reason of its own.',
    { text: known?.fix ?? 'Report it as a fault of Funes.' },
  )
}

/** Bytes as people write them: 1.5 GB, 64 MB, 12 kB. */
export function size(bytes: number): string {
  for (const [unit, by] of [
    ['GB', 1 << 30],
    ['MB', 1 << 20],
    ['kB', 1 << 10],
  ] as const) {
    if (bytes >= by) return `${Number((bytes / by).toPrecision(3))} ${unit}`
  }
  return `${bytes} bytes`
}

/** A time as people say it: 850 ms, 12 s, 5 min, 3 h. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  return `${Math.round(ms / 3_600_000)} h`
}

/** `name` as SQL writes it where it is not a plain word. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** `text` as SQL writes it. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** `value` as one word of a POSIX shell. */
export function shellWord(value: string): string {
  return /^[\w./:@=+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}

/** How a setting of the server is changed for good. */
export function setSetting(name: string, value: string): string {
  return `alter system set ${name} = '${value}'; select pg_reload_conf();`
}
