// Package poll reads the state of each cluster by SNMP and makes the journal complete.
//
// One pass over a cluster: find the node with the freshest current view; fetch every event that the journal lacks from
// hawserEventTable; fetch the whole condition of every event that has none, also of those that came as a notification;
// mark what the cluster no longer holds as lost for good, with its range; read the tables; store the state.
//
// Passes are caused by the schedule (PokeAll) and by notifications (Poke): a notification is thus confirmed by a read
// before any rule acts on it. A cluster of which no node answers for a while is found silent.
//
// Goroutines, owned by Run: a fixed number of workers. A cluster is polled by one worker at a time.
package poll
