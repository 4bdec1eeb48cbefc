const WORDS =
  'the a of to in is was for with on at by from that this our your their meeting project deadline invoice travel ' +
  'coffee tea prefers wants asked about plan budget team review release window morning evening remember birthday ' +
  'doctor allergy garden weekend flight hotel booking number account summary notes draft report question answer'
const vocabulary = WORDS.split(' ')

/** A text of 40 to 400 characters, always the same for the same row. */
export function contentOf(index: number): string {
  let state = (index + 1) * 2_654_435_761
  const next = () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) | 0
    return (state >>> 8) / 16_777_216
  }
  const length = 40 + Math.floor(360 * next() ** 2)
  let text = ''
  while (text.length < length) {
    text += `${text === '' ? '' : ' '}${vocabulary[Math.floor(next() * vocabulary.length)]}`
  }
  return text
}
