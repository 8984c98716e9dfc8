/*
 * The results of a contract check, for any test runner.
 */

/** One claim of a contract, checked. */
export interface ContractResult {
  /** E.g. `/chat message:send refuses /text against minLength 1`. */
  readonly name: string
  readonly ok: boolean
  /** Why it does not hold. */
  readonly problem?: string
}

/** Adds a result. `problem`: undefined if the claim holds. */
export type MakeClaim = (name: string, problem: string | undefined) => void

/** Collects results. */
export function createResults(): { readonly results: ContractResult[]; readonly claim: MakeClaim } {
  const results: ContractResult[] = []
  return {
    results,
    claim: (name, problem) =>
      void results.push(problem === undefined ? { name, ok: true } : { name, ok: false, problem }),
  }
}
