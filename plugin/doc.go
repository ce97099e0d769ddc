// Package plugin is the monitoring controller: it shows a cluster by SNMP, takes SNMP SETs, reports events, runs jobs and
// connects the hardware. What it reads and changes is behind the interfaces of seams.go; the native and the pacemaker
// controller satisfy them.
//
// # The view
//
// objects.go is the table of all MIB tables and groups; each table_*.go renders one of them from a snapshot, column by
// column and by the names of the module. Events, conditions and writes are bulky: they are read from the log and rendered
// when somebody asks (view_history.go). A Publisher keeps the present view and renders only what changed.
//
//   - A fact that is not known has no instance, or the value unknown where the module has one; no value is made up, and
//     nothing stale is shown as good: an isolated node knows nothing of the others, a silent BMC makes its hardware
//     unknown.
//   - One request reads one view, hence one moment. Ages are those of the snapshot, and go on while nothing changes.
//   - The controller never waits for any of this (S8): the publisher reads immutable snapshots.
//
// # SET
//
// A Backend turns the varbinds of one SET into one cluster.Change and gives it to the Changer: all or nothing, with the
// exact error and varbind of RFC 3416 section 4.2.5. What an authorised user was refused goes into the write log too,
// with the values that are allowed.
//
// # Hardware jobs
//
// The leader carries them out, one at a time for each node. Every step is in the log, with what another leader needs to go on
// (cluster.Job.Step), before it is taken; a step that could not be recorded is not taken. Who leads next finds the job
// running and goes on:
//
//	in the log before       what is then done             when its leader dies there
//	queued (the SET)        -                             the next leader begins it
//	started                 BMC read, wishes planned      begun anew
//	stage N settings        PATCH with the ETag read      begun anew: what waits at the BMC is not written again, and a
//	                                                      PATCH that comes late is refused by its ETag
//	waiting: why            reservation asked for         asked for again; wishes stay staged
//	clear                   reservation (in the log)      it is the job's by name, and asked for again
//	reset TYPE, how the     POST of the reset, within     never sent again. A sign of it is looked for: the BMC's word, the
//	machine was before      one request's time            settings, the node's next boot. Without one for resetTimeout the
//	                                                      job fails, and the node is given back
//	wait                    POST and boot are watched     watched on
//	verify                  settings are read and judged  read and judged again
//	done                    verdicts recorded             recorded again
//	rejoin                  the node's new boot awaited   awaited on; then the reservation ends
//	the job's end, with     -                             a reservation that is left ends
//	its events, as one
//
// So a value is written once, a machine is reset at most once in a job, and never without the reservation under which no
// service runs there. resetTimeout is longer than any answer of a BMC takes: until it has passed, an announced reset of a
// dead leader may still come, and the node stays reserved. An answer that did not come leaves the same doubt, and is treated
// alike. A node that is not reserved yet may be fenced meanwhile: the fence wins, its power cycle brings what is staged into
// force, and the job finds it so. fixtures/e2e/apply kills the daemons at each of these steps.
//
// # Goroutines
//
// Each long one is a task (Run, Ready, String) and is started in one place by the program: Publisher.Run makes views,
// Backend.Run writes refusals, and releases held jobs by a few of its own that it waits for. Nothing else here starts one.
package plugin
