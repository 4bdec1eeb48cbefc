import { checkIndex, type IndexState } from '../indexes/check.js'
import { exactUpTo } from '../models/effort.js'
import { createModels } from '../models/models.js'
import type { EmbeddingModel } from '../models/types.js'
import { selectHidden } from '../sql/archive-tables.js'
import { selectSettings } from '../sql/doctor.js'
import { countLiveVectors, countToolVectors } from '../sql/index-sample.js'
import type { Check } from './check.js'
import { readPlaces } from './check-settings.js'
import { type DoctorFinding, type DoctorFix, found, ok, shellWord } from './finding.js'
import type { Patient } from './patient.js'
import { changeSetting } from './setting-place.js'
import { checkUserSearch } from './user-search.js'

/** What the two indexes of a model are over. */
const OVER = {
  memories: { title: 'vector index', table: 'memory_embeddings', all: 'every search over all users' },
  tools: { title: 'vector index of the tools', table: 'tool_embeddings', all: 'every selection of tools' },
} as const

const build = ({ name }: EmbeddingModel) => ({
  command: `funes reindex ${shellWord(name)}`,
  text: `Or \`await funes.indexes.build(${JSON.stringify(name)})\`. Writing goes on meanwhile.`,
})

/**
 * What is to be said of one index; `vectors` are those that it is over, counted up to one more than `compared`; `allow` is what to
 * do where no plan may use any index, and null where plans may.
 */
function judgeIndex(
  index: IndexState,
  over: keyof typeof OVER,
  model: EmbeddingModel,
  { vectors, compared, allow }: { vectors: number; compared: number; allow: DoctorFix | null },
): DoctorFinding[] {
  const { title, table, all } = OVER[over]
  const of = `the model ${JSON.stringify(model.name)}`
  const findings: DoctorFinding[] = []
  if (!index.built || !index.valid) {
    const isSlow = vectors > compared
    const reason = isSlow
      ? `There are more than ${compared} vectors, and ${all} compares each one: it is slow, and slower with every one.`
      : `There are ${vectors} vectors: up to ${compared} all are compared anyway, so nothing is slow yet.`
    const state = index.built ? 'invalid' : 'missing'
    findings.push(
      found(
        isSlow ? 'error' : 'warning',
        `vector-index.${state}`,
        `The ${title} of ${of} is ${state}`,
        `${index.built ? `The build of ${index.name} was interrupted. ` : ''}${reason}`,
        build(model),
      ),
    )
  } else if (index.used === false) {
    findings.push(
      found(
        'error',
        'vector-index.unused',
        `The planner does not use the ${title} of ${of}`,
        `EXPLAIN of the search statement does not name ${index.name}: ${all} compares every vector.${allow === null ? '' : ' enable_indexscan is off, by which no plan may use any index; nothing is wrong with this one.'}`,
        allow ?? {
          sql: `analyze ${table};`,
          command: `funes reindex ${shellWord(model.name)}`,
          text: `If it stays so, the index is not the one that Funes makes: \`await funes.indexes.drop(${JSON.stringify(model.name)})\`, then \`build\`.`,
        },
      ),
    )
  }
  if (index.leftovers) {
    findings.push(
      found(
        'warning',
        'vector-index.leftover',
        `An interrupted rebuild left an index beside the ${title} of ${of}`,
        `An index whose name begins with ${index.name}_cc is written to and never read.`,
        build(model),
      ),
    )
  }
  return findings
}

/** What to do where no plan may use any index; null where plans may. */
async function allowing({ executor }: Patient): Promise<DoctorFix | null> {
  const [settings] = await executor.run(selectSettings)
  if (settings === undefined || settings.indexScan) return null
  return changeSetting('enable_indexscan', null, await readPlaces(executor))
}

async function checkOne(
  patient: Patient,
  model: EmbeddingModel,
  allow: DoctorFix | null,
): Promise<DoctorFinding[]> {
  const { executor, engine } = patient
  const check = await checkIndex(executor, engine.kind, model, { isShared: true })
  const compared = exactUpTo({ engine: engine.kind, isOneUser: false, isFiltered: false })
  const [memories] = await executor.run(countLiveVectors(model.id, null, compared + 1, { isShared: true }))
  const [tools] = await executor.run(countToolVectors(model.id, compared + 1))
  const findings = [
    ...judgeIndex(check, 'memories', model, { vectors: memories?.rows ?? 0, compared, allow }),
    ...judgeIndex(check.tools, 'tools', model, { vectors: tools?.rows ?? 0, compared, allow }),
  ]
  // Where the index is of no use to all, one user's search has nothing to take.
  if (check.used) findings.push(...(await checkUserSearch(patient, model, check.name)))
  if (findings.length > 0) return findings
  const used = check.used
    ? 'valid, and used, for all and for one user'
    : 'valid; so far there are so few vectors that all are compared'
  return [
    ok('vector-index', `The vector index of the model ${JSON.stringify(model.name)} is ${used}`, check.name),
  ]
}

/** Looks at the vector indexes of every model in use: there, valid, and taken by the planner for the statements that search. */
export const checkVectorIndexes: Check = {
  id: 'vector-index',
  title: 'Vector indexes',
  needsTables: true,
  async run(patient) {
    const hidden = await patient.executor.run(selectHidden)
    if (hidden.length > 0) {
      return [
        found(
          'info',
          'vector-index.hidden',
          'Vector indexes: not looked at',
          `Row-level security hides vectors from this role, so that it cannot be told how many there are: ${hidden.map(({ table }) => table).join(', ')}.`,
          { text: 'Run `funes doctor` with the url of the role that owns the tables.' },
        ),
      ]
    }
    const models = await createModels(patient.executor, patient.engine.kind).list()
    const allow = await allowing(patient)
    const findings: DoctorFinding[] = []
    for (const model of models) {
      if (model.indexKind === 'none' || model.state === 'retired') continue
      findings.push(...(await checkOne(patient, model, allow)))
    }
    return findings
  },
}
