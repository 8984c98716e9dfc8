import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BASE, CONTENDERS, CONTROL } from './contenders.js'
import type { Results } from './results.js'

/*
 * Writes the table of docs/comparison.md, between its two marks, whenever results are saved.
 */

const MARKED = /(?<=<!-- speed -->\n)[\s\S]*(?=<!-- \/speed -->)/

export function updateComparison(results: Results): void {
  const path = fileURLToPath(new URL('../docs/comparison.md', import.meta.url))
  writeFileSync(path, renderComparison(readFileSync(path, 'utf8'), results))
}

/** Replaces what stands between the marks. Ours is bold; a dash says that a contender takes no part. */
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
