package main

import "github.com/spf13/cobra"

// commands are all that hawser can do, in the order of its help.
var commands = []func(*app) *cobra.Command{
	demoCommand,
	nodeCommand,
	managerCommand,
	initCommand,
	validateCommand,
	statusCommand,
	eventsCommand,
	conditionsCommand,
	redfishCommand,
	fleetCommand,
	exportCommand,
	mibCommand,
	versionCommand,
	demoServiceCommand,
}
