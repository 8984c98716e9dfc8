import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Plugin } from 'esbuild'

/*
 * Which of the modules that the page loads with import() become one file: a few larger files compress better than many small ones.
 */

/** The folders and files of each group. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  panels: ['views/connection/', 'views/event/', 'session/'],
  editor: ['editor/', 'catalog/'],
  log: ['views/log/'],
  dialogs: ['views/workbench/', 'workbench/'],
}

const EXPORT = /^export (?:async )?(?:function|const|class) (\w+)/gm
const DYNAMIC_IMPORT = /\bimport\('(\.[^']+)\.js'\)/g

/** @param root - the folder of the page's source */
export function loadGroups(root: string): Plugin {
  const groupOf = (path: string) =>
    Object.keys(GROUPS).find((group) => GROUPS[group]?.some((part) => path.startsWith(join(root, part))))
  return {
    name: 'load-groups',
    async setup({ onResolve, onLoad }) {
      const members = await findMembers(root, groupOf)
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        const group = kind === 'dynamic-import' && groupOf(join(resolveDir, path))
        return group ? { path: group, namespace: 'group' } : undefined
      })
      onLoad({ filter: /./, namespace: 'group' }, async ({ path: group }) => {
        const paths = members.filter((path) => groupOf(path) === group)
        await refuseTwins(paths)
        const exports = paths.map((path) => `export * from ${JSON.stringify(path)}`)
        return { contents: exports.join('\n'), resolveDir: root }
      })
    },
  }
}

/** The modules of all groups that are loaded with import(). */
async function findMembers(root: string, groupOf: (path: string) => string | undefined): Promise<string[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const found = files.map(async (file) => {
    const path = join(root, file)
    const imports = (await readFile(path, 'utf8')).matchAll(DYNAMIC_IMPORT)
    return [...imports].map(([, target = '']) => `${join(dirname(path), target)}.ts`)
  })
  return [...new Set((await Promise.all(found)).flat())].filter((path) => groupOf(path) !== undefined).sort()
}

/** Throws an Error if two modules of a file export one name: neither would be exported. */
async function refuseTwins(paths: readonly string[]): Promise<void> {
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  const names = texts.flatMap((text) => [...text.matchAll(EXPORT)].map(([, name]) => name))
  const twin = names.find((name, index) => names.indexOf(name) < index)
  if (twin) throw new Error(`Modules that are loaded together export ${twin} twice: ${paths.join(', ')}`)
}
