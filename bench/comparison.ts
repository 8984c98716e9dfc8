import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BASE, CONTENDERS, CONTROL } from './contenders.js'
import type { Results } from './results.js'

/*
 * Writes the table of figures in docs/comparison.md when results are saved.
 */

const MARKED = /(?<=<!-- speed -->\n)[\s\S]*(?=<!-- \/speed -->)/

export function updateComparison(results: Results): void {
  const path = fileURLToPath(new URL('../docs/comparison.md', import.meta.url))
  writeFileSync(path, renderComparison(readFileSync(path, 'utf8'), results))
}

/** Replaces the text between the two marks. Ours is bold; a dash marks a contender that does not run a scenario. */
export function renderComparison(text: string, { date, machine, versions, scenarios }: Results): string {
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
