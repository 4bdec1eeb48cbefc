import { duration, whole } from './figures.js'
import type { Screen } from './screen.js'

export interface Progress {
  update(done: number): void
  /** Leaves the line as it is and goes on below it. */
  end(): void
}

/** Over so long the rate is measured: what was resumed in a moment must not colour what is left. */
const WINDOW_MS = 5000
const REDRAW_MS = 100
const BAR_WIDTH = 30

/** A bar that redraws itself on a terminal; elsewhere a line at each tenth. */
export function createProgress(
  screen: Screen,
  label: string,
  total: number,
  now = () => performance.now(),
): Progress {
  const samples: { at: number; done: number }[] = [{ at: now(), done: 0 }]
  let drawnAt = Number.NEGATIVE_INFINITY
  let tenth = 0

  function line(done: number): string {
    const first = samples[0] as { at: number; done: number }
    const seconds = (now() - first.at) / 1000
    const rate = seconds > 0 ? (done - first.done) / seconds : 0
    const left = rate > 0 && done < total ? `${duration((1000 * (total - done)) / rate)} left` : ''
    const filled = Math.round((BAR_WIDTH * done) / total)
    const bar = screen.paint('cyan', '━'.repeat(filled)) + screen.paint('dim', '─'.repeat(BAR_WIDTH - filled))
    const figures = `${whole(done).padStart(whole(total).length)} of ${whole(total)}   ${rate.toFixed(0).padStart(3)}/s   ${left}`
    return screen.isTerminal ? `${label}  ${bar}  ${figures}` : `${label}  ${figures}`.trimEnd()
  }

  return {
    update(done) {
      const at = now()
      samples.push({ at, done })
      while (samples.length > 2 && at - (samples[1] as { at: number }).at > WINDOW_MS) samples.shift()
      if (screen.isTerminal) {
        if (at - drawnAt < REDRAW_MS && done < total) return
        drawnAt = at
        screen.rewrite(line(done))
      } else if (Math.floor((10 * done) / total) > tenth) {
        tenth = Math.floor((10 * done) / total)
        screen.print(line(done))
      }
    },
    end() {
      if (screen.isTerminal) screen.print()
    },
  }
}
