import type { ArchiveTable } from '../sql/archive-tables.js'
import type { ArchiveRecord } from './check-records.js'
import { damaged } from './faults.js'

/** Where in an archive each table's rows stand. */
const SECTIONS: Readonly<Record<ArchiveTable, number>> = {
  embedding_models: 0,
  tools: 1,
  tool_versions: 1,
  tool_embeddings: 1,
  users: 2,
  sessions: 2,
  memories: 2,
  memory_access: 2,
  memory_embeddings: 2,
  memory_history: 2,
  tool_usage_retention: 3,
  tool_usage: 4,
  tool_usage_rollups: 5,
}

/** Rows of these belong to the last row of the other. */
const PARENTS: Partial<Readonly<Record<ArchiveTable, 'tools' | 'memories'>>> = {
  tool_versions: 'tools',
  tool_embeddings: 'tools',
  memory_access: 'memories',
  memory_embeddings: 'memories',
  memory_history: 'memories',
}

/** Whether each record may follow those before it. */
export interface OrderCheck {
  /** @throws `ARCHIVE.DAMAGED` */
  check(record: ArchiveRecord): void
}

/** Remembers the users, the tools, and the sessions of one user; of memories the last one only. */
export function createOrderCheck(): OrderCheck {
  const models = new Map<unknown, unknown>()
  const modelNames = new Set<unknown>()
  const tools = new Set<unknown>()
  const toolNames = new Set<unknown>()
  const users = new Set<unknown>()
  const sessions = new Set<unknown>()
  /** The children of the last memory or tool. */
  const children = new Set<string>()
  let section = 0
  let user: unknown
  let memory: unknown
  let tool: unknown
  let lastKey: string | undefined

  function add(to: Set<unknown>, value: unknown, line: number): void {
    if (to.has(value)) throw damaged(line, 'duplicate')
    to.add(value)
  }

  /** Of rows in the order of their key, one that is there twice stands beside itself. */
  function checkOnce({ table, line, row }: ArchiveRecord): void {
    const key = ['at', 'id', 'tool_id', 'grain', 'start', 'tool_version'].map((name) =>
      table === 'tool_usage' && name.startsWith('tool') ? '' : row[name],
    )
    const text = `${table} ${key.join(' ')}`
    if (text === lastKey) throw damaged(line, 'duplicate')
    lastKey = text
  }

  function checkVector({ line, row, vector }: ArchiveRecord): void {
    const dimensions = models.get(row.model_id)
    if (dimensions === undefined) throw damaged(line, 'reference', { path: 'model_id' })
    if (dimensions !== row.dimensions) throw damaged(line, 'shape', { path: 'dimensions' })
    if (vector?.length !== 4 * (dimensions as number)) throw damaged(line, 'shape', { path: 'vector' })
    for (let at = 0; at < vector.length; at += 4) {
      if (!Number.isFinite(vector.readFloatLE(at))) throw damaged(line, 'shape', { path: 'vector' })
    }
  }

  function checkChild(record: ArchiveRecord, parent: 'tools' | 'memories'): void {
    const { line, row, table } = record
    const isOfParent =
      parent === 'tools'
        ? tool !== undefined && row.tool_id === tool
        : memory !== undefined && row.user_id === user && row.memory_id === memory
    if (!isOfParent) throw damaged(line, 'reference', { path: parent })
    if (table.endsWith('_embeddings')) checkVector(record)
    else if (record.vector !== undefined) throw damaged(line, 'shape', { path: 'vector' })
    add(children, `${table} ${row.model_id ?? row.version ?? ''}`, line)
  }

  /** A user's own row, or one that is the last user's. */
  function checkOfUser({ line, table, row }: ArchiveRecord): void {
    if (table === 'users') {
      add(users, row.id, line)
      user = row.id
      memory = undefined
      sessions.clear()
      return
    }
    if (user === undefined || row.user_id !== user) throw damaged(line, 'reference', { path: 'user_id' })
    if (table === 'sessions') {
      if (memory !== undefined) throw damaged(line, 'order')
      add(sessions, row.id, line)
      return
    }
    if (row.session_id !== null && !sessions.has(row.session_id)) {
      throw damaged(line, 'reference', { path: 'session_id' })
    }
    if (memory !== undefined && (row.id as string) <= (memory as string)) {
      throw damaged(line, row.id === memory ? 'duplicate' : 'order')
    }
    memory = row.id
    children.clear()
  }

  return {
    check(record) {
      const { line, table, row } = record
      if (SECTIONS[table] < section) throw damaged(line, 'order')
      section = SECTIONS[table]
      const parent = PARENTS[table]
      if (parent !== undefined) return checkChild(record, parent)
      if (record.vector !== undefined) throw damaged(line, 'shape', { path: 'vector' })
      if (table === 'embedding_models') {
        if (models.has(row.id)) throw damaged(line, 'duplicate')
        add(modelNames, row.name, line)
        models.set(row.id, row.dimensions)
      } else if (table === 'tools') {
        add(tools, row.id, line)
        add(toolNames, row.name, line)
        tool = row.id
        children.clear()
      } else if (table === 'tool_usage_retention') {
        add(children, table, line)
      } else if (table === 'tool_usage' || table === 'tool_usage_rollups') {
        // Of totals, those of tool 0 are of all tools.
        const isOfAll = table === 'tool_usage_rollups' && row.tool_id === 0
        if (!isOfAll && !tools.has(row.tool_id)) throw damaged(line, 'reference', { path: 'tool_id' })
        checkOnce(record)
      } else checkOfUser(record)
    },
  }
}
