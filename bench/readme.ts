import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BASE, CONTENDERS, CONTROL } from './contenders.js'
import type { Results } from './results.js'

/*
 * The table in the README of the repository: between two marks, and written anew with the results.
 */

const MARKED = /(?<=<!-- speed -->\n)[\s\S]*(?=<!-- \/speed -->)/

export function showInReadme(results: Results): void {
  const path = fileURLToPath(new URL('../README.md', import.meta.url))
  writeFileSync(path, renderReadme(readFileSync(path, 'utf8'), results))
}

/** The text with what is between the marks replaced; ours in bold, a dash where a contender takes no part. */
export function renderReadme(text: string, { date, machine, versions, scenarios }: Results): string {
  const names = CONTENDERS.map(({ name }) => name).filter((name) => name !== BASE && name !== CONTROL)
  const lines = [
    ['', ...names, 'noise'],
    ['---', ...names.map(() => '--:'), '--:'],
    ...scenarios.map(({ title, noise, figures }) => {
      const ratios = names.map((name) => {
        const ratio = figures.find(({ contender }) => contender === name)?.ratio.toFixed(2) ?? '–'
        return name === 'ours' && ratio !== '–' ? `**${ratio}**` : ratio
      })
      return [title, ...ratios, `±${noise.toFixed(2)}`]
    }),
  ]
  const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const source = `${date}, ${machine.cpu}, Node.js ${versions.node ?? ''}, Socket.IO ${versions['socket.io'] ?? ''}:`
  return text.replace(MARKED, () => `\n${source}\n\n${table}\n\n`)
}
