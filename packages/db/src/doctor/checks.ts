import type { Check } from './check.js'
import { checkClock } from './check-clock.js'
import { checkMigrations } from './check-migrations.js'
import { checkPool } from './check-pool.js'
import { checkPooler } from './check-pooler.js'
import { checkReplication } from './check-replication.js'
import { checkRights } from './check-rights.js'
import { checkPlainIndexes, checkSchema } from './check-schema.js'
import { checkExtension, checkPgvector, checkServer } from './check-server.js'
import { checkConnections, checkTransactions } from './check-sessions.js'
import { checkSettings } from './check-settings.js'
import { checkTables } from './check-tables.js'
import { checkTenancy } from './check-tenancy.js'
import { checkUsage } from './check-usage.js'
import { checkVectorIndexes } from './check-vector-indexes.js'

/** Everything that `doctor` looks at, in the order of its report. */
export const CHECKS: readonly Check[] = [
  checkPool,
  checkPooler,
  checkServer,
  checkExtension,
  checkPgvector,
  checkMigrations,
  checkSchema,
  checkPlainIndexes,
  checkVectorIndexes,
  checkSettings,
  checkTables,
  checkUsage,
  checkTransactions,
  checkConnections,
  checkReplication,
  checkClock,
  checkRights,
  checkTenancy,
]
