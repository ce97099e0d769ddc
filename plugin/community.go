package plugin

import (
	"fmt"
	"net/netip"

	"hawser/plugin/agent"
)

// community is a v1 or v2c community with its name read from its file.
func (c CommunityConfig) community() (agent.Community, error) {
	name, err := ReadSecret(c.CommunityFile)
	if err != nil {
		return agent.Community{}, fmt.Errorf("community: %w", err)
	}
	out := agent.Community{Name: name, Role: c.Role}
	for _, text := range c.From {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return agent.Community{}, fmt.Errorf("community: %w", err)
		}
		out.From = append(out.From, prefix)
	}
	return out, nil
}
