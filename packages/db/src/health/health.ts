import type { Engine } from '../engine/engine.js'
import { databaseError } from '../errors/database-error.js'
import { type FunesError, isFunesError } from '../errors/funes-error.js'
import { pendingMigrationNames } from '../migrate/migrate.js'
import type { CurrentModel } from '../models/current-model.js'
import type { EmbeddingModel } from '../models/types.js'
import { ping } from '../sql/health.js'
import { INDEXED, type Indexed, selectIndexes } from '../sql/indexes.js'
import { selectServerFacts } from '../sql/migrations.js'
import { readTenancy, type TenancyStatus } from '../tenancy/status.js'
import { type Finding, pgvectorFindings, tenancyFindings } from './findings.js'

/** What `health` found. */
export interface Health {
  /** Whether Funes works: no finding is an `error`. */
  readonly ok: boolean
  readonly engine: 'server' | 'embedded'
  /** One round trip, in milliseconds; null when the database does not answer. */
  readonly latencyMs: number | null
  /** Versions; null when the database does not answer. */
  readonly postgres: string | null
  readonly pgvector: string | null
  readonly pendingMigrations: readonly string[]
  readonly model: EmbeddingModel | null
  /** Whether the database itself keeps users apart; null when it does not answer. */
  readonly tenancy: TenancyStatus | null
  /** Connections: open, idle, and calls waiting for one. */
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number }
  readonly findings: readonly Finding[]
}

function failure(error: FunesError): Finding {
  return { severity: 'error', code: error.code, message: error.message, fix: error.fix }
}

const SLOW: Readonly<Record<Indexed, string>> = {
  memories: 'large searches compare every row',
  tools: 'selections among thousands of tools compare every one',
}

async function indexFindings(engine: Engine, model: EmbeddingModel): Promise<Finding[]> {
  if (model.indexKind === 'none') return []
  const rows = await engine.run(selectIndexes)
  return INDEXED.flatMap((over): Finding[] => {
    const index = rows.find((row) => row.modelId === model.id && row.over === over && row.leftover === null)
    if (index?.valid) return []
    return [
      {
        severity: 'warning',
        code: index ? 'HEALTH.INDEX_INVALID' : 'HEALTH.INDEX_MISSING',
        message: `The vector index of ${over} of the model ${model.name} is ${index ? 'invalid' : 'missing'}: ${SLOW[over]}.`,
        fix: index
          ? 'Call `indexes.build`: it removes the invalid index and builds another.'
          : 'Call `indexes.build`.',
      },
    ]
  })
}

/** Looks at everything a search depends on. Never throws: what is wrong is a finding. */
export async function checkHealth(engine: Engine, current: CurrentModel): Promise<Health> {
  const findings: Finding[] = []
  const state = {
    latencyMs: null as number | null,
    postgres: null as string | null,
    pgvector: null as string | null,
    pendingMigrations: [] as string[],
    model: null as EmbeddingModel | null,
    tenancy: null as TenancyStatus | null,
  }
  try {
    await engine.run(ping)
    const start = performance.now()
    await engine.run(ping)
    state.latencyMs = performance.now() - start
    const [facts] = await engine.run(selectServerFacts)
    state.postgres = facts?.version ?? null
    state.pgvector = facts?.installed ?? null
    if (state.pgvector !== null) findings.push(...pgvectorFindings(state.pgvector))
    state.pendingMigrations = await pendingMigrationNames(engine.pool)
    if (state.pendingMigrations.length > 0) {
      findings.push({
        severity: 'error',
        code: 'DB.NOT_MIGRATED',
        message: `${state.pendingMigrations.length} migrations are still to apply.`,
        fix: 'Run `await funes.migrate()` or `prisma migrate deploy`.',
      })
    } else {
      state.model = await current.get()
      findings.push(...(await indexFindings(engine, state.model)))
      state.tenancy = await readTenancy(engine)
      findings.push(...tenancyFindings(state.tenancy, engine.kind))
    }
  } catch (error) {
    findings.push(failure(isFunesError(error) ? error : databaseError(error)))
  }
  const { total, idle, waiting } = engine.poolStats()
  return {
    ok: findings.every((finding) => finding.severity !== 'error'),
    engine: engine.kind,
    ...state,
    pool: { total, idle, waiting },
    findings,
  }
}
