/** A fault of PostgreSQL releases that matters to Funes. */
export interface ServerFault {
  readonly id: string
  readonly title: string
  readonly detail: string
  /** The release of this major version that is free of it. */
  readonly fixedIn: string
  /** Whether it shows only where row-level security is on. */
  readonly needsRowSecurity: boolean
  /** Whether indexes that were built before may be damaged. */
  readonly rebuild: boolean
}

type Known = Omit<ServerFault, 'fixedIn'> & {
  /** The first release of each major version that is free of it; a major version that is not named never had it. */
  readonly fixed: Readonly<Record<number, number>>
}

/** After the release notes of PostgreSQL, and the CVEs that are named. */
const FAULTS: readonly Known[] = [
  {
    id: 'concurrent-builds',
    title: 'Indexes that are built while writing goes on may lack rows',
    detail:
      'create index and reindex with "concurrently", which Funes uses, miss rows that were updated during the build: searches and unique keys then overlook them.',
    fixed: { 14: 4 },
    needsRowSecurity: false,
    rebuild: true,
  },
  {
    id: 'row-security',
    title: 'Row-level security may go by another role than the one that asks',
    detail:
      'a plan that is used again can disregard that the role has changed (CVE-2024-10976, CVE-2023-2455), and SET ROLE can be undone to the wrong one (CVE-2024-10978): foreign rows may be shown.',
    fixed: { 14: 14, 15: 9, 16: 5, 17: 1 },
    needsRowSecurity: true,
    rebuild: false,
  },
  {
    id: 'statistics',
    title: 'Statistics of the planner may show values that row-level security hides',
    detail:
      'a role can have operators of its own run over sampled values of rows that it may not see (CVE-2025-8713).',
    fixed: { 14: 19, 15: 14, 16: 10, 17: 6 },
    needsRowSecurity: true,
    rebuild: false,
  },
]

/** The known faults of one release, as `server_version_num` has it: 150009 is 15.9. */
export function serverFaults(versionNumber: number): ServerFault[] {
  const major = Math.floor(versionNumber / 10_000)
  const minor = versionNumber % 10_000
  return FAULTS.flatMap(({ fixed, ...fault }) => {
    const fixedMinor = fixed[major]
    if (fixedMinor === undefined || minor >= fixedMinor) return []
    return [{ ...fault, fixedIn: `${major}.${fixedMinor}` }]
  })
}
