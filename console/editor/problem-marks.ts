import type { Extension } from '@codemirror/state'
import { type Command, Decoration, EditorView, keymap } from '@codemirror/view'
import type { TextProblem } from './json-problems.js'

type Find = (text: string) => readonly TextProblem[]

/** So many are underlined. */
const MOST = 200

const mark = Decoration.mark({ class: 'cm-wrong' })

/** Underlines problems, and goes to the next one with F8. `find` is called for each change of the editor. */
export function problemMarks(find: Find): Extension {
  return [
    EditorView.decorations.of(({ state: { doc } }) => {
      const ranges = find(doc.toString())
        .slice(0, MOST)
        .flatMap(({ from, to }) => {
          // A place between two letters is told by the one behind it, at the end by the one before.
          const end = Math.min(Math.max(to, from + 1), doc.length)
          const start = Math.min(from, Math.max(0, end - 1))
          return start < end ? [mark.range(start, end)] : []
        })
      return Decoration.set(ranges, true)
    }),
    keymap.of([{ key: 'F8', run: goToNext(find) }]),
  ]
}

function goToNext(find: Find): Command {
  return (view) => {
    const starts = find(view.state.doc.toString())
      .map(({ from }) => from)
      .sort((a, b) => a - b)
    const next = starts.find((from) => from > view.state.selection.main.head) ?? starts[0]
    if (next === undefined) return false
    view.dispatch({ selection: { anchor: next }, scrollIntoView: true })
    return true
  }
}
