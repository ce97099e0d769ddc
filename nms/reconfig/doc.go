// Package reconfig carries out what rules propose, safely: proposal -> gates -> (approval) -> old values kept -> SET with
// token and serial -> read back -> done, failed or refused. Every step is in the journal, before the act it announces,
// and in its audit chain.
//
// Two kinds of target: how the controller reacts (a service's policy) and hardware (a setting, and the job that applies
// it).
//
// A SET is sent once. When no answer comes its end is unknown until hawserWriteTable tells it by the token; if the table
// does not know the token either, the same SET is sent again with the same token, which the cluster carries out at most
// once. After a restart of the manager an unfinished reconfiguration is taken up there.
//
// Goroutines, owned by Run: one per cluster that has work; the work of one cluster is done in order.
package reconfig
