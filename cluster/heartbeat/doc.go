// Package heartbeat watches the nodes of a cluster by small UDP datagrams
// (beats): every node sends one to every peer on every link, ten times a
// second by default. Beats say who sends, whom it hears, whom it follows and
// what it holds; from them a node knows within half a second who fell silent,
// and how good each link is. The package decides nothing: it reports.
//
// # What a beat must be to count
//
//   - authenticated: HMAC-SHA256 by one of the shared keys (during a rotation
//     the old and the new one are valid together), of this cluster;
//   - new: its incarnation (the sender's start) not below the one known, its
//     sequence not seen on that link before;
//   - fresh: the first beat of an incarnation counts only once it echoes a
//     timestamp that this very run has sent. So no recorded beat can bring a
//     dead node back to life, not even in the eyes of a monitor that has just
//     started and remembers nothing.
//
// What is refused is counted and reported, at a bounded rate.
//
// # When a node is suspect
//
// A link is down after Missed intervals without a beat; a node is suspect
// when all its links are. A monitor that finds itself late by more than one
// interval (a stopped process, a starved machine) forgives all peers that
// lateness before it judges them: silence that it could not have heard
// through proves nothing. A change of opinion is sent to all peers at once,
// out of turn, so that a majority learns within milliseconds that it agrees
// ([Report.SilentBy]).
//
// # Goroutines
//
// [Monitor.Run] owns all of them: one holds the state, sends the beats and
// publishes reports; one per link reads its socket and verifies; one runs the
// callbacks, so that a slow one delays nothing. The state itself (core) reads
// no clock and opens no socket.
package heartbeat
