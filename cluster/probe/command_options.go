package probe

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// commandOptions are the options of kind command.
type commandOptions struct {
	// Command is the plugin and its arguments; no shell reads it.
	Command []string `mapstructure:"command"`
	// Dir is the working folder; / unless given.
	Dir string `mapstructure:"dir"`
	// Environment holds NAME=value entries beside PATH, HOME and LC_ALL=C.
	Environment []string `mapstructure:"environment"`
	// User runs the plugin as another user; only root can.
	User string `mapstructure:"user"`
	// WarningIs says what exit code 1 means: ok unless given, or failed.
	WarningIs string `mapstructure:"warningIs"`
}

// pluginPath is where a plugin finds its own helpers.
const pluginPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func newCommand(options map[string]any) (Prober, error) {
	o := commandOptions{Dir: "/", WarningIs: OK.String()}
	if err := decode(options, &o); err != nil {
		return nil, err
	}
	var found faults
	p := &commandProber{argv: o.Command, dir: o.Dir}
	o.checkCommand(&found)
	if !filepath.IsAbs(o.Dir) {
		found.add("dir", "give an absolute path", "%q is not absolute", o.Dir)
	}
	o.checkEnvironment(&found)
	home := "/"
	if o.User != "" {
		p.credential, home = o.account(&found)
	}
	p.env = append([]string{"PATH=" + pluginPath, "HOME=" + home, "LC_ALL=C"}, o.Environment...)
	switch o.WarningIs {
	case OK.String():
		p.warning = OK
	case Failed.String():
		p.warning = Failed
	default:
		found.add("warningIs", "write ok (default) or failed", "there is no %q", o.WarningIs)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (o *commandOptions) checkCommand(found *faults) {
	const remedy = "give the plugin and its arguments as a list, as in [/usr/lib/nagios/plugins/check_tcp, -p, \"5432\"]"
	if len(o.Command) == 0 || o.Command[0] == "" {
		found.add("command", remedy, "is missing")
		return
	}
	if !filepath.IsAbs(o.Command[0]) {
		found.add("command[0]", "give an absolute path, as in /usr/lib/nagios/plugins/check_tcp", "%q is not absolute", o.Command[0])
	}
	for i, word := range o.Command {
		if strings.ContainsRune(word, 0) {
			found.add(fmt.Sprintf("command[%d]", i), "leave the NUL out", "holds a NUL")
		}
	}
}

func (o *commandOptions) checkEnvironment(found *faults) {
	for i, entry := range o.Environment {
		if name, _, ok := strings.Cut(entry, "="); !ok || name == "" || strings.ContainsRune(entry, 0) {
			found.add(fmt.Sprintf("environment[%d]", i), "write NAME=value", "%q names no variable", entry)
		}
	}
}

// account finds the ids and the home folder of User.
func (o *commandOptions) account(found *faults) (credential *syscall.Credential, home string) {
	credential, home, err := lookup(o.User)
	switch {
	case err != nil:
		found.add("user", "name an existing user", "%v", err)
	case os.Geteuid() != 0:
		found.add("user", "run the node as root, or leave it out", "only root may run a plugin as another user")
	}
	return credential, home
}

func lookup(name string) (*syscall.Credential, string, error) {
	account, err := user.Lookup(name)
	if err != nil {
		return nil, "", err
	}
	groups, err := account.GroupIds()
	if err != nil {
		return nil, "", err
	}
	ids := make([]uint32, 0, len(groups)+2)
	for _, text := range append([]string{account.Uid, account.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, "", err
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, account.HomeDir, nil
}
