import { defineCommand } from '../command/command.js'
import { CONNECTION } from '../command/general.js'
import { usageError } from '../fault.js'
import { size, whole } from '../screen/figures.js'
import { drawFacts } from '../screen/table.js'

export const exportArchive = defineCommand({
  name: 'export',
  summary: 'write everything into one file: users, sessions, memories, vectors, history, models, tools',
  details:
    'As it is at one moment, checksummed. The file appears when it is complete, in place of what was there. The other engine, or ' +
    'another server, takes it over with `funes import`.',
  operands: [{ name: 'file', about: 'where to; - is stdout', required: true, path: 'file' }],
  options: {
    user: { type: 'text', short: 'u', value: 'id', many: true, about: 'only what belongs to this user' },
    compression: {
      type: 'text',
      choices: ['gzip', 'zstd', 'none'],
      value: 'kind',
      about: 'gzip unless given; zstd needs Node 22.15',
    },
    'live-only': { type: 'flag', about: 'leave out what is deleted or past its time' },
    ...CONNECTION,
  },
  examples: [
    { line: 'funes export backup.jsonl.gz', about: 'everything' },
    { line: 'funes export ada.jsonl --user ada --compression none', about: 'one user, to be read' },
    {
      line: 'funes export - --data-dir .funes | funes import - --migrate',
      about: 'from the embedded database into the server that FUNES_DATABASE_URL names',
    },
  ],
  async run({ values, operands: [file = ''] }, session) {
    const { user, compression } = values
    const toStdout = file === '-'
    if (toStdout && values.json) throw usageError('--json and - both want stdout.', 'Name a file.')
    if (toStdout && session.io.stdout.isTTY)
      throw usageError('An archive is not for a terminal.', 'Name a file, or hand it to another program.')
    const funes = await session.open(values)
    const progress = session.progress('exporting')
    const result = await funes.archive.export({
      to: toStdout ? session.io.stdout : file,
      ...(user.length > 0 && { users: user }),
      ...(compression !== undefined && { compression }),
      ...(values['live-only'] && { includeDeleted: false }),
      onProgress: ({ done, total }) => progress.update(done, total),
      signal: session.signal,
    })
    progress.end()
    if (toStdout) return undefined
    const counts = Object.entries(result.counts).map(([table, rows]) => [table, rows] as const)
    return {
      data: { file, ...result },
      show: (width) => [
        ...drawFacts(counts, width),
        '',
        `${file}: ${whole(result.lines)} lines, ${size(result.bytes)}, sha256 ${result.sha256}`,
      ],
    }
  },
})
