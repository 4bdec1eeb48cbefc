import { loadSotu, type SotuAddress } from '@funes/corpus/sotu'
import type { Dataset } from './dataset.js'
import { derivedId } from './derived-id.js'
import { createRowEncoder, type UnencodedRow } from './encode-rows.js'

function rowsOf({ id, president, party, year, passages }: SotuAddress): UnencodedRow[] {
  return passages.map((passage) => ({
    userId: president.id,
    sessionId: id,
    id: derivedId(`sotu/${passage.id}`),
    content: passage.text,
    source: 'document',
    importance: 0.5,
    metadata: { president: president.name, party, year },
    createdAt: new Date(Date.UTC(year, 0, 1)),
  }))
}

/** State of the Union addresses: presidents are users, addresses sessions, passages memories. */
export async function sotuDataset(limit: number | undefined, cacheDir: string): Promise<Dataset> {
  const addresses = await loadSotu(limit === undefined ? {} : { limit })
  const rows = addresses.flatMap(rowsOf)
  const users = new Set(rows.map(({ userId }) => userId)).size
  const encoder = createRowEncoder(cacheDir)
  return {
    title: `State of the Union addresses: ${rows.length} passages by ${users} presidents, ${encoder.dimensions} dimensions`,
    identity: { dataset: 'sotu', memories: rows.length, model: encoder.model },
    model: encoder.model,
    dimensions: encoder.dimensions,
    memories: rows.length,
    users,
    rows: (from, signal) => encoder.encode(rows.slice(from), signal),
    close: () => encoder.close(),
  }
}
