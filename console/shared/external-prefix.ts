/**
 * The prefix that a proxy has put before the path of the page; empty without one.
 *
 * @param pathname - the path of the page, as the browser sees it, e.g. `/tools/r%C3%A4ume/`
 * @param page - the path of the page, as the server's routes have it, e.g. `/räume/`, or `/:tenant/namespaces/`
 */
export function externalPrefixOf(pathname: string, page: string): string {
  const own = page.split('/').slice(1)
  const shown = pathname.split('/')
  const isSame = own.every((part, at) => {
    const other = shown[shown.length - own.length + at]
    return other !== undefined && (/[:*]/.test(part) || plain(part) === plain(other))
  })
  return isSame ? shown.slice(0, -own.length).join('/') : ''
}

/** A part of a path without its encoding. A router may ignore upper and lower case. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part).toLowerCase()
  } catch {
    return part
  }
}
