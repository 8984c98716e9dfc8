import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/**
 * The elements that axe finds wrong with the page in its current state, by rule.
 *
 * @param options - of axe. Default: its own, which leave out what is new in WCAG 2.2.
 */
export async function findings(page: Page, options: axe.RunOptions = {}): Promise<string[]> {
  // Through the debugger, which the page's policy does not restrict.
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axe.source)
  const { violations } = await page.evaluate<{ violations: Finding[] }>(`axe.run(document, ${JSON.stringify(options)})`)
  return violations.map(({ id, impact, nodes }) => {
    return `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`
  })
}
