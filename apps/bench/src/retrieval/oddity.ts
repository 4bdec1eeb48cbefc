import { basename } from 'node:path'

/** What labelled sets have that nothing can be stored or asked of as it stands, and what is done about it, by its name in a report. */
const KINDS = {
  turnsWithoutText: 'turns without text, left out',
  questionsWithoutText: 'questions without text, left out',
  questionsWithoutEvidence: 'questions without evidence, left out',
  missingEvidence: 'pieces of evidence that are no turn of their user, counted as not found',
  cutTexts: 'texts that were too long, cut',
} as const

export type OddityKind = keyof typeof KINDS

/** One of them, and where it stands. */
export interface Oddity {
  readonly kind: OddityKind
  readonly path: string
  /** Counted from 1. */
  readonly line: number
}

/** How many there are of each kind. */
export type OddityCounts = Readonly<Record<OddityKind, number>>

const ALL_KINDS = Object.keys(KINDS) as OddityKind[]
/** So many lines are named; the rest is only counted. */
const LINES_NAMED = 10

export function countOddities(oddities: readonly Oddity[]): OddityCounts {
  const count = (kind: OddityKind) => oddities.filter((one) => one.kind === kind).length
  return Object.fromEntries(ALL_KINDS.map((kind) => [kind, count(kind)])) as Record<OddityKind, number>
}

/** Counts in words, as far as there are any. */
export function countsInWords(counts: OddityCounts): string[] {
  return ALL_KINDS.filter((kind) => counts[kind] > 0).map(
    (kind) => `${counts[kind].toLocaleString('en')} ${KINDS[kind]}`,
  )
}

/** A sentence for each kind and file, naming the first lines. */
export function odditiesInWords(oddities: readonly Oddity[]): string[] {
  return ALL_KINDS.flatMap((kind) => {
    const own = oddities.filter((one) => one.kind === kind)
    return [...new Set(own.map(({ path }) => path))].map((path) => {
      const here = own.filter((one) => one.path === path)
      const lines = [...new Set(here.map(({ line }) => line))]
      const named = lines.slice(0, LINES_NAMED).join(', ')
      const more = lines.length > LINES_NAMED ? ' and more' : ''
      return `${basename(path)}: ${here.length.toLocaleString('en')} ${KINDS[kind]} (line ${named}${more})`
    })
  })
}
