import type { Check } from './check.js'
import { type DoctorFinding, found, ok } from './finding.js'
import type { Backend } from './patient.js'

/** What is to be said of who answers on a connection: another process than the one that was announced means that somebody stands between. */
export function judgePooler({ announced, actual, staysWithUs }: Backend): DoctorFinding {
  if (announced === undefined || announced === actual)
    return ok('pooler', 'Connections go to the server itself')
  const seen = `The connection was announced as process ${announced}, and process ${actual} answers.`
  if (staysWithUs === true) {
    return found(
      'info',
      'pooler.sessions',
      'A pooler stands between this process and the server, and leaves each session its connection',
      `${seen} Everything works through it.`,
      null,
    )
  }
  return found(
    'info',
    'pooler.between',
    'A pooler stands between this process and the server',
    `${seen} ${staysWithUs === false ? 'It gives its connections out by transaction. ' : ''}Searches and writes work through it, and so do migrations, exports and imports.`,
    {
      text:
        'Building and dropping indexes, `reembed`, `retire` with `remove` and `purge` with `vacuum` need a session of their own, and are refused with ' +
        'DB.POOLER: give those the url of the server itself. `limits.maxConnections` counts against what the pooler lets in.',
    },
  )
}

export const checkPooler: Check = {
  id: 'pooler',
  title: 'Pooler',
  notEmbedded: 'the embedded engine is in this process',
  async run(patient) {
    return [judgePooler(await patient.backend())]
  },
}
