/** With more than this going on before a run, others were using the cores. */
const QUIET_LOAD = 0.5

/** Load averages before runs, and what they mean for the figures. */
export function loadInWords(loads: readonly { readonly name?: string; readonly load: number }[]): string {
  const told = loads.map(({ name, load }) => [name, load.toFixed(2)].filter(Boolean).join(' ')).join(', ')
  const isBusy = loads.some(({ load }) => load > QUIET_LOAD)
  return isBusy
    ? `${told} (above ${QUIET_LOAD} others were using the cores: ratios may hold, milliseconds do not)`
    : told
}
