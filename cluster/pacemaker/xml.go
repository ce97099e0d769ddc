package pacemaker

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// The documents as Pacemaker writes them; attributes that are not read are left out.

type monDoc struct {
	XMLName    xml.Name `xml:"pacemaker-result"`
	Pacemakerd struct {
		State string `xml:"state,attr"`
	} `xml:"pacemakerd"`
	Summary struct {
		DC struct {
			Present    bool   `xml:"present,attr"`
			Name       string `xml:"name,attr"`
			WithQuorum bool   `xml:"with_quorum,attr"`
		} `xml:"current_dc"`
		Options struct {
			Stonith     bool `xml:"stonith-enabled,attr"`
			Maintenance bool `xml:"maintenance-mode,attr"`
		} `xml:"cluster_options"`
	} `xml:"summary"`
	Nodes     []monNode    `xml:"nodes>node"`
	Resources monResources `xml:"resources"`
	Fences    []monFence   `xml:"fence_history>fence_event"`
	Status    struct {
		Code    int    `xml:"code,attr"`
		Message string `xml:"message,attr"`
	} `xml:"status"`
}

type monNode struct {
	Name        string `xml:"name,attr"`
	ID          string `xml:"id,attr"`
	Online      bool   `xml:"online,attr"`
	Standby     bool   `xml:"standby,attr"`
	StandbyFail bool   `xml:"standby_onfail,attr"`
	Maintenance bool   `xml:"maintenance,attr"`
	Pending     bool   `xml:"pending,attr"`
	Unclean     bool   `xml:"unclean,attr"`
	Shutdown    bool   `xml:"shutdown,attr"`
	ExpectedUp  bool   `xml:"expected_up,attr"`
}

type monResources struct {
	Items []monItem `xml:",any"`
}

// monItem is a resource, a group, a clone, a bundle, a replica, or a node that a resource is on.
type monItem struct {
	XMLName  xml.Name
	ID       string    `xml:"id,attr"`
	Name     string    `xml:"name,attr"`
	Agent    string    `xml:"resource_agent,attr"`
	Role     string    `xml:"role,attr"`
	Target   string    `xml:"target_role,attr"`
	Orphaned bool      `xml:"orphaned,attr"`
	Blocked  bool      `xml:"blocked,attr"`
	Managed  string    `xml:"managed,attr"`
	Failed   bool      `xml:"failed,attr"`
	Pending  string    `xml:"pending,attr"`
	Items    []monItem `xml:",any"`
}

type monFence struct {
	Action    string `xml:"action,attr"`
	Target    string `xml:"target,attr"`
	Client    string `xml:"client,attr"`
	Origin    string `xml:"origin,attr"`
	Delegate  string `xml:"delegate,attr"`
	Status    string `xml:"status,attr"`
	Reason    string `xml:"exit-reason,attr"`
	Completed string `xml:"completed,attr"`
}

type cibDoc struct {
	XMLName       xml.Name `xml:"cib"`
	AdminEpoch    uint64   `xml:"admin_epoch,attr"`
	Epoch         uint64   `xml:"epoch,attr"`
	NumUpdates    uint64   `xml:"num_updates,attr"`
	UpdateOrigin  string   `xml:"update-origin,attr"`
	UpdateClient  string   `xml:"update-client,attr"`
	UpdateUser    string   `xml:"update-user,attr"`
	Configuration struct {
		Properties  []cibSet  `xml:"crm_config>cluster_property_set"`
		Resources   cibItems  `xml:"resources"`
		Colocations []cibColo `xml:"constraints>rsc_colocation"`
	} `xml:"configuration"`
	Nodes []cibNodeState `xml:"status>node_state"`
}

type cibSet struct {
	ID    string    `xml:"id,attr"`
	Pairs []cibPair `xml:"nvpair"`
}

type cibPair struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type cibItems struct {
	Items []cibItem `xml:",any"`
}

// cibItem is a primitive, a group, a clone, a master or a bundle of the configuration.
type cibItem struct {
	XMLName  xml.Name
	ID       string    `xml:"id,attr"`
	Class    string    `xml:"class,attr"`
	Provider string    `xml:"provider,attr"`
	Type     string    `xml:"type,attr"`
	Template string    `xml:"template,attr"`
	Meta     []cibSet  `xml:"meta_attributes"`
	Params   []cibSet  `xml:"instance_attributes"`
	Ops      []cibOp   `xml:"operations>op"`
	Items    []cibItem `xml:",any"`
}

type cibOp struct {
	Name     string `xml:"name,attr"`
	Interval string `xml:"interval,attr"`
	Timeout  string `xml:"timeout,attr"`
	Role     string `xml:"role,attr"`
	OnFail   string `xml:"on-fail,attr"`
}

type cibColo struct {
	Resource string `xml:"rsc,attr"`
	With     string `xml:"with-rsc,attr"`
	Score    string `xml:"score,attr"`
}

type cibNodeState struct {
	Name       string   `xml:"uname,attr"`
	Attributes []cibSet `xml:"transient_attributes>instance_attributes"`
	Resources  []struct {
		ID  string     `xml:"id,attr"`
		Ops []cibRscOp `xml:"lrm_rsc_op"`
	} `xml:"lrm>lrm_resources>lrm_resource"`
}

type cibRscOp struct {
	ID         string `xml:"id,attr"`
	Key        string `xml:"operation_key,attr"`
	Task       string `xml:"operation,attr"`
	Transition string `xml:"transition-key,attr"`
	Reason     string `xml:"exit-reason,attr"`
	Call       int    `xml:"call-id,attr"`
	RC         int    `xml:"rc-code,attr"`
	Status     int    `xml:"op-status,attr"`
	Interval   int64  `xml:"interval,attr"` // ms
	Changed    int64  `xml:"last-rc-change,attr"`
	Exec       int64  `xml:"exec-time,attr"`
	Queue      int64  `xml:"queue-time,attr"`
}

// maxDepth bounds the nesting of a document: ours have 10 levels.
const maxDepth = 64

// decode reads one document, strictly one: what follows it is an error, and so is a nesting that no cluster has.
func decode(data []byte, into any) error {
	dec := xml.NewTokenDecoder(&shallow{in: xml.NewDecoder(bytes.NewReader(data))})
	if err := dec.Decode(into); err != nil {
		return err
	}
	for {
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if _, ok := token.(xml.StartElement); ok {
			return errors.New("a second document follows the first")
		}
	}
}

// shallow passes tokens on and refuses what is nested too deep.
type shallow struct {
	in    *xml.Decoder
	depth int
}

// Token implements xml.TokenReader.
func (s *shallow) Token() (xml.Token, error) {
	token, err := s.in.Token()
	switch token.(type) {
	case xml.StartElement:
		if s.depth++; s.depth > maxDepth {
			return nil, fmt.Errorf("more than %d elements in each other", maxDepth)
		}
	case xml.EndElement:
		s.depth--
	}
	return token, err
}
