import { checkIndex } from '../indexes/check.js'
import { exactUpTo } from '../models/effort.js'
import { createModels } from '../models/models.js'
import type { EmbeddingModel } from '../models/types.js'
import { countLiveVectors } from '../sql/index-sample.js'
import type { Check, Patient } from './check.js'
import { type DoctorFinding, found, ok, shellWord } from './finding.js'

const build = ({ name }: EmbeddingModel, verb: 'build' | 'rebuild' = 'build') => ({
  command: `funes reindex ${shellWord(name)}`,
  text: `Or \`await funes.indexes.${verb}(${JSON.stringify(name)})\`. Writing goes on meanwhile.`,
})

async function checkOne({ executor, engine }: Patient, model: EmbeddingModel): Promise<DoctorFinding[]> {
  const check = await checkIndex(executor, engine.kind, model, { isShared: true })
  const of = `the model ${JSON.stringify(model.name)}`
  const compared = exactUpTo({ engine: engine.kind, isOneUser: false, isFiltered: false })
  const findings: DoctorFinding[] = []
  if (!check.built || !check.valid) {
    const [counted] = await executor.run(countLiveVectors(model.id, null, compared + 1, { isShared: true }))
    const isSlow = (counted?.rows ?? 0) > compared
    const reason = isSlow
      ? `There are more than ${compared} vectors, and every search over all of them compares each one: it is slow, and slower with every memory.`
      : `There are ${counted?.rows ?? 0} vectors: up to ${compared} all are compared anyway, so nothing is slow yet.`
    const state = check.built ? 'invalid' : 'missing'
    findings.push(
      found(
        isSlow ? 'error' : 'warning',
        `vector-index.${state}`,
        `The vector index of ${of} is ${state}`,
        `${check.built ? `The build of ${check.name} was interrupted. ` : ''}${reason}`,
        build(model),
      ),
    )
  } else if (check.used === false) {
    findings.push(
      found(
        'error',
        'vector-index.unused',
        `The planner does not use the vector index of ${of}`,
        `EXPLAIN of the search statement does not name ${check.name}: every search over all users compares every vector.`,
        {
          sql: 'analyze memory_embeddings;',
          command: `funes reindex ${shellWord(model.name)}`,
          text: `If it stays so, the index is not the one that Funes makes: \`await funes.indexes.drop(${JSON.stringify(model.name)})\`, then \`build\`.`,
        },
      ),
    )
  }
  if (check.leftovers) {
    findings.push(
      found(
        'warning',
        'vector-index.leftover',
        `An interrupted rebuild left an index beside that of ${of}`,
        `An index whose name begins with ${check.name}_cc is written to and never read.`,
        build(model),
      ),
    )
  }
  if (findings.length > 0) return findings
  const used =
    check.used === null ? 'valid; so far there are so few vectors that all are compared' : 'valid, and used'
  return [ok('vector-index', `The vector index of ${of} is ${used}`, check.name)]
}

/** Looks at the vector index of every model in use: there, valid, and taken by the planner for the statement that searches. */
export const checkVectorIndexes: Check = {
  id: 'vector-index',
  title: 'Vector indexes',
  needsTables: true,
  async run(patient) {
    const models = await createModels(patient.executor, patient.engine.kind).list()
    const findings: DoctorFinding[] = []
    for (const model of models) {
      if (model.indexKind === 'none' || model.state === 'retired') continue
      findings.push(...(await checkOne(patient, model)))
    }
    return findings
  },
}
