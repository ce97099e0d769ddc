package probe

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Kind is one way to probe, as configuration names it.
type Kind struct {
	// Name is the value of the option kind.
	Name string
	// Comment says in one line what it asks.
	Comment string

	build func(options map[string]any) (Prober, error)
}

// kinds lists every kind there is, by name.
var kinds = []Kind{
	{Name: "command", Comment: "any Nagios plugin: its exit code, first line and performance data", build: newCommand},
	{Name: "http", Comment: "an HTTP or HTTPS request: status, body text, MicroProfile Health", build: newHTTP},
	{Name: "tcp", Comment: "a TCP or unix connection: it opens; optionally it answers a text", build: newTCP},
}

// Kinds lists the kinds that New knows, by name.
func Kinds() []Kind {
	return slices.Clone(kinds)
}

// New builds a prober of the named kind. The error joins one OptionError for each faulty option. A Prober that is also an
// io.Closer must be closed after its last use.
func New(kind string, options map[string]any) (Prober, error) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == kind })
	if i < 0 {
		return nil, &OptionError{
			Path: "kind", Problem: fmt.Sprintf("there is no probe %q", kind),
			Remedy: "use one of " + strings.Join(kindNames(), ", "),
		}
	}
	return kinds[i].build(options)
}

// Validate reports what New would refuse, and builds nothing that lasts.
func Validate(kind string, options map[string]any) error {
	prober, err := New(kind, options)
	if err != nil {
		return err
	}
	if closer, ok := prober.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

func kindNames() []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}
