import type { Funes, IndexCheck } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION } from '../command/general.js'
import { EXIT } from '../exit-codes.js'
import { drawTable } from '../screen/table.js'
import type { Session } from '../session.js'

const showChecks = (checks: readonly IndexCheck[]) => (width: number) =>
  checks.length === 0
    ? ['No model is to have an index.']
    : drawTable(
        checks,
        [
          { title: 'model', of: ({ model }) => model },
          { title: 'built', of: ({ built }) => (built ? 'yes' : 'no') },
          { title: 'valid', of: ({ valid }) => (valid ? 'yes' : 'no') },
          { title: 'used', of: ({ used }) => (used === null ? 'too few rows' : used ? 'yes' : 'no') },
          { title: 'problem', of: ({ problem }) => problem ?? '', flexible: true },
        ],
        width,
      )

interface Done {
  readonly model: string
  readonly did: 'rebuilt' | 'built' | 'stood'
}

async function make(
  funes: Funes,
  { model, built, valid }: IndexCheck,
  onlyMissing: boolean,
  session: Session,
): Promise<Done> {
  const progress = session.progress(`index of ${model}`)
  const options = {
    onProgress: ({ phase, done, total }: { phase: string; done: number; total: number }) =>
      progress.update(done, total, `index of ${model}: ${phase}`),
    signal: session.signal,
  }
  try {
    // `build` also makes a model active that waited for its index.
    if (onlyMissing || !built || !valid)
      return { model, did: (await funes.indexes.build(model, options)) ? 'built' : 'stood' }
    await funes.indexes.rebuild(model, options)
    return { model, did: 'rebuilt' }
  } finally {
    progress.end()
  }
}

export const reindex = defineCommand({
  name: 'reindex',
  summary: 'build vector indexes anew, or those that are missing or invalid',
  details:
    'On a server writing and searching go on meanwhile, and the old index serves until the new one is there. ' +
    'Interrupted, it leaves nothing that the next run does not remove.',
  operands: [{ name: 'model', about: 'of which model; of all that are in use unless given' }],
  options: {
    missing: { type: 'flag', about: 'only what is missing or invalid; an index that stands is left alone' },
    check: { type: 'flag', about: 'build nothing: show the state, and end with 1 if anything is wrong' },
    ...CONNECTION,
  },
  examples: [
    { line: 'funes reindex --check', about: 'is every index there, valid, and used by the planner?' },
    { line: 'funes reindex --missing', about: 'after a bulk load, or a build that was broken off' },
    { line: 'funes reindex default', about: 'one model, from scratch' },
  ],
  async run({ values, operands: [model] }, session) {
    const funes = await session.open(values)
    const checks = await funes.indexes.check(model)
    if (values.check) {
      const isSound = checks.every(({ problem }) => problem === null)
      return { data: { checks }, show: showChecks(checks), exitCode: isSound ? EXIT.ok : EXIT.failed }
    }
    const done: Done[] = []
    for (const check of checks) done.push(await make(funes, check, values.missing, session))
    return {
      data: { indexes: done },
      show: (width) =>
        done.length === 0
          ? ['No model is to have an index.']
          : drawTable(
              done,
              [
                { title: 'model', of: ({ model }) => model, flexible: true },
                { title: 'index', of: ({ did }) => did },
              ],
              width,
            ),
    }
  },
})
