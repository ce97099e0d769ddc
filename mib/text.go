package mib

import _ "embed"

// Text is the module as SMIv2 text, for tools that want to load it.
//
//go:embed HAWSER-MIB.txt
var Text string

// Module is the name of the module, and of the file that tools look for.
const Module = "HAWSER-MIB"
