import { setTimeout as sleep } from 'node:timers/promises'
import type { CallOptions } from '../call-options.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { databaseError } from '../errors/database-error.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import { selectTables } from '../sql/doctor-schema.js'
import { ping } from '../sql/health.js'
import type { Check } from './check.js'
import { checkPool, examinePool } from './check-pool.js'
import { CHECKS } from './checks.js'
import { type DoctorFinding, failed, found, ok, type Severity } from './finding.js'
import { admit, type Patient } from './patient.js'

/** What `doctor` found. */
export interface DoctorReport {
  /** Whether Funes works: no finding is an `error`. */
  readonly ok: boolean
  /** The gravest of the findings. */
  readonly severity: Severity
  readonly engine: 'server' | 'embedded'
  /** When it was looked, in ISO 8601. */
  readonly at: string
  /** In the order in which they were looked for; what is well is among them. */
  readonly findings: readonly DoctorFinding[]
}

const GRAVITY: readonly Severity[] = ['ok', 'info', 'warning', 'error']

/** For so long a busy connection of the embedded engine is waited for: there can be no other. */
const EMBEDDED_WAIT_MS = 3000

/** What Funes cannot do without. */
const TABLES = ['memories', 'memory_embeddings', 'embedding_models']

async function firstAnswer({ kind }: Engine, executor: Executor): Promise<DoctorFinding> {
  await (kind === 'server'
    ? executor.run(ping)
    : Promise.race([
        executor.run(ping),
        sleep(EMBEDDED_WAIT_MS, undefined, { ref: false }).then(() => {
          throw funesError('DB.POOL_EXHAUSTED', 'The one connection of the embedded engine is in use.', {
            fix: 'Await or shorten transactions; then ask again.',
          })
        }),
      ]))
  const start = performance.now()
  await executor.run(ping)
  return ok(
    'connection',
    'The database answers',
    `One round trip takes ${(performance.now() - start).toFixed(2)} ms.`,
  )
}

async function attempt(check: Check, patient: Patient): Promise<DoctorFinding[]> {
  if (patient.engine.kind === 'embedded' && check.notEmbedded !== undefined) {
    return [
      found(
        'info',
        `${check.id}.not-embedded`,
        `${check.title}: not looked at`,
        `Does not apply: ${check.notEmbedded}.`,
        null,
      ),
    ]
  }
  try {
    return await check.run(patient)
  } catch (error) {
    return [failed(check.id, check.title, error)]
  }
}

function skipped(checks: readonly Check[], why: string): DoctorFinding[] {
  if (checks.length === 0) return []
  const titles = checks.map(({ title }) => title).join(', ')
  return [
    found('info', 'doctor.skipped', `${checks.length} checks could not be made`, `${why}: ${titles}.`, null),
  ]
}

async function hasTables(executor: Executor): Promise<boolean> {
  const rows = await executor.run(selectTables(TABLES)).catch(() => [])
  return rows.length === TABLES.length
}

async function examine(engine: Engine): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = []
  let patient: Awaited<ReturnType<typeof admit>> | undefined
  try {
    try {
      patient = await admit(engine)
      findings.push(await firstAnswer(engine, patient.executor))
    } catch (error) {
      const { code, message, fix } = isFunesError(error) ? error : databaseError(error)
      return [
        found('error', 'connection.failed', message, `${code}.`, { text: fix }),
        ...(await examinePool(engine, { run: async () => [] })),
        ...skipped(
          CHECKS.filter((check) => check !== checkPool),
          'The database does not answer',
        ),
      ]
    }
    const tables = await hasTables(patient.executor)
    for (const check of CHECKS) {
      if (tables || !check.needsTables) findings.push(...(await attempt(check, patient)))
    }
    if (!tables) {
      findings.push(
        ...skipped(
          CHECKS.filter(({ needsTables }) => needsTables),
          'The tables of Funes are not there',
        ),
      )
    }
    return findings
  } finally {
    await patient?.end()
  }
}

/** See `Funes.doctor`. */
export type RunDoctor = (options?: CallOptions) => Promise<DoctorReport>

export function examineDatabase(engine: Engine): RunDoctor {
  return async () => {
    // Inside of one a statement that fails would take the caller's work with it.
    engine.assertOutsideTransaction('doctor')
    const at = new Date().toISOString()
    const findings = await examine(engine)
    const gravity = Math.max(0, ...findings.map(({ severity }) => GRAVITY.indexOf(severity)))
    return {
      ok: findings.every(({ severity }) => severity !== 'error'),
      severity: GRAVITY[gravity] as Severity,
      engine: engine.kind,
      at,
      findings,
    }
  }
}
