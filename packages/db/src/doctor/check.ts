import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { DoctorFinding } from './finding.js'

/** What checks look at. */
export interface Patient {
  readonly engine: Engine
  /** Where statements run: the pool, or a connection beside it where that has none left. */
  readonly executor: Executor
}

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
