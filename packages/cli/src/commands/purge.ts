import type { PurgeReceipt } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, USER, YES } from '../command/general.js'
import { exitCodeOf } from '../exit-codes.js'
import { whole } from '../screen/figures.js'
import { drawFacts } from '../screen/table.js'

function vacuum({ vacuumed, vacuumError }: PurgeReceipt): string {
  if (vacuumed) return 'yes'
  return vacuumError === null
    ? 'no: --vacuum clears the pages of indexes too'
    : `no, it failed (${vacuumError}): the same command tries again`
}

function show(receipt: PurgeReceipt, width: number): string[] {
  const { removed, left, unread, digest } = receipt
  const counts = Object.entries(removed).map(([table, rows]) => [table, rows] as const)
  return [
    ...drawFacts(counts, width),
    '',
    ...drawFacts(
      [
        ['rows left in Funes', 0],
        ['other tables with rows', left.length === 0 ? 'none' : left.join(', ')],
        ['tables not readable', unread.length === 0 ? 'none' : unread.join(', ')],
        ['vacuumed', vacuum(receipt)],
        ['digest', digest],
      ],
      // A receipt is shown whole: the terminal breaks it.
      Number.POSITIVE_INFINITY,
    ),
  ]
}

export const purge = defineCommand({
  name: 'purge',
  summary: 'remove everything of a user for good, and prove it with a receipt',
  details:
    'Memories, vectors, history, sessions, usage and the user itself, in batches; then every table is looked through again. ' +
    'Stopped or killed, the same command finishes it. Backups and replicas are out of its reach. Keep the receipt: --json.',
  options: {
    user: { ...USER.user, required: true, about: 'whose' },
    vacuum: {
      type: 'flag',
      about: "also clear the pages that still hold the user's vectors; needs the owner of the tables",
    },
    batch: {
      type: 'integer',
      min: 1,
      max: 50_000,
      value: 'n',
      about: 'rows a transaction; 2000 unless given',
    },
    ...YES,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes purge -u ada', about: 'asks first' },
    { line: 'funes purge -u ada --vacuum --yes --json > receipt.json', about: 'from a script' },
  ],
  async run({ values }, session) {
    const { user, vacuum, batch } = values
    const place = session.placeOf(values).name
    const funes = await session.open(values)
    const count = await funes.memories.count({ userId: user })
    await session.confirm(
      `Remove the user ${JSON.stringify(user)} with ${whole(count)} memories and all that belongs to them from ${place}, for good?`,
      values.yes,
    )
    const progress = session.progress('purging')
    const receipt = await funes.purge({
      userId: user,
      vacuum,
      ...(batch !== undefined && { batchSize: batch }),
      onProgress: ({ table, done, total }) => progress.update(done, total, `purging ${table}`),
      signal: session.signal,
    })
    progress.end()
    const { vacuumError } = receipt
    return {
      data: receipt,
      show: (width) => show(receipt, width),
      // The user is gone, and not all that was asked for was done.
      ...(vacuumError !== null && { exitCode: exitCodeOf(vacuumError) }),
    }
  },
})
