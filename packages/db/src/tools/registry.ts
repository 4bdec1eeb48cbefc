import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import {
  purgeTool,
  removeTool,
  selectParameters,
  selectTool,
  selectToolAt,
  selectTools,
  selectVersions,
  setEnabled,
} from '../sql/tools.js'
import { toolNotFound } from './errors.js'
import { getSchema, keySchema, listSchema, removeSchema, toolName, validateSchema } from './input.js'
import { validatorOf } from './schema/validator.js'
import { conditionsOf } from './select.js'
import type {
  CallCheck,
  GetTool,
  ListTools,
  RemoveTool,
  Tool,
  ToolFilter,
  ToolKey,
  ToolPage,
  ToolVersion,
  ValidateOptions,
} from './types.js'

export async function getTool(executor: Executor, key: GetTool): Promise<Tool | null> {
  const { name, version, includeRemoved = false } = checked(getSchema, key)
  const [row] = await executor.run(
    version === undefined ? selectTool(name, includeRemoved) : selectToolAt(name, version, includeRemoved),
  )
  return row ?? null
}

export function listVersions(executor: Executor, key: ToolKey): Promise<ToolVersion[]> {
  return executor.run(selectVersions(checked(keySchema, key).name))
}

const writeCursor = (name: string) => Buffer.from(name).toString('base64url')

function readCursor(cursor: string): string {
  const read = toolName.safeParse(Buffer.from(cursor, 'base64url').toString())
  if (read.success) return read.data
  throw funesError('INPUT.INVALID', 'cursor: is not one that a page gave.', {
    fix: 'Pass `nextCursor` of the page before, unchanged.',
    meta: { path: 'cursor' },
  })
}

export async function listTools(executor: Executor, options: ListTools): Promise<ToolPage> {
  const { filter, includeRemoved = false, limit = 100, cursor } = checked(listSchema, options)
  const conditions = { ...conditionsOf(filter as ToolFilter | undefined, 'any'), removed: includeRemoved }
  const after = cursor == null ? null : readCursor(cursor)
  const rows = await executor.run(selectTools(conditions, { after, limit: limit + 1 }))
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? writeCursor(last.name) : null }
}

export async function switchTool(executor: Executor, key: ToolKey, enabled: boolean): Promise<Tool> {
  const { name } = checked(keySchema, key)
  const [row] = await executor.run(setEnabled(name, enabled))
  if (row === undefined) throw toolNotFound(name)
  return row
}

export async function remove(executor: Executor, key: RemoveTool): Promise<Tool> {
  const { name, purgeUsage = false } = checked(removeSchema, key)
  const [row] = await executor.run(purgeUsage ? purgeTool(name) : removeTool(name))
  if (row === undefined) throw toolNotFound(name)
  return row
}

export async function validateCall(
  executor: Executor,
  name: string,
  args: unknown,
  options: ValidateOptions,
): Promise<CallCheck> {
  checked(keySchema, { name })
  const { version } = checked(validateSchema, options)
  const [row] = await executor.run(selectParameters(name, version ?? null))
  if (row === undefined) throw toolNotFound(name, version)
  const validate = await validatorOf(row.parameters)
  return validate(args)
}
