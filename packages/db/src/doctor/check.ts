import type { DoctorFinding } from './finding.js'
import type { Patient } from './patient.js'

/** One thing that `doctor` looks at. */
export interface Check {
  /** With which the ids of its findings begin. */
  readonly id: string
  readonly title: string
  /** Why there is nothing to look at on the embedded engine; undefined where there is. */
  readonly notEmbedded?: string
  /** Whether it needs Funes' tables. */
  readonly needsTables?: boolean
  run(patient: Patient): Promise<DoctorFinding[]>
}
