package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hawser/nms"
	"hawser/nms/export"
	"hawser/plugin"
)

// exportUser is a user as another tool wants it; its secrets are the point of the export.
type exportUser struct {
	Name           string `json:"name"`
	Role           string `json:"role"`
	EngineID       string `json:"engineId,omitempty"` // the engine for which the receiver keeps it
	AuthProtocol   string `json:"authProtocol"`
	AuthPassphrase string `json:"authPassphrase"`
	PrivProtocol   string `json:"privProtocol"`
	PrivPassphrase string `json:"privPassphrase"`
}

func exportCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "export", Short: "Artefacts for other tools, to standard output"}
	c.AddCommand(exportUsersCommand(a))
	return c
}

func exportUsersCommand(a *app) *cobra.Command {
	var path, managerPath, form string
	c := &cobra.Command{
		Use: "users", Short: "SNMPv3 users, as a receiver or a client configures them", Args: cobra.NoArgs,
		Long: `Print the users of a node's configuration, with their passphrases: guard the output.

  --for snmptrapd  createUser and authUser lines. TRAPs are authenticated by the cluster engine, INFORMs by the receiver's
                   own, so each user of a sink stands there twice
  --for client     a line for snmp.conf or the command line of snmpget and its kin
  --for manager    the users of a hawser manager's configuration`,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadNode(path)
			if err != nil {
				return err
			}
			users, err := exportUsers(cfg)
			if err != nil {
				return err
			}
			engine, err := managerEngine(managerPath)
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.print(users, nil)
			}
			return writeUsers(a.stdout, form, cfg, users, engine)
		},
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration of a node")
	c.Flags().StringVar(&managerPath, "manager-config", "", "configuration of a manager whose engine the users are for too")
	c.Flags().StringVar(&form, "for", "snmptrapd", "snmptrapd, client or manager")
	return c
}

func exportUsers(cfg plugin.Config) ([]exportUser, error) {
	var out []exportUser
	for _, u := range cfg.SNMP.Users {
		user, err := u.USM()
		if err != nil {
			return nil, err
		}
		out = append(out, exportUser{
			Name: u.Name, Role: u.Role, EngineID: strings.ToLower(cfg.Cluster.EngineID), AuthProtocol: u.AuthProtocol,
			AuthPassphrase: user.AuthPassphrase, PrivProtocol: u.PrivProtocol, PrivPassphrase: user.PrivPassphrase,
		})
	}
	return out, nil
}

// managerEngine is the engine id of a manager that has run once; empty where none is asked for.
func managerEngine(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	cfg, _, err := managerConfig(path)
	if err != nil {
		return "", err
	}
	return nms.EngineID(cfg.DataDir)
}

func writeUsers(w io.Writer, form string, cfg plugin.Config, users []exportUser, managerEngine string) error {
	switch form {
	case "snmptrapd":
		set := export.UserSet{Cluster: cfg.Cluster.Name, ClusterEngineID: cfg.Cluster.EngineID, ManagerEngineID: managerEngine}
		for _, u := range users {
			set.Users = append(set.Users, export.User{
				Name: u.Name, AuthProtocol: u.AuthProtocol, AuthPassphrase: u.AuthPassphrase, PrivProtocol: u.PrivProtocol, PrivPassphrase: u.PrivPassphrase,
			})
		}
		return export.Users(w, set)
	case "client":
		exportClient(w, users)
	case "manager":
		exportManager(w, users)
	default:
		return misuse{fmt.Errorf("--for %q: use snmptrapd, client or manager", form)}
	}
	return nil
}

func exportClient(w io.Writer, users []exportUser) {
	for _, u := range users {
		fmt.Fprintf(w, "# role %s\n-v3 -l authPriv -u %s -a %s -A %s -x %s -X %s\n", u.Role, u.Name, u.AuthProtocol,
			quoted(u.AuthPassphrase), u.PrivProtocol, quoted(u.PrivPassphrase))
	}
}

func exportManager(w io.Writer, users []exportUser) {
	fmt.Fprintln(w, "users:")
	for _, u := range users {
		fmt.Fprintf(w, "  - name: %s\n    authProtocol: %s\n    authPassphraseFile: %s\n    privProtocol: %s\n    privPassphraseFile: %s\n", u.Name,
			u.AuthProtocol, filepath.Join("users", u.Name+".auth"), u.PrivProtocol, filepath.Join("users", u.Name+".priv"))
	}
}

// quoted puts text into quotes where net-snmp would split it.
func quoted(text string) string {
	if strings.ContainsAny(text, " \t'\"#\\") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}
