import { sql, statement } from './statement.js'

export const ping = statement<{ one: number }>(sql`select 1::int4 as one`)
