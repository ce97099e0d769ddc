package resource

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// processOptions are the options of kind process.
type processOptions struct {
	// Command is the program and its arguments; no shell reads it.
	Command []string `mapstructure:"command"`
	// Dir is the working folder; / unless given.
	Dir string `mapstructure:"dir"`
	// Environment holds NAME=value entries.
	Environment []string `mapstructure:"environment"`
	// User runs the program as another user; only root can.
	User string `mapstructure:"user"`
	// StopSignal asks the program to end; SIGTERM unless given.
	StopSignal string `mapstructure:"stopSignal"`
	// Log takes the program's output; without a file it goes to the daemon's log.
	Log logOptions `mapstructure:"log"`
}

// logOptions say where a program's output goes.
type logOptions struct {
	// File is the path; a relative one is below the node's runtime state folder.
	File string `mapstructure:"file"`
	// MaxBytes is the size above which the file is moved aside.
	MaxBytes int64 `mapstructure:"maxBytes"`
	// Keep is how many older files stay.
	Keep int `mapstructure:"keep"`
}

const (
	defaultLogBytes = 10 << 20
	defaultLogKeep  = 1
	maxLogKeep      = 100
)

// parseProcess decodes and checks the options.
func parseProcess(options map[string]any) (processOptions, error) {
	o := processOptions{Dir: "/", StopSignal: "SIGTERM", Log: logOptions{MaxBytes: defaultLogBytes, Keep: defaultLogKeep}}
	if err := decode(options, &o); err != nil {
		return o, err
	}
	var found faults
	o.check(&found)
	return o, found.err()
}

func validateProcess(options map[string]any) error {
	_, err := parseProcess(options)
	return err
}

func (o *processOptions) check(found *faults) {
	o.checkCommand(found)
	if !filepath.IsAbs(o.Dir) {
		found.add("dir", "give an absolute path", "%q is not absolute", o.Dir)
	}
	checkEnv("environment", o.Environment, found)
	if o.User != "" {
		if _, err := o.credential(); err != nil {
			found.add("user", "name an existing user", "%v", err)
		} else if os.Geteuid() != 0 {
			found.add("user", "run the node as root, or leave it out", "only root may run a service as another user")
		}
	}
	if sig := unix.SignalNum(o.StopSignal); sig == 0 || sig == unix.SIGSTOP || sig == unix.SIGCONT {
		found.add("stopSignal", "write the name of a signal that ends the program, as in SIGTERM or SIGINT",
			"%q does not end a program", o.StopSignal)
	}
	if o.Log.MaxBytes < 1024 {
		found.add("log.maxBytes", "write a number of bytes from 1024", "%d is out of range", o.Log.MaxBytes)
	}
	if o.Log.Keep < 0 || o.Log.Keep > maxLogKeep {
		found.add("log.keep", "write a number from 0 to 100", "%d is out of range", o.Log.Keep)
	}
}

func (o *processOptions) checkCommand(found *faults) {
	const remedy = "give the program and its arguments as a list, as in [/usr/sbin/nginx, -g, daemon off;]"
	if len(o.Command) == 0 || o.Command[0] == "" {
		found.add("command", remedy, "is missing")
		return
	}
	if program := o.Command[0]; strings.Contains(program, "/") && !filepath.IsAbs(program) {
		found.add("command[0]", "give an absolute path, or a name that is found in PATH", "%q depends on the working folder", program)
	}
}

// credential returns the ids of User.
func (o *processOptions) credential() (*syscall.Credential, error) {
	account, err := user.Lookup(o.User)
	if err != nil {
		return nil, err
	}
	groups, err := account.GroupIds()
	if err != nil {
		return nil, err
	}
	ids := make([]uint32, 0, len(groups)+2)
	for _, text := range append([]string{account.Uid, account.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, err
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}
