package export

import (
	"fmt"
	"io"
	"strings"
)

// User is an SNMPv3 user as receivers need it. The protocols are spelled as net-snmp takes them (SHA-256, AES).
type User struct {
	Name           string
	AuthProtocol   string
	AuthPassphrase string
	PrivProtocol   string
	PrivPassphrase string
}

// UserSet says who sends to a receiver.
type UserSet struct {
	Cluster         string   // name of the cluster
	ClusterEngineID string   // hexadecimal; sends everything from the log
	NodeEngineIDs   []string // hexadecimal; send what a node without quorum says of itself
	ManagerEngineID string   // hexadecimal; of a hawser manager that receives INFORMs, empty if there is none
	Users           []User
}

// Users writes, for snmptrapd, the users of a receiver: one createUser line per user and sending engine for traps, one
// without an engine for INFORMs (there the receiver itself is authoritative), and the authUser lines that allow them.
func Users(w io.Writer, set UserSet) error {
	p := &printer{w: w}
	p.line("# Users for what cluster %s sends. Put this into snmptrapd.conf (mode 0600: it holds passphrases).", set.Cluster)
	p.line("# Traps are signed for the sender's engine, INFORMs for the receiver's own.")
	for _, u := range set.Users {
		if err := u.check(); err != nil {
			return err
		}
		p.line("")
		p.line("# user %s", u.Name)
		p.line("%s", u.createUser(""))
		for _, engine := range append([]string{set.ClusterEngineID}, set.NodeEngineIDs...) {
			if engine != "" {
				p.line("%s", u.createUser(engine))
			}
		}
		p.line("authUser log,execute,net %s %s", u.Name, u.level())
	}
	if set.ManagerEngineID != "" {
		p.line("")
		p.line("# A hawser manager receives INFORMs as engine %s; clusters discover it by themselves.", set.ManagerEngineID)
	}
	return p.err
}

// createUser is the line of snmptrapd.conf for a user at a sending engine; without one it is for the receiver's own.
func (u User) createUser(engine string) string {
	words := []string{"createUser"}
	if engine != "" {
		words = append(words, "-e", "0x"+engine)
	}
	words = append(words, u.Name)
	if u.AuthProtocol != "" {
		words = append(words, u.AuthProtocol, quote(u.AuthPassphrase))
	}
	if u.PrivProtocol != "" {
		words = append(words, u.PrivProtocol, quote(u.PrivPassphrase))
	}
	return strings.Join(words, " ")
}

func (u User) level() string {
	switch {
	case u.PrivProtocol != "":
		return "authpriv"
	case u.AuthProtocol != "":
		return "authnopriv"
	}
	return "noauth"
}

// check refuses what net-snmp's configuration cannot carry.
func (u User) check() error {
	for what, text := range map[string]string{"name": u.Name, "authPassphrase": u.AuthPassphrase, "privPassphrase": u.PrivPassphrase} {
		if strings.ContainsAny(text, "\"\n\r") || what == "name" && (text == "" || strings.ContainsAny(text, " \t#")) {
			return fmt.Errorf("user %q: its %s cannot stand in snmptrapd.conf: leave out quotes and line ends, and spaces in names", u.Name, what)
		}
	}
	return nil
}

func quote(text string) string { return `"` + text + `"` }

// printer keeps the first error of a run of lines.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
