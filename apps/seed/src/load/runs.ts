import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Dataset } from '../datasets/dataset.js'

/** What one run has done so far: kept in the database, in the same transactions as its rows. */
export interface Run {
  /** Names the data set, and stands in the metadata of its users. */
  readonly name: string
  /** Rows stored, from the first on. */
  readonly stored: number
  readonly sessions: number
  /** `create index` statements of what was dropped and is still to be built. */
  readonly pendingIndexes: readonly string[]
  readonly finished: boolean
}

/** A schema of its own: whoever compares the database with Prisma's schema does not see it. */
const CREATE = `
  create schema if not exists funes_seed;
  create table if not exists funes_seed.runs (
    name text primary key,
    identity jsonb not null,
    stored int8 not null default 0,
    sessions int8 not null default 0,
    pending_indexes text[] not null default '{}',
    finished boolean not null default false,
    model text,
    started_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`

const COLUMNS = `name, stored::int4, sessions::int4, pending_indexes as "pendingIndexes", finished`

export async function createRunTable(client: pg.ClientBase): Promise<void> {
  await client.query(CREATE)
  await addMissingColumns(client)
}

/** Brings a table that an older seed made up to this one. */
export async function addMissingColumns(client: pg.ClientBase): Promise<void> {
  await client.query('alter table funes_seed.runs add column if not exists model text')
}

export function runName({ identity, model, dimensions }: Dataset, chosenModel: string | undefined): string {
  const text = JSON.stringify([identity, chosenModel ?? model, dimensions])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** The run of this name, begun now if it is new. */
export async function openRun(client: pg.ClientBase, name: string, identity: unknown): Promise<Run> {
  await client.query(
    'insert into funes_seed.runs (name, identity) values ($1, $2) on conflict (name) do nothing',
    [name, JSON.stringify(identity)],
  )
  return readRun(client, name)
}

export async function readRun(client: pg.ClientBase, name: string): Promise<Run> {
  const { rows } = await client.query(`select ${COLUMNS} from funes_seed.runs where name = $1`, [name])
  return rows[0] as Run
}

/** Writes down that the run is about to register this model, so that cleaning removes it. */
export async function noteModel(client: pg.ClientBase, name: string, model: string): Promise<void> {
  await client.query('update funes_seed.runs set model = $2, updated_at = now() where name = $1', [
    name,
    model,
  ])
}

/** Takes nothing for stored any more; dropped indexes stay to be built. */
export async function resetRuns(client: pg.ClientBase): Promise<void> {
  await client.query(
    'update funes_seed.runs set stored = 0, sessions = 0, finished = false, updated_at = now()',
  )
}

/** Counts a batch as stored. Called inside the transaction that stores it. */
export const ADVANCE = `
  update funes_seed.runs
  set stored = stored + $2::int4, sessions = sessions + $3::int4, updated_at = now()
  where name = $1`

export interface PendingIndexes {
  readonly run: string
  readonly definitions: readonly string[]
}

/** The indexes that are still to be built, of every run: they are gone for everybody, whoever dropped them. */
export async function readPending(client: pg.ClientBase | pg.Pool): Promise<PendingIndexes[]> {
  const { rows } = await client.query(
    `select name as run, pending_indexes as definitions
     from funes_seed.runs where cardinality(pending_indexes) > 0 order by started_at, name`,
  )
  return rows
}

export async function setPendingIndexes(
  client: pg.ClientBase,
  name: string,
  definitions: readonly string[],
): Promise<void> {
  await client.query(
    'update funes_seed.runs set pending_indexes = $2::text[], updated_at = now() where name = $1',
    [name, definitions],
  )
}

export async function finishRun(client: pg.ClientBase, name: string): Promise<void> {
  await client.query('update funes_seed.runs set finished = true, updated_at = now() where name = $1', [name])
}
