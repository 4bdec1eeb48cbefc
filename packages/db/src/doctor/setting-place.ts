import type { SettingSource } from '../sql/doctor.js'
import { type DoctorFix, quoted, setSetting } from './finding.js'

/** Where settings get their values, by name. */
export type SettingPlaces = ReadonlyMap<string, SettingSource>

const LATER = 'It holds for connections that are opened from then on: start the application anew.'

/** What stands above the whole server's configuration, which then changes nothing; null for that itself. */
function ownPlace({ source, role, database }: SettingSource): string | null {
  switch (source) {
    case 'database':
      return `alter database ${quoted(database)}`
    case 'user':
      return `alter role ${quoted(role)}`
    case 'database user':
      return `alter role ${quoted(role)} in database ${quoted(database)}`
    case 'global':
      return 'alter role all'
    default:
      return null
  }
}

/** What no statement changes for good; null for what one does. */
function outOfReach(name: string, { source }: SettingSource): string | null {
  switch (source) {
    case 'client':
    case 'session':
      return `Connections bring it with them: take ${name} out of \`options\` in the url, of PGOPTIONS, or of a \`set\` of the application.`
    case 'command line':
      return `The server was started with it: take ${name} out of its command line, and restart it.`
    default:
      return null
  }
}

/**
 * How a setting is changed where it was made: what a database or a role has been given is not undone by the server's.
 *
 * @param value null for what it would be without
 */
export function changeSetting(name: string, value: string | null, places: SettingPlaces): DoctorFix {
  const place = places.get(name) ?? { source: 'default', role: '', database: '' }
  const text = outOfReach(name, place)
  if (text !== null) return { text }
  const own = ownPlace(place)
  if (own !== null) {
    return { sql: `${own} ${value === null ? `reset ${name}` : `set ${name} = '${value}'`};`, text: LATER }
  }
  return {
    sql: value === null ? `alter system reset ${name}; select pg_reload_conf();` : setSetting(name, value),
  }
}
