import { duration, whole } from './figures.js'

export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface Progress {
  update(done: number): void
  /** Leaves the line as it is and goes on below it. */
  end(): void
}

export interface ProgressOptions {
  label: string
  unit: string
  total: number
  /** What was done before: it has no part in the rate. */
  from?: number
  now?: () => number
}

const REDRAW_MS = 100
/** Where lines cannot be drawn over, so often at most. */
const LINE_MS = 5000
/** The rate is that of so long ago until now: it follows when things slow down. */
const WINDOW_MS = 10_000

/** A line with what is done, the rate and the time left; it redraws itself on a terminal. */
export function createProgress(output: Output, options: ProgressOptions): Progress {
  const { label, unit, total, from = 0, now = () => performance.now() } = options
  const samples = [{ at: now(), done: from }]
  let shownAt = now()
  let isShown = false
  let last = from

  function line(done: number): string {
    const first = samples[0] as { at: number; done: number }
    const seconds = ((samples.at(-1) as { at: number }).at - first.at) / 1000
    const rate = seconds > 0 ? (done - first.done) / seconds : 0
    const left = rate > 0 && done < total ? `, ${duration((1000 * (total - done)) / rate)} left` : ''
    const share = Math.floor((100 * done) / Math.max(1, total))
    return `${label}  ${whole(done)} of ${whole(total)} ${unit} (${share} %)  ${whole(rate)}/s${left}`
  }

  return {
    update(done) {
      const at = now()
      last = done
      samples.push({ at, done })
      while (samples.length > 2 && at - (samples[1] as { at: number }).at > WINDOW_MS) samples.shift()
      if (done < total && at - shownAt < (output.isTTY ? REDRAW_MS : LINE_MS)) return
      shownAt = at
      isShown = true
      output.write(output.isTTY ? `\r\u001b[2K${line(done)}` : `${line(done)}\n`)
    },
    end() {
      if (!output.isTTY) return
      output.write(isShown ? `\r\u001b[2K${line(last)}\n` : '')
    },
  }
}
