// Package engine decides. Step looks at the replicated state and at what the leader sees now, and answers with actions:
// entries to commit, fences to carry out, machines to switch on. It is pure: it reads no clock, no network and no disk, and
// keeps no memory between steps, so that dry run, simulation and production are one function.
//
// It runs on the leader alone. What it decides becomes true only when the ledger has applied it; the ledger checks the
// safety rules once more. One pass decides about nodes (join, leave, fail), fences, alarms whose fault is over, failing
// services, observations, stacks, links, in this order, so that the condition of an event shows what led to it. Each action
// carries one sentence: what, and why.
//
// Invariants: at rest a step decides nothing; the decisions of one step do not contradict each other; a fault is told once.
// The stories in testdata show each rule at work; forms_test.go is their language.
package engine
