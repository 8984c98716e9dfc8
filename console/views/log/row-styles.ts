import { css } from 'lit'

/** The rows of the log: columns that give way when there is no room for them. */
export const rowStyles = css`
  :host { position: relative; min-height: 0; container-type: inline-size; }
  .list { height: 100%; overflow: auto; overflow-anchor: none; border-block: 1px solid var(--rule); background: var(--surface); }
  .list:focus-visible { outline-offset: -2px; }
  .space { position: relative; overflow: hidden; min-height: 100%; }
  .window { position: absolute; inset: 0 0 auto; }
  .entry {
    display: grid; grid-template-columns: 6rem 3.6rem minmax(0, 1fr) minmax(0, 2.2fr) minmax(0, 4.6fr); gap: 8px;
    align-items: center; height: 26px; padding-inline: 12px; cursor: default; white-space: nowrap;
    font: 0.75rem/1 var(--mono); border-inline-start: 3px solid transparent;
  }
  .two .entry { grid-template-columns: 6rem 0.8rem 3.6rem minmax(0, 1fr) minmax(0, 2.2fr) minmax(0, 4.6fr); }
  .entry > * { overflow: hidden; text-overflow: ellipsis; line-height: 24px; }
  .entry:hover { background: var(--sunken); }
  .entry[aria-selected="true"] { background: var(--tint); border-color: var(--accent); }
  .entry:not(.note) .what { color: light-dark(oklch(0.44 0.12 var(--hue)), oklch(0.83 0.1 var(--hue))); font-weight: 600; }
  .time, .mark, .where, .who { color: var(--soft); }
  .note :is(.what, .text) { color: var(--soft); font-style: italic; }
  .out .mark { color: var(--accent); }
  .in .mark, .item .mark { color: var(--blue); }
  .bad .mark { color: var(--red); font-weight: 600; }
  .list:not(.two) .who { display: none; }
  .fresh {
    position: absolute; inset: auto 50% 10px auto; transform: translateX(50%); white-space: nowrap;
    background: var(--accent); color: var(--on-accent); border-color: var(--accent); border-radius: 99px;
  }
  @container (max-width: 500px) {
    .time { display: none; }
    .entry { grid-template-columns: 3.6rem minmax(0, 0.8fr) minmax(0, 1.4fr) minmax(0, 3fr); }
    .two .entry { grid-template-columns: 0.8rem 3.6rem minmax(0, 0.8fr) minmax(0, 1.4fr) minmax(0, 3fr); }
  }
  @container (max-width: 400px) {
    .where { display: none; }
    .word { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    .entry { grid-template-columns: 1rem minmax(0, 1fr) minmax(0, 1.4fr); }
    .two .entry { grid-template-columns: 0.8rem 1rem minmax(0, 1fr) minmax(0, 1.4fr); }
  }
`
