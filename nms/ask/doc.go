// Package ask asks a cluster about itself by SNMP: scalars, tables, the freshest current view among its nodes, and SETs.
//
// It knows objects by their MIB names only; OIDs, types and labels come from package mib. gosnmp does the talking.
//
// A Session is one address as one user; it is not safe for use by many goroutines at once. Only
// Freshest starts goroutines, and awaits them. A read is repeated at the pace of the agent's answers, then patiently.
package ask
