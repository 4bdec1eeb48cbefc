import { defineCommand } from '../command/command.js'
import { CONNECTION, YES } from '../command/general.js'
import { whole } from '../screen/figures.js'

export const sweep = defineCommand({
  name: 'sweep',
  summary: 'remove memories past their time, and those deleted long ago',
  details:
    'Any number of processes may sweep at once. Meant for a timer: what has expired is not found meanwhile anyway.',
  options: {
    'expired-for': {
      type: 'span',
      value: 'span',
      about: 'leave what has expired for so long, as 7d; 0s unless given',
    },
    'deleted-for': {
      type: 'span',
      value: 'span',
      about: 'also remove what was deleted so long ago; unless given it stays',
    },
    limit: { type: 'integer', min: 1, value: 'n', about: 'memories at most' },
    ...YES,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes sweep --yes', about: 'from a timer: what has expired' },
    { line: 'funes sweep --deleted-for 30d', about: 'also what was deleted a month ago; asks first' },
  ],
  async run({ values }, session) {
    const { limit } = values
    const expiredForMs = values['expired-for']
    const deletedForMs = values['deleted-for']
    const what = deletedForMs === undefined ? 'expired' : 'expired and deleted'
    await session.confirm(
      `Remove ${what} memories from ${session.placeOf(values).name}, for good?`,
      values.yes,
    )
    const funes = await session.open(values)
    const progress = session.progress('sweeping')
    const swept = await funes.lifecycle.sweep({
      ...(limit !== undefined && { limit }),
      ...(expiredForMs !== undefined && { expiredForMs }),
      ...(deletedForMs !== undefined && { deletedForMs }),
      onProgress: ({ expired, deleted }) => progress.update(expired + deleted),
      signal: session.signal,
    })
    progress.end()
    return {
      data: swept,
      show: () => [
        `Removed ${whole(swept.expired)} that had expired, ${whole(swept.deleted)} that had been deleted.`,
      ],
    }
  },
})
