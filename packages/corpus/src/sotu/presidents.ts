export interface President {
  /** As `abraham-lincoln`. */
  readonly id: string
  readonly name: string
}

/** Names that the data set spells in a way of its own. */
const NAMES = new Map([
  ['George Bush', 'George H. W. Bush'],
  ['James Polk', 'James K. Polk'],
  ['Richard Nixon', 'Richard M. Nixon'],
  ['William Mc Kinley', 'William McKinley'],
])

/** The president behind a name of the data set, which writes initials without full stops. */
export function presidentOf(nameInData: string): President {
  const name = NAMES.get(nameInData) ?? nameInData.replace(/ ([A-Z])(?= )/g, ' $1.')
  return { id: name.toLowerCase().replace(/[^a-z]+/g, '-'), name }
}
