import { FST_NSP_OPTIONS_INVALID } from '../../shared/errors.js'
import { kindOf, suggest } from '../../shared/wording.js'

/*
 * What a value of the plugin's options must be, and its default. A rule refuses a value with FST_NSP_OPTIONS_INVALID:
 * the option's path, what it must be, and what it is.
 */

export interface OptionRule {
  /** Stands for an option that is left out. */
  readonly default?: unknown
  /**
   * Checks a value.
   * @returns The value; of a group, a copy with the defaults of its options.
   * @throws FST_NSP_OPTIONS_INVALID naming the path.
   */
  readonly read: (value: unknown, path: string) => unknown
}

export function refuse(path: string, problem: string): never {
  throw new FST_NSP_OPTIONS_INVALID(path, problem)
}

/** `meaning` says what a value must be. */
export const rule = (meaning: string, isRight: (value: unknown) => boolean, standard?: unknown): OptionRule => ({
  default: standard,
  read: (value, path) => (isRight(value) ? value : refuse(path, `must be ${meaning}: got ${show(value)}`)),
})

export const flag = (standard?: boolean): OptionRule => rule('true or false', (value) => typeof value === 'boolean', standard)

/** Nothing in it is checked. */
export const object = (standard?: object): OptionRule => rule('an object', (value) => kindOf(value) === 'object', standard)

export const text = (pattern: RegExp, meaning: string, standard?: string): OptionRule =>
  rule(meaning, (value) => typeof value === 'string' && pattern.test(value), standard)

/** Default of `most`: the largest delay that node's timers take. */
export function wholeNumber(least: number, standard?: number, most = 2_147_483_647): OptionRule {
  const isWithin = (value: unknown) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most
  return rule(`a whole number from ${least} to ${most}`, isWithin, standard)
}

/** An array of these words. */
export function listOf(words: readonly string[]): OptionRule {
  return {
    read(value, path) {
      if (!Array.isArray(value) || value.length === 0) refuse(path, `must be an array of ${words.join(', ')}`)
      const wrong = value.findIndex((word, index) => !words.includes(word) || value.indexOf(word) < index)
      if (wrong !== -1) refuse(`${path}.${wrong}`, `must be one of ${words.join(', ')}, each once`)
      return value
    },
  }
}

/** Options below an option. `problemOf`: what is wrong with the name of one; undefined where nothing is. */
export function group(rules: Readonly<Record<string, OptionRule>>, problemOf: (name: string) => string | undefined): OptionRule {
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

/** For a group whose options are all in `rules`. */
export function closedGroup(rules: Readonly<Record<string, OptionRule>>): OptionRule {
  const names = Object.keys(rules)
  const list = names.join(', ')
  return group(rules, (name) =>
    names.includes(name) ? undefined : `is unknown: ${suggest(name, names)}use one of ${list}`,
  )
}

/** An object is named by its kind: it may be long, or hold a secret. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return Object(value) === value ? kindOf(value) : String(value)
}
