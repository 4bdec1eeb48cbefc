import type { Line } from './archive-fixture.js'

type Change = (line: Line) => void

const put =
  (column: string, value: unknown): Change =>
  ({ row }) => {
    row[column] = value
  }

const withNaN: Change = (line) => {
  const vector = Buffer.from(line.vector, 'base64')
  vector.writeFloatLE(Number.NaN, 0)
  line.vector = vector.toString('base64')
}

/** What makes the first row of a table one that no database can hold, why, and where that is to be found. */
export const SPOILED: readonly [table: string, change: Change, damage: string, path?: string][] = [
  ['users', put('id', 7), 'shape', 'id'],
  ['users', put('metadata', undefined), 'shape', 'metadata'],
  ['sessions', put('user_id', 'nobody'), 'reference', 'user_id'],
  ['memories', put('importance', 1.5), 'shape', 'importance'],
  ['memories', put('content', 'another'), 'shape', 'content_hash'],
  ['memories', put('content', 'NUL \0'), 'shape', 'content'],
  ['memories', put('session_id', 'none such'), 'reference', 'session_id'],
  ['memories', put('created_at', 'yesterday'), 'shape', 'created_at'],
  ['memories', put('source', 'dream'), 'shape', 'source'],
  ['memories', put('id', 'f'.repeat(8)), 'shape', 'id'],
  ['memories', put('shoe_size', 43), 'shape'],
  ['memories', (line) => Object.assign(line, { extra: 1 }), 'shape'],
  ['memories', (line) => Object.assign(line, { vector: 'AAAA' }), 'shape', 'vector'],
  ['memory_access', put('memory_id', '00000000-0000-4000-8000-000000000000'), 'reference'],
  ['memory_embeddings', put('model_id', 999), 'reference', 'model_id'],
  ['memory_embeddings', put('dimensions', 7), 'shape', 'dimensions'],
  [
    'memory_embeddings',
    (line) => Object.assign(line, { vector: line.vector.slice(0, 8) }),
    'shape',
    'vector',
  ],
  ['memory_embeddings', withNaN, 'shape', 'vector'],
  ['tool_usage', put('tool_id', 999), 'reference', 'tool_id'],
  ['tools', put('parameters', 7), 'shape', 'parameters'],
  ['tool_versions', put('content_hash', '\\x00'), 'shape', 'content_hash'],
  ['tool_embeddings', put('dimensions', 7), 'shape', 'dimensions'],
  ['embedding_models', put('dimensions', 0), 'shape', 'dimensions'],
  ['memory_history', put('operation', 'eat'), 'shape', 'operation'],
  // What only the database itself can tell.
  ['memories', put('created_at', '2026-99-99T00:00:00+00:00'), 'shape'],
  ['memories', put('metadata', { text: 'NUL \0' }), 'shape'],
  ['memory_history', put('previous', { text: 'NUL \0' }), 'shape'],
]
