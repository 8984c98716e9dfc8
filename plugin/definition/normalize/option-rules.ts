import { FST_NSP_OPTIONS_INVALID } from '../../shared/errors.js'
import { kindOf, suggest } from '../../shared/wording.js'

/*
 * Rules for the plugin's options: a check and a default. A rule refuses a wrong value with FST_NSP_OPTIONS_INVALID, naming the
 * path, the expected and the actual value.
 */

/** The rule of one option. */
export interface OptionRule {
  /** The default of the option. */
  readonly default?: unknown
  /**
   * Checks a value.
   *
   * @returns the value; for a group, a copy with the defaults of its options
   * @throws FST_NSP_OPTIONS_INVALID naming the path
   */
  readonly read: (value: unknown, path: string) => unknown
}

export function refuse(path: string, problem: string): never {
  throw new FST_NSP_OPTIONS_INVALID(path, problem)
}

/**
 * Creates a rule.
 *
 * @param meaning - what the value must be, for the message
 */
export const rule = (meaning: string, isRight: (value: unknown) => boolean, standard?: unknown): OptionRule => ({
  default: standard,
  read: (value, path) => (isRight(value) ? value : refuse(path, `must be ${meaning}: got ${show(value)}`)),
})

export const flag = (standard?: boolean): OptionRule =>
  rule('true or false', (value) => typeof value === 'boolean', standard)

/** A rule for an object, whose properties are not checked. */
export const object = (standard?: object): OptionRule =>
  rule('an object', (value) => kindOf(value) === 'object', standard)

export const text = (pattern: RegExp, meaning: string, standard?: string): OptionRule =>
  rule(meaning, (value) => typeof value === 'string' && pattern.test(value), standard)

/** A rule for a whole number. The default of `most` is the longest delay of Node.js timers. */
export function wholeNumber(least: number, standard?: number, most = 2_147_483_647): OptionRule {
  const isWithin = (value: unknown) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most
  return rule(`a whole number from ${least} to ${most}`, isWithin, standard)
}

/** A rule for an array of these words. */
export function listOf(words: readonly string[]): OptionRule {
  return {
    read(value, path) {
      if (!Array.isArray(value) || value.length === 0) {
        refuse(path, `must be an array with one or more of ${words.join(', ')}: got ${show(value)}`)
      }
      const wrong = value.findIndex((word, index) => !words.includes(word) || value.indexOf(word) < index)
      if (wrong !== -1) refuse(`${path}.${wrong}`, `must be one of ${words.join(', ')}, each once`)
      return value
    },
  }
}

/**
 * A rule for an object of options.
 *
 * @param problemOf - returns the problem of a name, or undefined
 */
export function group(
  rules: Readonly<Record<string, OptionRule>>,
  problemOf: (name: string) => string | undefined,
): OptionRule {
  return {
    read(value, path) {
      const copy: Record<string, unknown> = { ...(object().read(value, path) as object) }
      const at = (name: string) => (path ? `${path}.${name}` : name)
      for (const name of Object.keys(copy)) {
        const problem = problemOf(name)
        if (problem !== undefined) refuse(at(name), problem)
      }
      for (const [name, { default: standard, read }] of Object.entries(rules)) {
        const given = copy[name] === undefined ? standard : copy[name]
        if (given !== undefined) copy[name] = read(given, at(name))
      }
      return copy
    },
  }
}

/** A rule for an object of options without any others. */
export function closedGroup(rules: Readonly<Record<string, OptionRule>>): OptionRule {
  const names = Object.keys(rules)
  const list = names.join(', ')
  return group(rules, (name) =>
    names.includes(name) ? undefined : `is unknown: ${suggest(name, names)}use one of ${list}`,
  )
}

/** A value as the message shows it. An object is shown by its type, because it may be large or contain a secret. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return Object(value) === value ? kindOf(value) : String(value)
}
