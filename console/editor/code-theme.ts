import { HighlightStyle } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

/* The look of the editor, by the custom properties of style.css: light and dark come by themselves. */

export const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--blue)' },
  { tag: tags.string, color: 'var(--accent)' },
  { tag: tags.atom, color: 'var(--amber)' },
  { tag: tags.keyword, color: 'var(--red)' },
])

const FLOATING = {
  border: '1px solid var(--edge)',
  borderRadius: '7px',
  background: 'var(--surface)',
  color: 'var(--ink)',
}
const MONO = { fontFamily: 'var(--mono)', fontSize: '0.8125rem' }

export const theme = EditorView.theme({
  '&': { ...MONO, height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '1.6', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 10px' },
  '&.cm-focused .cm-matchingBracket': { background: 'var(--tint)', outline: '1px solid var(--accent)' },
  '&.cm-focused .cm-nonmatchingBracket': { background: 'var(--red-tint)' },
  '.cm-wrong': {
    textDecoration: 'underline wavy var(--red)',
    textUnderlineOffset: '3px',
    background: 'var(--red-tint)',
  },
  '.cm-tooltip': { ...FLOATING, maxWidth: 'min(32rem, 90vw)' },
  '.cm-tooltip .hint': { padding: '6px 10px', fontSize: '0.8125rem' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { ...MONO, maxHeight: '14em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    gap: '1em',
    minHeight: '24px',
    padding: '2px 10px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    background: 'var(--accent)',
    color: 'var(--on-accent)',
  },
  '.cm-completionDetail': { marginInlineStart: 'auto', fontStyle: 'normal', opacity: '1' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '6px 10px' },
  '.cm-tooltip .problem': { color: 'var(--red)' },
})
