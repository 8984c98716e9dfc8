import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'
import type { Test } from 'tap'

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

/** How long a browser may take for what a test waits for: a minute, since the machine may be busy. In the tests of a browser, nothing else waits by a clock. */
const PATIENCE_MS = 60_000

/** Starts a browser with its own profile. Throws an Error of one line that says how to install a browser. */
export async function launchChromium(): Promise<Browser> {
  const bundled = await launchBundled()
  if (bundled) return bundled
  const executablePath = findInstalled()
  if (!executablePath) throw new Error('No Chromium found, and these tests need one: apt-get install chromium')
  return chromium.launch({ executablePath, args: FLAGS, headless: true, timeout: PATIENCE_MS })
}

/** The browser of the npm package; undefined if its binary does not run. */
async function launchBundled(): Promise<Browser | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  try {
    const executablePath = await sparticuz.executablePath()
    // Not with its own args: they have --single-process, which crashes with its first page, and --disable-web-security.
    return await chromium.launch({ executablePath, args: FLAGS, headless: true, timeout: PATIENCE_MS })
  } catch {
    return undefined
  }
}

/** Creates a profile of its own, whose pages have the patience of these tests. Closed with the test. */
export async function createProfile(
  t: Test,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const profile = await browser.newContext(options)
  profile.setDefaultTimeout(PATIENCE_MS)
  t.teardown(() => profile.close())
  return profile
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
