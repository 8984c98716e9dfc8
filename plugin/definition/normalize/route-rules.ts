import { closedGroup, type OptionRule, rule, text } from './option-rules.js'

/*
 * Rules for options that are about routes.
 */

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const actions = rule('a function, or an array of functions', (value) =>
  [value].flat().every((each) => typeof each === 'function'),
)

/** A rule for the beginning of paths. */
export const pathPrefix = (standard: string): OptionRule =>
  text(
    /^(\/[^/?#\s]+)*$/,
    'empty, or segments that each begin with a slash, without a slash at the end, white space, ? and #',
    standard,
  )

/** The rule for hooks of routes. */
export const routeHooks: OptionRule = closedGroup({
  onRequest: actions,
  preValidation: actions,
  preHandler: actions,
  onSend: actions,
})

export const logLevel: OptionRule = rule(`one of ${LOG_LEVELS.join(', ')}`, (value) =>
  LOG_LEVELS.includes(value as string),
)
