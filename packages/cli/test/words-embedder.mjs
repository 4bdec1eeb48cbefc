// An embedder as a user would write one for --embedder: a vector is the counts of hashed words.
const DIMENSIONS = 64

function embed(text) {
  const vector = new Float32Array(DIMENSIONS)
  vector[0] = 0.01
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
    const place = [...word].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % DIMENSIONS, 7)
    vector[place] += 1
  }
  return vector
}

export default { model: 'words', dimensions: DIMENSIONS, embed: async (texts) => texts.map(embed) }
