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
 * @param within - the selectors that lead to a part of the page, through shadow roots. Default: the whole page.
 */
export async function findings(page: Page, within?: readonly string[]): Promise<string[]> {
  // Through the debugger, which the page's policy does not restrict.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<{ violations: Finding[] }>(
    `axe.run(${within ? JSON.stringify({ include: [within] }) : 'document'})`,
  )
  return violations.map(({ id, impact, nodes }) => {
    return `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`
  })
}
