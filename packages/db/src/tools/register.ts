import { funesError, isFunesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { asIterable, batches } from '../memories/add.js'
import { embedTexts, type MemoryContext } from '../memories/context.js'
import { underModel } from '../memories/under-model.js'
import { encodeTexts } from '../models/embedders.js'
import { storeToolVectors } from '../sql/reembed-tools.js'
import { type NewTool, type RegisteredRow, registerTools, selectEmbedded } from '../sql/tools-register.js'
import { encodeFor, type VectorInput } from '../vector.js'
import { registerSchema } from './input.js'
import { isZodSchema, readParameters } from './schema/parameters.js'
import type { RegisteredTool, RegisterTool } from './types.js'
import { searchText } from './words.js'

/** A tool on its way into the database. */
interface Entry {
  readonly given: RegisterTool
  readonly row: NewTool
  /** Which of many it is; null for the only one. */
  readonly place: number | null
}

/** How often others may register the same tools in between. */
const MAX_ATTEMPTS = 10

async function entryOf(given: RegisterTool, place: number | null): Promise<Entry> {
  // A recursive zod schema makes itself anew wherever one looks: what it is converted to is looked through.
  const isZod = isZodSchema(given?.parameters)
  const input = checked(registerSchema, isZod ? { ...given, parameters: undefined } : given)
  const parameters = await readParameters(given.parameters)
  return {
    given,
    place,
    row: {
      name: input.name,
      description: input.description,
      parameters: JSON.stringify(parameters),
      searchText: searchText(input.name, input.description, parameters),
      tags: input.tags === undefined ? null : [...new Set(input.tags)].sort(),
      enabled: input.enabled ?? null,
      language: input.language ?? null,
      embedding: null,
      keepsVector: false,
    },
  }
}

/** Of many tools, which one it is that an error is about. */
function ofTool(error: unknown, place: number | null): unknown {
  if (place === null || !isFunesError(error)) return error
  const { code, message, fix, meta } = error
  return funesError(code, `tools[${place}]: ${message}`, { fix, meta: { ...meta, place }, cause: error })
}

/** @param first the place of the first one among all; null when it is the only one */
async function entriesOf(tools: readonly RegisterTool[], first: number | null): Promise<Entry[]> {
  const entries: Entry[] = []
  const places = new Map<string, number>()
  for (const [i, tool] of tools.entries()) {
    const place = (first ?? 0) + i
    const entry = await entryOf(tool, first === null ? null : place).catch((error: unknown) => {
      throw ofTool(error, first === null ? null : place)
    })
    const before = places.get(entry.row.name)
    if (before !== undefined) {
      throw funesError('INPUT.INVALID', `tools[${place}].name: is that of tools[${before}] too.`, {
        fix: 'Give each tool a name of its own.',
        meta: { path: `tools[${place}].name`, place },
      })
    }
    places.set(entry.row.name, place)
    entries.push(entry)
  }
  return entries
}

/** The text that a tool is embedded by; re-embedding a model makes the same. */
const textOf = ({ row }: Entry) => `${row.name}: ${row.description}`

function encodeOf(model: Parameters<typeof encodeFor>[0], { place }: Entry, embedding: VectorInput): Buffer {
  try {
    return encodeFor(model, embedding)
  } catch (error) {
    throw ofTool(error, place)
  }
}

/** Encodes the vectors that were given, and has those made that are missing, in one call of the embedder. */
async function makeVectors(context: MemoryContext, entries: readonly Entry[]): Promise<void> {
  const model = await context.model.get()
  const open: Entry[] = []
  for (const entry of entries) {
    const { embedding } = entry.given
    entry.row.keepsVector = false
    if (embedding === undefined) open.push(entry)
    else entry.row.embedding = embedding === null ? null : encodeOf(model, entry, embedding)
  }
  const asked = open.filter(({ row }) => row.embedding === null)
  if (asked.length === 0) return
  const there = await context.executor.run(
    selectEmbedded(
      asked.map(({ row }) => row),
      model.id,
    ),
  )
  const embedded = new Set(there.map(({ name }) => name))
  for (const { row } of asked) row.keepsVector = embedded.has(row.name)
  const missing = asked.filter(({ row }) => !row.keepsVector)
  if (missing.length === 0) return
  const made = await embedTexts(context, missing.map(textOf))
  for (const [i, entry] of missing.entries()) entry.row.embedding = encodeFor(model, made[i] as VectorInput)
}

/** Whether the tool was removed for good while it was to keep its vector: it is there anew, and has none. */
const hasLostVector = ({ row }: Entry, { version, isNewVersion }: RegisteredRow) =>
  row.keepsVector && isNewVersion && version === 1

/**
 * Registers all entries in one statement. Where others registered some of them in the same moment, those few once more. Answers
 * in the order of the entries.
 */
async function store(context: MemoryContext, entries: readonly Entry[]): Promise<RegisteredRow[]> {
  const stored = new Map<string, RegisteredRow>()
  let open = entries
  for (let i = 0; i < MAX_ATTEMPTS; i++) {
    await makeVectors(context, open)
    const space = await context.model.get()
    const statement = registerTools(
      open.map(({ row }) => row),
      space,
    )
    const rows = new Map((await context.executor.run(statement)).map((row) => [row.name, row]))
    open = open.filter((entry) => {
      const row = rows.get(entry.row.name)
      if (row === undefined) return true
      // What it was the first time is what became of it: the second only gives it its vector.
      if (!stored.has(row.name)) stored.set(row.name, row)
      return hasLostVector(entry, row)
    })
    if (open.length === 0) return entries.map(({ row }) => stored.get(row.name) as RegisteredRow)
  }
  throw funesError('DB.CONFLICT', 'Others registered the same tools otherwise all the while.', {
    fix: 'Try again.',
  })
}

/** Gives tools their vectors under models that are being built, where their embedders are at hand. */
async function embedUnderNewModels(
  context: MemoryContext,
  tools: readonly { id: number; text: string }[],
): Promise<void> {
  if (tools.length === 0) return
  for (const model of context.model.building()) {
    const embedder = context.embedders.of(model.name)
    if (embedder === undefined) continue
    try {
      const vectors = await encodeTexts(
        model,
        embedder,
        tools.map(({ text }) => text),
      )
      const made = tools.map((tool, i) => ({ ...tool, embedding: vectors[i] as Buffer }))
      await context.executor.run(storeToolVectors(made, model))
    } catch (error) {
      // The tool is registered. The re-embedding makes what is missing, and meets the same error.
      const isOfEncoder = isFunesError(error) && /^(EMBEDDING|INPUT)\./.test(error.code)
      if (context.model.isInTransaction() && !isOfEncoder) throw error
    }
  }
}

function outcomeOf({ version, isNewVersion, isChanged }: RegisteredRow): RegisteredTool['outcome'] {
  if (isNewVersion) return version === 1 ? 'created' : 'versioned'
  return isChanged ? 'changed' : 'unchanged'
}

function registered(row: RegisteredRow): RegisteredTool {
  const { id, isNewVersion, isChanged, ...tool } = row
  return { ...tool, outcome: outcomeOf(row) }
}

/**
 * Registers up to 1,000 tools, all or none.
 *
 * @param first the place of the first one among all that are registered; null when it is the only one
 */
export async function registerBatch(
  context: MemoryContext,
  tools: readonly RegisterTool[],
  first: number | null = null,
): Promise<RegisteredTool[]> {
  const entries = await entriesOf(tools, first)
  if (entries.length === 0) return []
  const givesVectors = entries.some(({ given }) => given.embedding !== undefined && given.embedding !== null)
  const rows = await underModel(context, { givesVectors }, (pinned) => {
    // Under another model than before, the vectors that were made are not its.
    for (const { row } of entries) row.embedding = null
    return store(pinned, entries)
  })
  const withVector = entries.flatMap((entry, i) =>
    entry.row.embedding === null ? [] : { id: (rows[i] as RegisteredRow).id, text: textOf(entry) },
  )
  await embedUnderNewModels(context, withVector)
  return rows.map(registered)
}

export async function registerAll(
  context: MemoryContext,
  tools: Iterable<RegisterTool> | AsyncIterable<RegisterTool>,
  batchSize: number,
): Promise<RegisteredTool[]> {
  const all: RegisteredTool[] = []
  for await (const batch of batches(asIterable(tools, 'tools'), batchSize)) {
    all.push(...(await registerBatch(context, batch, all.length)))
  }
  return all
}
