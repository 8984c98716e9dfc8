import { StreamLanguage } from '@codemirror/language'

const NAME = /"(?:[^"\\]|\\.)*"(?=\s*:)/
const TEXT = /"(?:[^"\\]|\\.)*"?/
const ATOM = /-?\d[\w.+-]*|\b(?:true|false|null)\b/
const VARIABLE = /\{\{[^{}]*\}\}/

/**
 * JSON that may have variables, `{{name}}`, for colours and brackets. The grammar of @codemirror/lang-json knows no variables, and
 * is ten times as large.
 */
export const jsonTokens = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null
    if (stream.match(VARIABLE)) return 'keyword'
    if (stream.match(NAME)) return 'propertyName'
    if (stream.match(TEXT)) return 'string'
    if (stream.match(ATOM)) return 'atom'
    stream.next()
    return null
  },
})
