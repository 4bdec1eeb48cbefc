import type { Answer } from './ask.js'
import { duration } from './figures.js'
import { type Screen, wrap } from './screen.js'

function whoWasAsked({ question: { president, address }, hits }: Answer): string {
  if (president === undefined) return 'all presidents'
  const name = hits[0]?.memory.metadata.president ?? president
  return address === undefined ? `${name}, all addresses` : `${name}, ${address.slice(0, 4)} only`
}

function embeddingTime({ embedMs, isEncoderNew }: Answer): string {
  if (embedMs === null) return 'vector from the cache'
  return `embedding ${duration(embedMs)}${isEncoderNew ? ' with loading the encoder' : ''}`
}

/** Prints a question, who was asked, what both halves took, and the passages found, nearest first. */
export function showAnswer(screen: Screen, number: number | undefined, answer: Answer): void {
  const { question, hits, searchMs } = answer
  const { paint, print } = screen
  const lead = number === undefined ? '' : `${String(number).padStart(2)}  `
  const indent = ' '.repeat(lead.length)
  print(`${lead}${paint('bold', `"${question.text}"`)}`)
  print(
    `${indent}${paint('dim', `${whoWasAsked(answer)}: ${embeddingTime(answer)}, search ${duration(searchMs)}`)}`,
  )

  const sources = hits.map(({ memory }) => `${memory.metadata.president} ${memory.metadata.year}`)
  const sourceWidth = Math.max(0, ...sources.map(({ length }) => length))
  for (const [i, hit] of hits.entries()) {
    const { memory } = hit
    const source = (sources[i] as string).padEnd(sourceWidth)
    const distance = (hit.distance ?? Number.NaN).toFixed(3)
    const left = `${indent}${i + 1}  ${distance}  ${source}  `
    // The nearest passage is worth reading whole.
    const lines = wrap(memory.content, screen.width - left.length, i === 0 ? 8 : 1)
    print(`${indent}${i + 1}  ${paint('green', distance)}  ${paint('cyan', source)}  ${lines[0]}`)
    for (const line of lines.slice(1)) print(' '.repeat(left.length) + line)
  }
  print()
}
