package native

import (
	"encoding/json"
	"reflect"
	"slices"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// diffBytes is how much of rows or keys one diff carries: with its head it stays below the size of an entry.
const diffBytes = maxEntry / 2

func partKey(c cluster.HardwarePart) string     { return c.Key }
func sensorKey(c cluster.HardwareSensor) string { return c.Key }
func nameItself(s string) string                { return s }

// hardwareDiff lists what changed, in portions. The first portion always comes: it carries the time of the reading. What is
// gone comes before what is new, because one key may name a component and a sensor: a row of the other kind under a key
// that is gone is sent again.
func hardwareDiff(old, now cluster.Hardware) []cluster.HardwareDiff {
	goneKeys := slices.Concat(gone(old.Components, now.Components, partKey), gone(old.Sensors, now.Sensors, sensorKey),
		gone(old.Settings, now.Settings, ledger.SettingKey))
	head := cluster.HardwareDiff{
		Node: now.Node, BMCState: now.BMCState, Collected: now.Collected, Problems: now.Problems, FenceReady: now.BMCState == "ok",
	}
	first := head
	if old.System != now.System {
		first.System = &now.System
	}
	out := []cluster.HardwareDiff{first}
	for _, keys := range portions(goneKeys) {
		d := head
		d.Gone = keys
		out = append(out, d)
	}
	for _, rows := range portions(differing(old.Components, kept(old.Components, now.Components), goneKeys, partKey)) {
		d := head
		d.Components = rows
		out = append(out, d)
	}
	for _, rows := range portions(differing(old.Sensors, kept(old.Sensors, now.Sensors), goneKeys, sensorKey)) {
		d := head
		d.Sensors = rows
		out = append(out, d)
	}
	for _, rows := range portions(differing(old.Settings, kept(old.Settings, now.Settings), goneKeys, ledger.SettingKey)) {
		d := head
		d.Settings = rows
		out = append(out, d)
	}
	return out
}

// kept is what is to be there afterwards: a part that was not read at all (nil) stays as it was.
func kept[T any](old, now []T) []T {
	if now == nil {
		return old
	}
	return now
}

// gone lists the keys of rows that are no more.
func gone[T any](old, now []T, key func(T) string) []string {
	present := byKey(kept(old, now), key)
	var out []string
	for _, o := range old {
		if _, ok := present[key(o)]; !ok {
			out = append(out, key(o))
		}
	}
	return out
}

// differing lists the rows that are not in old as they are, or will be dropped with a key that is gone.
func differing[T any](old, now []T, gone []string, key func(T) string) []T {
	before, dropped := byKey(old, key), byKey(gone, nameItself)
	var out []T
	for _, n := range now {
		o, ok := before[key(n)]
		if _, lost := dropped[key(n)]; lost || !ok || !reflect.DeepEqual(o, n) {
			out = append(out, n)
		}
	}
	return out
}

func byKey[T any](rows []T, key func(T) string) map[string]T {
	out := make(map[string]T, len(rows))
	for _, r := range rows {
		out[key(r)] = r
	}
	return out
}

// portions cuts rows by the bytes they take; a row that is too large alone goes alone.
func portions[T any](rows []T) [][]T {
	var out [][]T
	size := 0
	for _, row := range rows {
		data, err := json.Marshal(row)
		if err != nil {
			panic("native: a row of hardware does not encode: " + err.Error())
		}
		if len(out) == 0 || size+len(data) > diffBytes {
			out, size = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], row)
		size += len(data) + 1
	}
	return out
}
