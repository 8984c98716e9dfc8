import { css } from 'lit'

/** What the elements of all views look like. The colours are custom properties of style.css. */
export const baseStyles = css`
  *, *::before, *::after { box-sizing: border-box; }
  :host { display: block; }
  [hidden] { display: none !important; }
  h1, h2, h3, p, dl, dd, ol, ul, fieldset, pre { margin: 0; padding: 0; border: 0; }
  ol, ul { list-style: none; }
  h2 { font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
  h3 { font-size: 0.8125rem; font-weight: 600; }
  code, pre, .mono { font-family: var(--mono); font-size: 0.8125rem; overflow-wrap: anywhere; }
  .hint { color: var(--soft); font-size: 0.8125rem; }
  .error { color: var(--red); }
  .visually-hidden {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
  button, input, select, textarea { font: inherit; color: inherit; }
  button {
    display: inline-flex; align-items: center; gap: 6px; min-height: 30px; padding: 3px 11px; cursor: pointer;
    border: 1px solid var(--edge); border-radius: 7px; background: var(--surface);
  }
  button:hover { border-color: var(--accent); }
  button:disabled { opacity: 0.55; cursor: default; border-color: var(--rule); }
  button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
  button.quiet { border-color: transparent; background: none; }
  button[aria-pressed="true"] { background: var(--tint); border-color: var(--accent); }
  button.quiet:hover { background: var(--tint); }
  input:not([type="checkbox"], [type="radio"]), select, textarea {
    min-height: 30px; padding: 3px 8px; border: 1px solid var(--edge); border-radius: 7px; background: var(--surface);
    min-width: 0; max-width: 100%;
  }
  label { font-size: 0.8125rem; }
  .row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
  .badge {
    display: inline-block; padding: 0 7px; border: 1px solid var(--rule); border-radius: 99px; color: var(--soft);
    font-size: 0.75rem; line-height: 1.6; white-space: nowrap;
  }
  .badge.good { color: var(--accent); border-color: var(--accent); }
  .badge.warn { color: var(--amber); border-color: var(--amber); }
  .badge.bad { color: var(--red); border-color: var(--red); }
  table { border-collapse: collapse; width: 100%; font-size: 0.8125rem; }
  th, td { padding: 4px 10px 4px 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--rule); }
  th { color: var(--soft); font-weight: 500; }
`
