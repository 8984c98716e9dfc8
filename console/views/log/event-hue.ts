/** The hue of an event: always the same for the same name, 0 to 345 in steps of 15. */
export function hueOf(name: string): number {
  let hash = 0
  // A server may send names of megabytes.
  for (let index = 0; index < Math.min(name.length, 100); index++) hash = (hash * 31 + name.charCodeAt(index)) | 0
  return ((hash >>> 0) % 24) * 15
}
