import { type FunesError, isFunesError } from '../errors/funes-error.js'
import { statementName } from '../sql/statement.js'

/** Whether statements are prepared under names, which a pooler in transaction mode may lose. */
export interface Preparing {
  isOn(): boolean
  /** The name to prepare a text under; undefined for none. */
  name(text: string): string | undefined
  /** Whether what failed `wasOn` will do without names, which it does from now on. */
  isCured(failure: FunesError, wasOn: boolean): boolean
}

/** SQLSTATEs of a prepared statement that is not there, and of one that is there already. */
const LOST_STATEMENT = ['26000', '42P05']

export function createPreparing(isWanted: boolean): Preparing {
  let isOn = isWanted
  return {
    isOn: () => isOn,
    name: (text) => (isOn ? statementName(text) : undefined),
    isCured(failure, wasOn) {
      if (!wasOn || !isFunesError(failure, 'DB.POOLER')) return false
      if (!LOST_STATEMENT.includes(failure.meta.sqlstate as string)) return false
      isOn = false
      return true
    },
  }
}
