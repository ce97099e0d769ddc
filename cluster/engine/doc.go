// Package engine decides. Step looks at the replicated state and at what the leader sees now, and answers with actions:
// entries to commit, fences to carry out, machines to switch on. It is pure: it reads no clock, no network and no disk, and
// keeps no memory between steps, so that dry run, simulation and production are one function.
//
// It runs on the leader alone. What it decides becomes true only when the ledger has applied it; the ledger checks the
// safety rules once more. One pass decides in the order of the files: nodes (join, leave, fail), fences, stacks, services,
// observations, links. Each action carries one sentence: what, and why.
package engine
