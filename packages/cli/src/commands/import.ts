import { existsSync } from 'node:fs'
import type { ImportedRows, ImportResult } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, VECTORS, YES } from '../command/general.js'
import { cliError, usageError } from '../fault.js'
import { whole } from '../screen/figures.js'
import { drawTable } from '../screen/table.js'

/** What an archive has of each table, and what became of it where that is counted: vectors and history go with their memories. */
function tables({ counts, rows }: ImportResult) {
  const became: Readonly<Record<string, ImportedRows>> = rows
  const archived: Readonly<Record<string, number>> = counts
  return [...new Set([...Object.keys(archived), ...Object.keys(became)])].map((table) => ({
    table,
    archived: archived[table] ?? 0,
    rows: became[table],
  }))
}

export const importArchive = defineCommand({
  name: 'import',
  summary: 'take an archive of `funes export` over',
  details:
    'All of it is verified first: of a damaged archive nothing is stored, and the line is named. Interrupted, the same ' +
    'command goes on. With --onto only the vectors of that model are kept, and those it lacks are made by --embedder.',
  operands: [{ name: 'file', about: 'the archive; - is stdin', required: true, path: 'file' }],
  options: {
    migrate: { type: 'flag', about: 'bring the database to the schema of this release first, or make it' },
    replace: { type: 'flag', about: 'overwrite what is there with another content; asks first' },
    skip: { type: 'flag', about: 'leave what is there with another content; unless given, it is an error' },
    onto: {
      type: 'text',
      value: 'model',
      about: 'have the vectors of this registered model only; unless given, all that the archive has',
    },
    batch: {
      type: 'integer',
      min: 1,
      max: 10_000,
      value: 'n',
      about: 'memories a transaction; 1000 unless given',
    },
    ...YES,
    ...VECTORS,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes import backup.jsonl.gz --migrate', about: 'into an empty database' },
    { line: 'funes import backup.jsonl.gz --replace --yes', about: 'over what is there' },
    {
      line: 'funes import backup.jsonl.gz --onto universal-sentence-encoder-lite --embedder energetic',
      about: 'onto another model',
    },
  ],
  async run({ values, operands: [file = ''] }, session) {
    const { replace, skip, onto, batch } = values
    if (replace && skip) throw usageError('--replace and --skip contradict each other.', 'Give one.')
    if (file !== '-' && !existsSync(file))
      throw cliError('CLI.FILE_NOT_FOUND', `There is no file ${file}.`, 'Check the path.')
    if (replace) {
      const place = session.placeOf(values).name
      await session.confirm(`Overwrite what ${place} has with what ${file} has, for good?`, values.yes)
    }
    const funes = await session.open(values, { create: values.migrate })
    if (values.migrate) await funes.migrate()
    const progress = session.progress('importing')
    const result = await funes.archive.import({
      from: file === '-' ? session.io.stdin : file,
      onConflict: replace ? 'replace' : skip ? 'skip' : 'error',
      ...(onto !== undefined && { model: onto }),
      ...(batch !== undefined && { batchSize: batch }),
      onProgress: ({ phase, done, total }) => progress.update(done, total, phase),
      signal: session.signal,
    })
    progress.end()
    return {
      data: result,
      show: (width) => [
        ...drawTable(
          tables(result),
          [
            { title: 'table', of: ({ table }) => table },
            { title: 'in the archive', of: ({ archived }) => archived, align: 'right' },
            { title: 'added', of: ({ rows }) => rows?.added, align: 'right' },
            { title: 'same', of: ({ rows }) => rows?.same, align: 'right' },
            { title: 'replaced', of: ({ rows }) => rows?.replaced, align: 'right' },
            { title: 'skipped', of: ({ rows }) => rows?.skipped, align: 'right' },
          ],
          width,
        ),
        ...(result.embedded === 0 ? [] : ['', `${whole(result.embedded)} vectors were made anew.`]),
      ],
    }
  },
})
