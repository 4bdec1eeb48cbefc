import { isOlder } from '../migrate/requirements.js'

/** A fault of pgvector releases that matters to Funes. */
export interface PgvectorFault {
  readonly id: string
  readonly title: string
  readonly detail: string
  readonly fixedIn: string
  /** Whether it shows only where several processes build an index together. */
  readonly needsParallelBuilds: boolean
  /** Whether what was built before may be damaged. */
  readonly rebuild: boolean
}

/** After pgvector's own list of changes, and CVE-2026-3172. */
const FAULTS: readonly (PgvectorFault & { readonly before: readonly number[] })[] = [
  {
    id: 'leak',
    title: 'Parallel builds of HNSW indexes can leak rows of other tables',
    detail:
      'a buffer overflow in parallel HNSW builds (CVE-2026-3172) reads foreign rows, or ends the server.',
    fixedIn: '0.8.2',
    before: [0, 8, 2],
    needsParallelBuilds: true,
    rebuild: false,
  },
  {
    id: 'vacuum',
    title: 'A vacuum can damage an HNSW index',
    detail:
      'vacuuming can corrupt an HNSW index (until 0.8.3), or fail with "hnsw graph not repaired" (until 0.8.4).',
    fixedIn: '0.8.4',
    before: [0, 8, 4],
    needsParallelBuilds: false,
    rebuild: true,
  },
]

/** The known faults of one release of pgvector. */
export function pgvectorFaults(version: string): PgvectorFault[] {
  return FAULTS.filter(({ before }) => isOlder(version, before))
}
