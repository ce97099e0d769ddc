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
// # Goroutines
//
// Each long one is a task (Run, Ready, String) and is started in one place by the program: Publisher.Run makes views,
// Backend.Run writes refusals and releases held jobs. Nothing here starts one of its own.
package plugin
