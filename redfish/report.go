package redfish

import (
	"fmt"
	"strings"
	"time"
)

// SettingState is the verdict on one setting, named as in HAWSER-MIB.
type SettingState string

// The values of SettingState.
const (
	StateInSync   SettingState = "inSync"   // in force
	StateDrifted  SettingState = "drifted"  // another value is in force, nothing waits
	StateStaged   SettingState = "staged"   // waits for a reset
	StateApplying SettingState = "applying" // reset under way
	StateFailed   SettingState = "failed"   // the BMC took it and did not bring it about
	StateRejected SettingState = "rejected" // not possible; never sent
	StateReverted SettingState = "reverted" // was staged, and is back to the former value
	StateUnknown  SettingState = "unknown"  // could not be read
)

// Result is the verdict on one desired setting.
type Result struct {
	Scope   string       `json:"scope"`
	Name    string       `json:"name"`
	Desired string       `json:"desired"`
	State   SettingState `json:"state"`
	// Before and After are the value in force before and after.
	Before  Value  `json:"before"`
	After   Value  `json:"after"`
	Message string `json:"message"`
}

// Report is the end of an apply.
type Report struct {
	BMC     string   `json:"bmc"`
	Results []Result `json:"results"`
	// Messages are the BMC's own words.
	Messages []string  `json:"messages"`
	Task     string    `json:"task"`
	Reset    bool      `json:"reset"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
}

// OK reports whether every setting is in sync.
func (r *Report) OK() bool {
	for _, x := range r.Results {
		if x.State != StateInSync {
			return false
		}
	}
	return true
}

// Summary is one line: how many settings are in which state, and which failed.
func (r *Report) Summary() string {
	count := map[SettingState]int{}
	var bad []string
	for _, x := range r.Results {
		count[x.State]++
		if x.State != StateInSync && x.State != StateStaged {
			bad = append(bad, x.Name+" "+string(x.State))
		}
	}
	var out []string
	for _, s := range []SettingState{
		StateInSync, StateStaged, StateApplying, StateFailed, StateReverted, StateRejected, StateDrifted, StateUnknown,
	} {
		if count[s] > 0 {
			out = append(out, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	s := strings.Join(out, ", ")
	if len(bad) > 0 {
		s += ": " + strings.Join(bad, ", ")
	}
	return s
}

// judgeAll compares what is in force now with what was planned.
func (p *Plan) judgeAll(now *Settings, afterReset bool) []Result {
	var out []Result
	for _, name := range p.InSync {
		out = append(out, verdict(now, Change{Scope: ScopeBIOS, Name: name, To: p.desired(now, name)}, afterReset))
	}
	for _, c := range p.Changes {
		out = append(out, verdict(now, c, afterReset))
	}
	for _, r := range p.Rejections {
		out = append(out, Result{Scope: r.Scope, Name: r.Name, Desired: r.Value, State: StateRejected, Message: r.Error()})
	}
	return out
}

// desired is the typed desired value of a setting that was in sync.
func (p *Plan) desired(now *Settings, name string) Value {
	for _, d := range p.Desired {
		if d.Name != name {
			continue
		}
		if a, ok := now.Find(ScopeBIOS, name); ok {
			if v, err := a.parse(d.Value); err == nil {
				return v
			}
		}
		return StringValue(d.Value)
	}
	return Value{}
}

// verdict judges one change by what is read now.
func verdict(now *Settings, c Change, afterReset bool) Result {
	r := Result{Scope: c.Scope, Name: c.Name, Desired: c.To.String(), Before: c.Current}
	a, ok := now.Find(ScopeBIOS, c.Name)
	if !ok || !a.Current.Known() {
		r.State, r.Message = StateUnknown, "the BMC does not show the attribute"
		return r
	}
	r.After = a.Current
	switch {
	case sameValue(a.Current, c.To) && !a.Staged():
		r.State = StateInSync
	case sameValue(a.Pending, c.To):
		r.State = StateStaged
		if afterReset {
			r.Message = "still pending after the reset"
		}
	case !afterReset:
		r.State, r.Message = StateFailed, fmt.Sprintf("the BMC accepted the write but shows %s as pending", a.Pending)
	case sameValue(a.Current, c.Current):
		r.State, r.Message = StateReverted, fmt.Sprintf("after the reset the former value %s is in force", a.Current)
	default:
		r.State, r.Message = StateFailed, fmt.Sprintf("after the reset %s is in force", a.Current)
	}
	return r
}
