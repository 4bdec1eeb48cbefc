interface LogFields {
  readonly message: string
  readonly error_code?: string
  readonly is_panic?: boolean
  readonly backtrace?: string
}

/**
 * Writes a line to the standard error as the native engine does. The CLI looks there for errors of `cli` commands, and
 * for what to say of an engine that ended.
 */
export function log(level: 'INFO' | 'WARN' | 'ERROR', fields: LogFields): void {
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}
