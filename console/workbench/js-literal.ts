const WIDTH = 90
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/
const VARIABLE = /\{\{\s*([\w.-]+)\s*\}\}/
const ALL_VARIABLES = new RegExp(VARIABLE, 'g')
// What no editor shows, and what would end a script in a page.
const UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]|<(?=[/!])/gu

export interface LiteralOptions {
  /** The expression of a variable `{{name}}`. */
  readonly refer: (name: string) => string
  /** The expression of a value that has another one than its literal. */
  readonly override?: (value: unknown) => string | undefined
}

/** Writes a value of JSON as an expression of JavaScript. */
export function writeLiteral(value: unknown, options: LiteralOptions, indent = ''): string {
  const special = options.override?.(value)
  if (special !== undefined) return special
  if (typeof value === 'string') return writeText(value, options)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  const isList = Array.isArray(value)
  const inner = `${indent}  `
  const parts = isList
    ? value.map((item) => writeLiteral(item, options, inner))
    : Object.entries(value).map(([key, item]) => `${writeKey(key)}: ${writeLiteral(item, options, inner)}`)
  const [open, close] = isList ? '[]' : '{}'
  const line = parts.join(', ')
  if (parts.length === 0) return `${open}${close}`
  if (line.length + indent.length <= WIDTH && !line.includes('\n')) return isList ? `[${line}]` : `{ ${line} }`
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`
}

/** A text in single quotes. */
export function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner.replace(UNSAFE, escapeAll)}'`
}

/** `.name` or `['name']`. */
export function writeMember(name: string): string {
  return IDENTIFIER.test(name) ? `.${name}` : `[${quote(name)}]`
}

/** A name for a constant, made of the words of a text: `/orgs/:orgId` becomes `orgsOrgId`. */
export function toIdentifier(text: string, fallback: string): string {
  const [first = fallback, ...rest] = text.match(/[A-Za-z0-9]+/g) ?? []
  const name = [
    first.charAt(0).toLowerCase() + first.slice(1),
    ...rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)),
  ]
  const joined = name.join('').slice(0, 40)
  return /^\d/.test(joined) || RESERVED.test(joined)
    ? `${fallback}${joined.charAt(0).toUpperCase()}${joined.slice(1)}`
    : joined
}

const RESERVED =
  /^(?:break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|await|async|eval|arguments|undefined|process|app|ack|client|data|id|item|manager|of|socket|stream|t|variables)$/

function writeText(text: string, { refer }: LiteralOptions): string {
  const [whole, name] = VARIABLE.exec(text) ?? []
  if (name === undefined) return quote(text)
  if (whole === text) return refer(name)
  const parts = text
    .split(ALL_VARIABLES)
    .map((part, index) => (index % 2 ? `\${${refer(part)}}` : escapeTemplate(part)))
  return `\`${parts.join('')}\``
}

function escapeTemplate(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return inner.replaceAll('`', '\\`').replaceAll('${', '\\${').replace(UNSAFE, escapeAll)
}

// In a literal, __proto__ sets the prototype.
function writeKey(key: string): string {
  if (key === '__proto__') return "['__proto__']"
  return IDENTIFIER.test(key) ? key : quote(key)
}

function escapeAll(found: string): string {
  if (found === '<') return '\\x3c'
  return Array.from(
    { length: found.length },
    (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
}
