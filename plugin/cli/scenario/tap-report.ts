import type { Outcome } from './actor.js'
import type { Scenario, ScenarioStep } from './scenario.js'

/*
 * Writes the outcome of a scenario as TAP, version 14.
 */

/** What a step does, for people. */
function titleOf(step: ScenarioStep): string {
  if (step.title !== undefined) return step.title
  const [[kind, what] = ['', '']] = Object.entries(step).filter(([key]) => KINDS.includes(key))
  return `${kind} ${String(what)}${step.client === undefined ? '' : ` (${step.client})`}`
}

const KINDS = ['join', 'call', 'send', 'expect-emit', 'stream', 'leave']

export function tapHead({ name, steps }: Scenario): string {
  return `TAP version 14\n# ${oneLine(name)}\n1..${steps.length}\n`
}

/** `outcome`: undefined for a step that was skipped, because one before it has failed. */
export function tapLine(number: number, step: ScenarioStep, outcome: Outcome | undefined, file: string): string {
  const title = oneLine(titleOf(step)).replaceAll('\\', '\\\\').replaceAll('#', '\\#')
  if (outcome === undefined) return `ok ${number} - ${title} # SKIP an earlier step has failed\n`
  const { problem, received } = outcome
  if (problem === undefined) return `ok ${number} - ${title}\n`
  // A text in JSON is a text in YAML.
  const lines = [`message: ${JSON.stringify(problem)}`, `at: ${JSON.stringify(`${file}:${step.line}`)}`]
  if (received !== undefined) lines.push(`received: ${JSON.stringify(received)}`)
  return `not ok ${number} - ${title}\n  ---\n${lines.map((line) => `  ${line}\n`).join('')}  ...\n`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
