package agent

import "hawser/mib/view"

// knowsContext says whether a context can be read: the default one, and those of a backend that has more.
func (a *Agent) knowsContext(name string) bool {
	if name == "" {
		return true
	}
	more, ok := a.backend.(view.Contexts)
	if !ok {
		return false
	}
	_, known := more.Context(name)
	return known
}

// contextView returns the present snapshot of a context that was known a moment ago; one that is gone since shows nothing.
// What the agent has of its own stands in the default context alone.
func (a *Agent) contextView(name string) *view.View {
	if name == "" {
		return a.view()
	}
	if more, ok := a.backend.(view.Contexts); ok {
		if v, known := more.Context(name); known {
			return v
		}
	}
	return view.New(nil)
}
