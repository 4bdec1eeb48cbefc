import { defineCommand } from '../command/command.js'
import { CONNECTION, VECTORS } from '../command/general.js'
import { EXIT } from '../exit-codes.js'

export const migrate = defineCommand({
  name: 'migrate',
  summary: 'bring the database to the schema of this release',
  details:
    'Safe to run at every start and from many processes at once; each migration is one transaction. With --embedder ' +
    'its model is registered too. An embedded database that is not there is made.',
  options: {
    ...CONNECTION,
    ...VECTORS,
    check: { type: 'flag', about: 'apply nothing: list what is pending, and end with 1 if anything is' },
  },
  examples: [
    {
      line: 'funes migrate',
      about: 'the embedded database in ./.funes, or the one that FUNES_DATABASE_URL names',
    },
    { line: 'funes migrate --embedder energetic', about: 'register the model of that encoder too' },
    { line: 'funes migrate --check --json', about: 'before a deployment: is there anything to apply?' },
  ],
  async run({ values }, session) {
    const place = session.placeOf(values).name
    if (values.check) {
      const funes = await session.open(values, { rows: 'nobody' })
      const { pendingMigrations: pending, postgres, findings } = await funes.health()
      // Health never throws: what kept it from looking is its first finding.
      if (postgres === null) throw Object.assign(new Error(findings[0]?.message), findings[0])
      return {
        data: { pending },
        show: () => (pending.length === 0 ? [`Nothing to apply to ${place}.`] : pending),
        exitCode: pending.length === 0 ? EXIT.ok : EXIT.failed,
      }
    }
    const funes = await session.open(values, { create: true, rows: 'nobody' })
    const { applied } = await funes.migrate()
    return {
      data: { applied },
      show: () =>
        applied.length === 0
          ? [`Nothing to apply: ${place} is up to date.`]
          : [`Applied ${applied.length} to ${place}:`, ...applied.map((name) => `  ${name}`)],
    }
  },
})
