import { css } from 'lit'

/** What the views of events and emits look like, besides baseStyles. */
export const panelStyles = css`
  :host, article { display: grid; gap: 12px; align-content: start; min-width: 0; }
  header { display: grid; gap: 4px; }
  h2 .mono { font-size: 1.0625rem; }
  p { overflow-wrap: anywhere; }
  .prose { color: var(--soft); white-space: pre-line; }
  summary { cursor: pointer; min-height: 24px; font-size: 0.8125rem; }
  details > :not(summary) { margin-top: 6px; }
  pre, textarea {
    width: 100%; max-height: 22rem; overflow: auto; padding: 8px 10px; border: 1px solid var(--rule); border-radius: 7px;
    background: var(--sunken); white-space: pre-wrap;
  }
  textarea { min-height: 7rem; font: 0.8125rem / 1.5 var(--mono); border-color: var(--edge); background: var(--surface); resize: vertical; }
  input[type="number"] { width: 6em; }
  button { font-size: 0.8125rem; }
  label { display: inline-flex; align-items: center; gap: 6px; min-height: 24px; }
  .joined { display: inline-flex; }
  .joined > button { border-radius: 0; margin-inline-start: -1px; }
  .joined > button:first-child { border-radius: 7px 0 0 7px; }
  .joined > button:last-child { border-radius: 0 7px 7px 0; }
  .problems {
    display: grid; gap: 2px; padding: 6px 10px; border-inline-start: 3px solid var(--red); background: var(--red-tint);
    font-size: 0.8125rem;
  }
`
