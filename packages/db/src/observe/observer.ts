import { currentCall } from '../engine/call.js'
import { databaseError } from '../errors/database-error.js'
import type { FunesError } from '../errors/funes-error.js'
import { statementName } from '../sql/statement.js'
import { describeStatement, type StatementDescription } from './describe-statement.js'

/** A statement that has begun, by what is public of it. */
export interface SeenStatement extends StatementDescription {
  /** The name that the server keeps its plan under; null for one that has none. */
  readonly statementName: string | null
  /** The public call that it is part of, as in `memories.search`; null outside of any. */
  readonly call: string | null
}

/** How a statement ended. */
export interface StatementEnd {
  /** From handing it over to its last row, waiting for a connection included. */
  readonly durationMs: number
  /** How many rows came back; null where it failed. */
  readonly rows: number | null
  /** Null where it did not fail. */
  readonly error: FunesError | null
}

/** Who wants to know. None of it may throw. */
export interface Sink {
  /** Told when a statement begins; what it answers is told how that ended. */
  statement?(seen: SeenStatement): ((end: StatementEnd) => void) | undefined
  /** Runs a whole transaction. */
  transaction?<T>(work: () => Promise<T>): Promise<T>
  /** Told how many usages of tools were stored, or why they were not. */
  usages?(outcome: string, count: number): void
  /** Told of what happens seldom: migrations, index builds. */
  log?(level: 'info' | 'warn', fields: Readonly<Record<string, unknown>>, message: string): void
  close?(): void
}

/** What the engine tells of its work. Neither parameters nor rows get here, only texts and counts. */
export interface Observer {
  statement<Row>(text: string, run: () => Promise<Row[]>): Promise<Row[]>
  transaction<T>(work: () => Promise<T>): Promise<T>
  /** How many usages of tools were stored, or, by reason, were not. */
  usages(outcome: string, count: number): void
  log(level: 'info' | 'warn', fields: Readonly<Record<string, unknown>>, message: string): void
  close(): void
}

/** Nobody wants to know: one call more, and nothing else. */
export const unobserved: Observer = {
  statement: (_text, run) => run(),
  transaction: (work) => work(),
  usages() {},
  log() {},
  close() {},
}

/** Puts those together who want to know; {@link unobserved} when there is nobody. */
export function observerOf(sinks: readonly Sink[]): Observer {
  if (sinks.length === 0) return unobserved
  return {
    async statement(text, run) {
      const seen = {
        ...describeStatement(text),
        statementName: statementName(text) ?? null,
        call: currentCall()?.operation ?? null,
      }
      const ends = sinks.map((sink) => sink.statement?.(seen))
      const tell = (end: StatementEnd) => {
        for (const told of ends) told?.(end)
      }
      const start = performance.now()
      try {
        const rows = await run()
        tell({ durationMs: performance.now() - start, rows: rows.length, error: null })
        return rows
      } catch (error) {
        tell({ durationMs: performance.now() - start, rows: null, error: databaseError(error) })
        throw error
      }
    },
    transaction(work) {
      const wrap = sinks.find((sink) => sink.transaction !== undefined)
      return wrap?.transaction ? wrap.transaction(work) : work()
    },
    usages(outcome, count) {
      for (const sink of sinks) sink.usages?.(outcome, count)
    },
    log(level, fields, message) {
      for (const sink of sinks) sink.log?.(level, fields, message)
    },
    close() {
      for (const sink of sinks) sink.close?.()
    },
  }
}
