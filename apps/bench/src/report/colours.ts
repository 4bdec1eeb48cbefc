/** One colour for each driver on every chart; distinct for colour-blind eyes too (Okabe and Ito). */
const COLOURS: Readonly<Record<string, string>> = {
  funes: '#d55e00',
  pg: '#0072b2',
  'pg-minimal': '#56b4e9',
  'prisma-naive': '#cc79a7',
  mastra: '#009e73',
  langchain: '#b8a000',
}

/** For whatever else is compared, in the order in which it comes; those of drivers come back when these are used up. */
const OTHERS = ['#666666', '#8c564b', '#17becf', '#7f3c8d', ...Object.values(COLOURS)]
const given = new Map<string, string>()

export function colourOf(series: string): string {
  const colour = COLOURS[series] ?? given.get(series) ?? (OTHERS[given.size % OTHERS.length] as string)
  if (COLOURS[series] === undefined) given.set(series, colour)
  return colour
}
