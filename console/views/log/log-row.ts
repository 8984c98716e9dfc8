import { html } from 'lit'
import type { LogEntry } from '../../log/log-types.js'
import { visibleText } from '../../shared/visible-text.js'
import { hueOf } from './event-hue.js'
import { kindMarks } from './kind-marks.js'
import { timeOfDay } from './time-of-day.js'

/** An entry as a row of the list, of which it is the row with an index. Its id is `r` and its number. */
export function logRow(entry: LogEntry, index: number, size: number, isSelected: boolean) {
  const { number, at, identity, kind, address, event, text, isError } = entry
  const [mark, word] = kindMarks[kind]
  return html`<div
    role="option" id="r${number}" class="entry ${kind} ${isError ? 'bad' : ''}" aria-selected=${isSelected}
    aria-posinset=${index + 1} aria-setsize=${size} .style=${`--hue:${hueOf(event)}`}
  ><span class="time">${timeOfDay(at)}</span><span class="who">${identity}</span
  ><span class="mark">${isError ? '✕' : mark}<span class="word"> ${isError ? 'error' : word}</span></span
  ><span class="where">${visibleText(address, 60)}</span><span class="what">${visibleText(event, 80)}</span
  ><span class="text">${visibleText(text.slice(1, -1))}</span></div>`
}
