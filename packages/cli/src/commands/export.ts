import { existsSync, realpathSync } from 'node:fs'
import { defineCommand } from '../command/command.js'
import { CONNECTION } from '../command/general.js'
import { usageError } from '../fault.js'
import { size, whole } from '../screen/figures.js'
import { drawFacts } from '../screen/table.js'

export const exportArchive = defineCommand({
  name: 'export',
  summary: 'write everything into one file: users, sessions, memories, vectors, history, models, tools',
  details:
    'As it is at one moment, checksummed. The file appears when it is complete, in place of what was there; until then it is ' +
    '`<file>.part`; symbolic links are followed, pipes and devices written into. Of an interrupted export that stays, and --resume goes on with it. The other engine, or another server, takes ' +
    'the file over with `funes import`.',
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
    resume: {
      type: 'flag',
      about:
        'go on with what an interrupted export of the same options left; begin anew where there is nothing',
    },
    ...CONNECTION,
  },
  examples: [
    { line: 'funes export backup.jsonl.gz', about: 'everything' },
    { line: 'funes export backup.jsonl.gz --resume', about: 'after Ctrl-C, a kill or a lost connection' },
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
    if (toStdout && values.resume) throw usageError('Only a file can be resumed.', 'Name one.')
    const funes = await session.open(values)
    const progress = session.progress('exporting')
    const exporting = funes.archive.export({
      to: toStdout ? session.io.stdout : file,
      ...(user.length > 0 && { users: user }),
      ...(compression !== undefined && { compression }),
      ...(values['live-only'] && { includeDeleted: false }),
      ...(values.resume && { resume: true }),
      onProgress: ({ phase, done, total }) => progress.update(done, total, phase),
      signal: session.signal,
    })
    const result = await exporting.catch((error: unknown) => {
      progress.end()
      const part = `${existsSync(file) ? realpathSync(file) : file}.part`
      if (!toStdout && existsSync(part))
        session.screen.say(`${part} is kept: the same command with --resume goes on with it.`)
      throw error
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
        ...(result.takenOver === 0
          ? []
          : [
              `${whole(result.takenOver)} lines were there already; it is as of ${result.moments.join(' and ')}.`,
            ]),
      ],
    }
  },
})
