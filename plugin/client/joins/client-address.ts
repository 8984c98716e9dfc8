/*
 * Writes the address of a namespace as the server does: '/orgs/:orgId' with { orgId: 42 } is '/orgs/42'. An address has one spelling.
 */

const PARAMETER = /:([\p{L}\p{N}_$]+)|\*/u
const ESCAPED = /[%/?#;,\\\s\p{Cc}]/gu
const LONE_SURROGATE = /\p{Cs}/gu

/**
 * The address of a name.
 *
 * @param name - a name of the server's definitions, or an address
 * @param params - the values of its parameters; `*` for a wildcard
 * @throws TypeError if a parameter has no value, or an empty one
 */
export function writeClientAddress(name: string, params: Readonly<Record<string, unknown>> = {}): string {
  let address = ''
  let rest = name
  for (let match = PARAMETER.exec(rest); match; match = PARAMETER.exec(rest)) {
    const [text, parameter = '*'] = match
    const value = String((Object.hasOwn(params, parameter) ? params[parameter] : undefined) ?? '')
    if (value === '') throw new TypeError(`The params of ${name} lack ${parameter}`)
    // A wildcard keeps its slashes.
    const write = (text: string) => (text === '/' && parameter === '*' ? text : encodeURIComponent(text))
    address += rest.slice(0, match.index) + value.replace(LONE_SURROGATE, '\uFFFD').replace(ESCAPED, write)
    rest = withoutConstraint(rest.slice(match.index + text.length))
  }
  return address + rest
}

/** Takes off the regular expression that a text begins with: '(^\\d+$)/x' is '/x'. */
function withoutConstraint(text: string): string {
  if (text[0] !== '(') return text
  let depth = 0
  for (const { 0: mark, index } of text.matchAll(/\\.|[()]/g)) {
    if (mark === '(') depth++
    else if (mark === ')' && --depth === 0) return text.slice(index + 1)
  }
  return ''
}
