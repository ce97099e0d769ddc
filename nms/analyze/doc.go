// Package analyze decides what an event calls for: rules in CEL over the event, its condition, the cluster's polled
// state and its history. A rule that matches makes a Proposal; whether it is carried out is the business of reconfig.
//
// Rules see
//
//	event      the event: type, severity, componentName, error, ... (see Event)
//	condition  the state of every component at that moment, a list of components
//	cluster    the polled state of its cluster (see ask.State); cluster.service("web"), cluster.node("db1")
//	history    history.count("serviceFailed", "web", duration("10m")): events of that type and component up to this one
//
// They are checked at load: wrong names, wrong types, objects that cannot be set and constants out of range are all
// named at once. Each evaluation has a cost limit.
//
// Related events are grouped into incidents: the first is the root, those that follow soon are its followers.
//
// Goroutines: none but the caller's of Run.
package analyze
