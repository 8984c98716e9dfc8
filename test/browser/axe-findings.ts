import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** The elements that axe finds wrong with the page in its current state, by rule. */
export async function findings(page: Page): Promise<string[]> {
  // Through the debugger, which the page's policy does not restrict.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<{ violations: Finding[] }>('axe.run(document)')
  return violations.map(({ id, impact, nodes }) => {
    return `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`
  })
}
