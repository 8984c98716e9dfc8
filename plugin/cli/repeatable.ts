import { Option } from 'commander'

/**
 * An option that may be given several times. Not `<value...>` of commander, which would take the arguments behind it for values.
 *
 * @param flags - e.g. `-H, --header <header>`
 */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; repeatable`)
    .argParser((value: string, former: readonly string[]) => [...former, value])
    .default([], 'none')
}
