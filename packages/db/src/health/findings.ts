import { isOlder } from '../migrate/requirements.js'

/** Something about the deployment worth knowing, and what to do about it. */
export interface Finding {
  /** `error`: Funes does not work like this. `warning`: it works, at a risk. */
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly fix: string
}

/** Known faults of pgvector releases. */
export function pgvectorFindings(version: string): Finding[] {
  const findings: Finding[] = []
  if (isOlder(version, [0, 8, 2])) {
    findings.push({
      severity: 'warning',
      code: 'HEALTH.PGVECTOR_LEAK',
      message: `pgvector ${version} can leak rows of other tables in parallel HNSW builds (CVE-2026-3172).`,
      fix: 'Upgrade pgvector to 0.8.4 or newer, or build indexes with max_parallel_maintenance_workers = 0.',
    })
  }
  if (isOlder(version, [0, 8, 4])) {
    findings.push({
      severity: 'warning',
      code: 'HEALTH.PGVECTOR_VACUUM',
      message: `In pgvector ${version} a vacuum can damage an HNSW index.`,
      fix: 'Upgrade pgvector to 0.8.4 or newer, then reindex.',
    })
  }
  return findings
}
