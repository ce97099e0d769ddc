// Package poll reads the state of each cluster by SNMP and makes the journal complete.
//
// One pass over a cluster: find the node with the freshest current view; fetch every event that the journal lacks from
// hawserEventTable; fetch the whole condition of every event that has none, also of those that came as a notification;
// mark what the cluster no longer holds as lost for good, with its range; read the tables; store the state.
//
// What is lost is proved, not supposed: each answer of a walk carries the bounds of the history that it was made from, so
// that a row which is absent because the node restarted, or has not all of the log yet, is asked for again, at another node
// too. What a node should show and none does is lost after two minutes. Conditions come oldest first: those age out first.
//
// Passes are caused by the schedule (PokeAll) and by notifications (Poke): a notification is thus confirmed by a read
// before any rule acts on it. A cluster of which no node answers for a while is found silent.
//
// Goroutines, owned by Run: a fixed number of workers. A cluster is polled by one worker at a time, which reads conditions
// over several sessions at once and awaits them.
package poll
