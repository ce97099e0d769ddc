package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hawser/nms"
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
			text, ok := map[string]func(io.Writer, []exportUser, string){
				"snmptrapd": exportSnmptrapd, "client": exportClient, "manager": exportManager,
			}[form]
			if !ok {
				return misuse{fmt.Errorf("--for %q: use snmptrapd, client or manager", form)}
			}
			return a.print(users, func(w io.Writer) { text(w, users, engine) })
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

// exportSnmptrapd prints createUser lines: with -e for TRAPs, which the cluster engine authenticates, and without for
// INFORMs, which the receiver's own engine does.
func exportSnmptrapd(w io.Writer, users []exportUser, _ string) {
	for _, u := range users {
		secrets := fmt.Sprintf("%s %s %s %s %s", u.Name, u.AuthProtocol, quoted(u.AuthPassphrase), u.PrivProtocol, quoted(u.PrivPassphrase))
		if u.EngineID != "" {
			fmt.Fprintf(w, "createUser -e 0x%s %s\n", u.EngineID, secrets)
		}
		fmt.Fprintf(w, "createUser %s\nauthUser log,execute,net %s priv\n", secrets, u.Name)
	}
}

func exportClient(w io.Writer, users []exportUser, _ string) {
	for _, u := range users {
		fmt.Fprintf(w, "# role %s\n-v3 -l authPriv -u %s -a %s -A %s -x %s -X %s\n", u.Role, u.Name, u.AuthProtocol,
			quoted(u.AuthPassphrase), u.PrivProtocol, quoted(u.PrivPassphrase))
	}
}

func exportManager(w io.Writer, users []exportUser, engine string) {
	if engine != "" {
		fmt.Fprintf(w, "# engine of this manager: %s\n", engine)
	}
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
