// Package web is the manager's page set: the fleet, a cluster with its layers, the timeline, one event with the state of
// every component, incidents, reconfigurations and the audit chain. It is made for a tired operator: what is wrong, since
// when, why, and what happens next, worst first, on one screen.
//
// Every page is complete HTML that links and plain forms lead through; htmx, which is embedded, only fetches the same page
// again and puts its new main part in place. A page that is not renewed says so by itself: its style fades it, so that
// nothing old looks good.
//
// It does not decide: a verdict repeats what the cluster said of itself and how old that is (Judge). What a person may do
// here (approve, reject, switch reconfiguration off and on) needs a login with the role operator; without a file of users
// there is no login and the pages only show.
//
// Invariants:
//   - Every text of a cluster or a person is escaped by html/template; no template.HTML is made.
//   - A page loads nothing from elsewhere and runs no script but the embedded one; the Content-Security-Policy says so.
//   - An answer is given only to a Host that is loopback or the configured origin, so that no foreign name leads here.
//   - What is not known, or not heard of for too long, is shown as unknown, with what it was and when.
//
// Goroutines: none of its own; the HTTP server's call its Handler.
package web
