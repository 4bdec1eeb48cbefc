import { duration, whole } from './figures.js'
import type { Screen } from './screen.js'

export interface Progress {
  /** @param total undefined while nobody knows it */
  update(done: number, total?: number, label?: string): void
  /** Takes the line away, or leaves nothing open. */
  end(): void
}

const REDRAW_MS = 100
/** Where lines cannot be drawn over, so often at most. */
const LINE_MS = 5000

/** How far something is: a line on stderr that redraws itself, in a log one every five seconds, none in the log of a program. */
export function createProgress(
  screen: Screen,
  title: string,
  now: () => number = () => performance.now(),
): Progress {
  const start = now()
  let shownAt = screen.canRedraw ? Number.NEGATIVE_INFINITY : start
  let isShown = false

  function line(done: number, total: number | undefined, label: string): string {
    const perSecond = done / Math.max(0.001, (now() - start) / 1000)
    if (total === undefined || total <= 0) return `${label}  ${whole(done)}  ${whole(perSecond)}/s`
    const left =
      perSecond > 0 && done < total ? `  ${duration((1000 * (total - done)) / perSecond)} left` : ''
    const share = Math.floor((100 * Math.min(done, total)) / total)
    return `${label}  ${whole(done)} of ${whole(total)}  ${share} %${left}`
  }

  return {
    update(done, total, label = title) {
      if (now() - shownAt < (screen.canRedraw ? REDRAW_MS : LINE_MS)) return
      shownAt = now()
      isShown = true
      if (screen.canRedraw) screen.redraw(line(done, total, label))
      else if (!screen.isForProgram) screen.say(line(done, total, label))
    },
    end() {
      if (isShown && screen.canRedraw) screen.redraw('')
      isShown = false
    },
  }
}
