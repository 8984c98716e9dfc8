import { availableParallelism } from 'node:os'

/** The argument of tap for how many files run at a time: one more than there are cores, because some of them always wait. */
export const jobs = `--jobs=${availableParallelism() + 1}`
