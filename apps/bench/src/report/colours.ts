/** One colour for each driver on every chart; distinct for colour-blind eyes too (Okabe and Ito). */
const COLOURS: Readonly<Record<string, string>> = {
  funes: '#d55e00',
  pg: '#0072b2',
  'pg-minimal': '#56b4e9',
  'prisma-naive': '#cc79a7',
  mastra: '#009e73',
  langchain: '#b8a000',
}

const OTHERS = ['#666666', '#8c564b', '#17becf', '#7f3c8d']

export function colourOf(driver: string): string {
  const known = COLOURS[driver]
  if (known !== undefined) return known
  const sum = [...driver].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0)
  return OTHERS[sum % OTHERS.length] as string
}
