// Package probe asks a service whether it works.
//
// A Prober asks once and answers with a Result; the caller decides when to ask and how long to wait (by the context) and
// counts what it hears. The package keeps no history, reacts to nothing and imports nothing of ours.
//
// # What a Result means
//
//   - OK: the service gave the answer that the options ask for.
//   - Failed: there is a definite wrong answer. A wrong status or body is one; so is a refused connection or a missing unix
//     socket (the kernel says that nobody serves), a TLS certificate that does not verify, and a connection that the other
//     side closed or reset before the answer was complete.
//   - Unknown: nobody answered in time, or this node could not ask: the deadline passed, the network or name is
//     unreachable, descriptors ran out. Unknown is never OK. Result.Message always names the cause, so that the service
//     monitor can count Unknown toward its threshold and say why.
//
// A plugin (kind command) that exits with 0 is OK, with 2 Failed, with 1 what its option warningIs says: OK unless told
// otherwise, because a warning asks for a person and not for a fail-over; its message then says WARNING. All else, exit code
// 3, another one, a signal, a plugin that is missing or was killed at the deadline, is Unknown.
//
// # Kinds
//
// Each kind is one file (its options, its behaviour) and one line in the table in kinds.go. Options decode strictly:
// an unknown option, a wrong type or a duration without unit is an OptionError that names the option's path and the remedy.
//
// # Goroutines
//
// The kind command has one for each plugin that runs, and two for its pipes; they end with it, or with the kill at the end
// of the context. Only a process that the kernel cannot end (it waits for a disk) outlives that: the next probe then starts
// none and says so. The http kind may keep one idle connection, for which net/http runs two goroutines; a Prober that
// implements io.Closer must be closed when it is no longer needed.
package probe
