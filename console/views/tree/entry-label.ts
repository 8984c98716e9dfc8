import { html, nothing } from 'lit'
import type { NamespaceDescription, Prose } from '../../../plugin/definition/contract/description.js'
import { authOf } from '../../catalog/catalog-search.js'
import { visibleText } from '../../shared/visible-text.js'

/*
 * What stands on the buttons of the tree.
 */

const AUTH = { auth: 'auth', hooks: 'hooks' }
const AUTH_TITLE = { auth: 'Joining needs auth', hooks: 'Hooks decide who joins' }
const SUMMARY_LENGTH = 140

/** The label of a namespace. */
export function namespaceLabel(namespace: NamespaceDescription, states: string | undefined) {
  const auth = authOf(namespace)
  return html`<span class="label">${visibleText(namespace.name)}</span>
    ${stateBadge(states)}
    ${auth ? html`<span class="badge" title=${AUTH_TITLE[auth]}>${AUTH[auth]}</span>` : nothing}
    ${proseLabel(namespace)}`
}

/** The label of an event or an emit. */
export function leafLabel(view: 'event' | 'emit', name: string, prose: Prose) {
  return html`<span class="way" aria-hidden="true">${view === 'event' ? '→' : '←'}</span>
    <span class="visually-hidden">${view}</span>
    <span class="label">${visibleText(name)}</span>
    ${proseLabel(prose)}`
}

/** The label of an address without a definition. */
export function addressLabel(address: string, states: string | undefined) {
  return html`<span class="label">${visibleText(address)}</span>${stateBadge(states)}<small>without a definition</small>`
}

function proseLabel({ summary, deprecated }: Prose) {
  return html`${deprecated ? html`<span class="badge warn">deprecated</span>` : nothing}
    ${summary ? html`<small>${visibleText(summary, SUMMARY_LENGTH)}</small>` : nothing}`
}

function stateBadge(states: string | undefined) {
  if (!states) return nothing
  const tone = states === 'joined' ? 'good' : states.includes('refused') ? 'bad' : 'warn'
  return html`<span class="badge ${tone}">${states}</span>`
}
