import { html } from 'lit'
import { paramsOf } from '../../catalog/name-params.js'
import { visibleText } from '../../shared/visible-text.js'

/** The values of the parameters of a dynamic name, by name. */
export type ParamValues = Readonly<Record<string, string>>

/** Small inputs for the parameters of a name; nothing for a static one. */
export function paramsForm(name: string, params: ParamValues, change: (params: ParamValues) => void) {
  const names = /[:*]/.test(name) ? paramsOf(name) : []
  return names.map(
    (param) => html`<label class="param"><span class="mono">${visibleText(param === '*' ? '*' : `:${param}`, 60)}</span>
      <input required size="14" autocomplete="off" .value=${params[param] ?? ''}
        @input=${(event: Event) => change({ ...params, [param]: (event.target as HTMLInputElement).value })} /></label>`,
  )
}
