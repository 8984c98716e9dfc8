import { existsSync, readFileSync } from 'node:fs'

/**
 * The licence texts of the packages that are compiled in.
 *
 * @param modules - the paths of all modules that are compiled in
 */
export function licenceTexts(modules: readonly string[]): string {
  const folders = modules.flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/) ?? [])
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license, author } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    const hasFile = existsSync(`${folder}/LICENSE`)
    return `${name} ${version}\n\n${hasFile ? readFileSync(`${folder}/LICENSE`, 'utf8') : writeLicence(name, license, author)}`
  })
  return `Compiled into this package, unmodified:\n\n${texts.join('\n')}`
}

/** The licence of a package that has no file with it: the MIT licence, with the author whom its package.json names. */
function writeLicence(name: string, license: unknown, author: unknown): string {
  if (license !== 'MIT' || typeof author !== 'string') throw new Error(`${name} has no licence text`)
  return readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8').replace(
    /^Copyright .*$/m,
    `Copyright (c) ${author}`,
  )
}
