import {
  acceptCompletion,
  autocompletion,
  type Completion,
  type CompletionContext,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete'
import { history, historyKeymap, standardKeymap } from '@codemirror/commands'
import { bracketMatching, syntaxHighlighting } from '@codemirror/language'
import { EditorState, Prec } from '@codemirror/state'
import { EditorView, highlightSpecialChars, hoverTooltip, keymap } from '@codemirror/view'
import { visibleText } from '../shared/visible-text.js'
import { highlight, theme } from './code-theme.js'
import type { JsonCatalog } from './json-catalog.js'
import { completionsAt, type JsonCompletion } from './json-completions.js'
import { jsonTokens } from './json-tokens.js'
import { problemMarks } from './problem-marks.js'

/** What an editor needs of the element around it. */
export interface CodeHost {
  readonly value: string
  readonly label: string
  /** The schema of the text, at the moment. */
  readonly catalog: () => JsonCatalog
  readonly onInput: (text: string) => void
  /** Called when the cursor or the problems have changed. */
  readonly onMove: (position: number) => void
}

/** An editor of a text of JSON: the one part of the page that knows CodeMirror. */
export interface CodeEditor {
  readonly setText: (text: string) => void
  /** Checks again: the schema, or the problems of the server, are others. */
  readonly recheck: () => void
  readonly focus: (position?: number) => void
  readonly close: () => void
}

/** Creates an editor in an element of a shadow root. The element keeps its size. */
export function createCodeEditor(parent: HTMLElement, host: CodeHost): CodeEditor {
  let isOwn = false
  const view = new EditorView({
    parent,
    root: parent.getRootNode() as ShadowRoot, // it stands in a shadow root, where its styles belong
    state: EditorState.create({
      doc: host.value,
      extensions: [
        history(),
        // A bidi mark is shown, and turns no text around.
        highlightSpecialChars(),
        bracketMatching(),
        jsonTokens,
        syntaxHighlighting(highlight),
        theme,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of(({ state }) => ({
          'aria-label': host.label,
          'aria-describedby': 'about',
          'aria-invalid': String(host.catalog().problemsOf(state.doc.toString()).length > 0),
        })),
        problemMarks((text) => host.catalog().problemsOf(text)),
        autocompletion({ override: [complete], icons: false }),
        hoverTooltip((view, position) => {
          const text = view.state.doc.toString()
          const problem = host
            .catalog()
            .problemsOf(text)
            .find(({ from, to }) => from <= position && position <= to)
          const hint = host.catalog().hintAt(text, position)
          const place = problem ?? hint
          if (!place) return null
          return { pos: place.from, end: place.to, create: () => ({ dom: createHint(problem?.message, hint) }) }
        }),
        // Tab moves on to the next control, except where it takes what is offered. Ctrl-Enter belongs to the page.
        Prec.high(
          keymap.of([
            { key: 'Tab', run: acceptCompletion },
            { key: 'Mod-Enter', run: () => false },
          ]),
        ),
        keymap.of([...completionKeymap, ...historyKeymap, ...standardKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !isOwn) host.onInput(update.state.doc.toString())
          if (update.docChanged || update.selectionSet || update.focusChanged)
            host.onMove(update.state.selection.main.head)
        }),
      ],
    }),
  })

  function complete({ state, pos, explicit }: CompletionContext) {
    const { span, options } = completionsAt(host.catalog().reader, state.doc.toString(), pos)
    if (options.length === 0 || (!explicit && span.from === span.to)) return null
    return { from: span.from, to: span.to, options: options.map(toOption), filter: true }
  }

  return {
    setText(text) {
      if (text === view.state.doc.toString()) return
      isOwn = true
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
      isOwn = false
    },
    recheck: () => view.dispatch({}),
    focus(position) {
      view.focus()
      if (position !== undefined) view.dispatch({ selection: { anchor: Math.min(position, view.state.doc.length) } })
    },
    close: () => view.destroy(),
  }
}

function toOption({ label, detail, info, text, cursor, isRequired }: JsonCompletion, index: number): Completion {
  return {
    // A reader who has typed a quote looks for a name with its quote.
    label: text.startsWith('"') ? `"${label.replace(/^"|"$/g, '')}"` : label,
    displayLabel: visibleText(label, 80),
    detail,
    ...(info && { info }),
    boost: (isRequired ? 50 : 0) - Math.min(index, 40),
    apply(view, _completion, from, to) {
      view.dispatch({
        changes: { from, to, insert: text },
        selection: { anchor: from + cursor },
        userEvent: 'input.complete',
      })
      if (cursor === text.length && text.endsWith(' ')) startCompletion(view)
    },
  }
}

/** What is wrong at a place, and what the schema says about it. */
function createHint(problem = '', { summary = '', description = '' } = {}): HTMLElement {
  const dom = document.createElement('div')
  dom.className = 'hint'
  const add = (tag: string, className: string, textContent: string) => {
    if (textContent) dom.append(Object.assign(document.createElement(tag), { className, textContent }))
  }
  add('div', 'problem', visibleText(problem, 500))
  add('code', '', summary)
  add('div', '', description)
  return dom
}
