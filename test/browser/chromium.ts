import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import { type Browser, chromium } from 'playwright-core'

/*
 * A real Chromium: the one from npm (Linux on x64), else an installed one.
 */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts a browser with its own profile. Throws an Error of one line that says how to install a browser. */
export async function launchChromium(): Promise<Browser> {
  const bundled = await launchBundled()
  if (bundled) return bundled
  const executablePath = findInstalled()
  if (!executablePath) throw new Error('No Chromium found, and these tests need one: apt-get install chromium')
  return chromium.launch({ executablePath, args: FLAGS, headless: true })
}

/** The browser of the npm package; undefined if its binary does not run. */
async function launchBundled(): Promise<Browser | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  try {
    const executablePath = await sparticuz.executablePath()
    // Not with its own args: they have --single-process, which crashes with its first page, and --disable-web-security.
    return await chromium.launch({ executablePath, args: FLAGS, headless: true })
  } catch {
    return undefined
  }
}

function findInstalled(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin']
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
