import type { Database } from '../src/database.js'
import type { Dataset, SeedRow } from '../src/datasets/dataset.js'
import { syntheticDataset } from '../src/datasets/synthetic.js'
import { type SeedOptions, seed } from '../src/seed.js'
import type { Report } from '../src/validate/validate.js'

export const small = () => syntheticDataset({ seed: 1, memories: 600, users: 12, dimensions: 32 })

/** A signal that nobody gives. */
export const never: AbortSignal = new AbortController().signal

/** What a run wrote to its screen. */
export interface Screen {
  text: string
  write(text: string): void
}

export function createScreen(): Screen {
  return {
    text: '',
    write(text) {
      this.text += text
    },
  }
}

export function runSeed(
  database: Database,
  dataset: Dataset,
  options: Partial<SeedOptions> & { mode?: 'copy' | 'insert' } = {},
): Promise<Report> {
  const { mode = 'copy', ...others } = options
  return seed({
    args: { mode, model: undefined },
    database,
    dataset,
    output: createScreen(),
    signal: never,
    exactDir: null,
    batchSize: 100,
    ...others,
  })
}

/** The same data set, with something done before each of its rows. */
export function watched(dataset: Dataset, onRow: (place: number, row: SeedRow) => void): Dataset {
  return {
    ...dataset,
    async *rows(from, signal) {
      let place = from
      for await (const row of dataset.rows(from, signal)) {
        onRow(place++, row)
        yield row
      }
    },
  }
}

/** Everything that was stored, as one digest: what two ways of storing must agree on. */
export async function digest({ pool }: Database): Promise<string> {
  const { rows } = await pool.query(`
    select md5(string_agg(concat_ws('|', m.user_id, m.id, m.session_id, m.content, encode(m.content_hash, 'hex'), m.source,
      m.importance, m.metadata, m.version, extract(epoch from m.created_at), extract(epoch from m.updated_at),
      m.expires_at, m.deleted_at, o.name, e.dimensions, e.active, md5(e.embedding::text)), ';' order by m.user_id, m.id)) as digest
    from memories m
    left join memory_embeddings e on e.user_id = m.user_id and e.memory_id = m.id
    left join embedding_models o on o.id = e.model_id`)
  return rows[0].digest
}

/** The index definitions of the tables that are loaded, alike for a model that was registered once more. */
export async function indexDefinitions({ pool }: Database): Promise<string[]> {
  const { rows } = await pool.query(
    "select indexdef from pg_indexes where tablename in ('memories', 'memory_embeddings') order by indexname",
  )
  const { rows: models } = await pool.query('select id, name from embedding_models')
  return rows.map(({ indexdef }) =>
    models.reduce(
      (text, { id, name }) =>
        text.replace(`hnsw_m${id} `, `hnsw_${name} `).replace(`model_id = ${id})`, `model_id = ${name})`),
      indexdef,
    ),
  )
}

export const wrongChecks = ({ checks }: Report) =>
  checks.filter(({ isRight }) => !isRight).map(({ name }) => name)
