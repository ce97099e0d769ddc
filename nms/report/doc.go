// Package report holds what clusters report, as values: events with their identity, conditions, alarms, engines, and
// notifications of others. The manager's parts hand these to each other; package journal stores them.
//
// It imports nothing of ours and starts nothing.
package report
