package plugin

import (
	"strings"

	"hawser/cluster"
	"hawser/mib"
)

// renderWrite leaves hawserWriteChange out of rows that an older release wrote.
func renderWrite(w cluster.Write, r *rows) {
	result, reason := writeResult(w.Result)
	r.row(w.Seq)
	r.time(mib.HawserWriteTime, w.Time)
	r.text(mib.HawserWriteUser, w.By.User)
	r.address(mib.HawserWriteAddressType, mib.HawserWriteAddress, w.By.Address)
	r.label(mib.HawserWriteVia, int(w.By.Via))
	r.octets(mib.HawserWriteSetToken, w.Token)
	r.text(mib.HawserWriteObject, w.Object)
	r.text(mib.HawserWriteOldValue, w.Old)
	r.text(mib.HawserWriteNewValue, w.New)
	r.label(mib.HawserWriteResult, result)
	if w.Change != 0 {
		r.number(mib.HawserWriteChange, int64(w.Change))
	}
	r.text(mib.HawserWriteReason, reason)
}

// writeResult reads the words of the write log: "applied", "undone", or a refusal as "code: reason".
func writeResult(text string) (result int, reason string) {
	switch text {
	case "applied":
		return mib.EventResultSucceeded, ""
	case "undone":
		return mib.EventResultCancelled, "taken back"
	case "held":
		return mib.EventResultPending, "carried out when the SET ends"
	}
	if _, why, ok := strings.Cut(text, ": "); ok {
		return mib.EventResultRefused, why
	}
	return mib.EventResultUnknown, text
}

// readWrites renders rows of the write log.
func readWrites(source Source) func(after uint32, limit int) ([]record, error) {
	template := newRows(mib.HawserWriteTable)
	return func(after uint32, limit int) ([]record, error) {
		writes, err := source.Writes(after, limit)
		if err != nil {
			return nil, err
		}
		r, out := template.fresh(), make([]record, 0, len(writes))
		for _, write := range writes {
			renderWrite(write, r)
			out = append(out, record{write.Seq, r.take()})
		}
		return out, nil
	}
}
