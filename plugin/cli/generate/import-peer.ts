import { CliError } from '../cli-error.js'

/**
 * Loads a package that only some commands need, and that is not installed with this one.
 *
 * @param purpose - e.g. `Types are written by`
 * @throws CliError that says how to install it
 */
export async function importPeer<Module>(load: () => Promise<Module>, name: string, purpose: string): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    throw new CliError(`${purpose} ${name}, which is not installed: npm install --save-dev ${name}`, 2, error)
  }
}
