import { createReadStream } from 'node:fs'

export interface WordVector {
  readonly word: string
  /** 100 components, not of unit length. */
  readonly vector: Float32Array
}

/** A key and its array of numbers, with the comma that may stand before them. */
const ENTRY = /[,\s]*"((?:[^"\\]|\\.)*)":\[([^\]]*)\]/y
/** The file puts a length and an index behind the components. */
const DIMENSIONS = 100
const START = '"vectors":{'

/**
 * Streams the words and their vectors out of the package's JSON file, most frequent words first.
 *
 * The file is one object of 307 MB; parsed as a whole it takes gigabytes, so its entries are read one by one.
 *
 * @throws Error when the file has no such entries
 */
export async function* readWordVectors(file: string): AsyncGenerator<WordVector, void, undefined> {
  let text = ''
  let isInside = false
  let count = 0
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    text += chunk
    if (!isInside) {
      const start = text.indexOf(START)
      if (start < 0) {
        text = text.slice(-START.length)
        continue
      }
      isInside = true
      text = text.slice(start + START.length)
    }
    let end = 0
    ENTRY.lastIndex = 0
    for (let match = ENTRY.exec(text); match !== null; match = ENTRY.exec(text)) {
      end = ENTRY.lastIndex
      const vector = Float32Array.from((match[2] as string).split(',', DIMENSIONS), Number)
      if (vector.length !== DIMENSIONS || !vector.every(Number.isFinite)) continue
      if (vector.every((component) => component === 0)) continue
      count++
      yield { word: JSON.parse(`"${match[1]}"`), vector }
    }
    text = text.slice(end)
    // The object of vectors is over; what follows is something else.
    if (text.startsWith('}')) break
  }
  if (count === 0) throw new Error(`${file} holds no word vectors`)
}
