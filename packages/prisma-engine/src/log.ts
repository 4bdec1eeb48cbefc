interface LogFields {
  readonly message: string
  readonly error_code?: string
  readonly is_panic?: boolean
  readonly backtrace?: string
}

/** A line as the native engine writes it to its standard error, where the CLI looks for errors of `cli` commands. */
export function logLine(level: 'INFO' | 'WARN' | 'ERROR', fields: LogFields): string {
  return `${JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' })}\n`
}

/** Writes a line for the CLI to read. */
export function log(level: 'INFO' | 'WARN' | 'ERROR', fields: LogFields): void {
  process.stderr.write(logLine(level, fields))
}
