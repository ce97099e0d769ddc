package journal

import "hawser/nms/report"

// What is stored; package report says what each means.
type (
	Identity  = report.Identity
	Event     = report.Event
	Facts     = report.Facts
	Rank      = report.Rank
	Component = report.Component
	Unknown   = report.Unknown
	Varbind   = report.Varbind
	Engine    = report.Engine
	Alarm     = report.Alarm
	Batch     = report.Batch
	Outcome   = report.Outcome
	Heard     = report.Heard
)

// The ranks of accounts, the ways of events, and what is known of conditions, as in package report.
const (
	RankHint        = report.RankHint
	RankAlarm       = report.RankAlarm
	RankStory       = report.RankStory
	RankPolled      = report.RankPolled
	ViaTrap         = report.ViaTrap
	ViaInform       = report.ViaInform
	ViaPoll         = report.ViaPoll
	ConditionWanted = report.ConditionWanted
	ConditionWhole  = report.ConditionWhole
	ConditionLost   = report.ConditionLost
	ConditionNone   = report.ConditionNone
)
