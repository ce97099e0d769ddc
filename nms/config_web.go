package nms

import (
	"fmt"
	"net/url"
	"time"

	"github.com/robfig/cron/v3"

	"hawser/nms/web"
)

// WebConfig is how the pages are shown and who may do what there.
type WebConfig struct {
	UsersFile    string        `mapstructure:"usersFile"`    // empty: nobody can log in, the pages only show
	RequireLogin bool          `mapstructure:"requireLogin"` // reading needs a login too
	Origin       string        `mapstructure:"origin"`       // https://..., where a proxy shows the pages
	SessionTime  time.Duration `mapstructure:"sessionTime"`  // a login lasts so long
	Location     string        `mapstructure:"location"`     // of times on the pages: Local, UTC, Europe/Berlin
}

// webDefaults is what a file need not say of the pages.
func webDefaults() WebConfig { return WebConfig{SessionTime: 12 * time.Hour, Location: "Local"} }

func (v *validator) web() {
	w := v.Web
	v.within("web.sessionTime", w.SessionTime, time.Minute, 30*24*time.Hour)
	if _, err := time.LoadLocation(w.Location); err != nil || w.Location == "" {
		v.add("web.location", "write UTC, Local or a name as Europe/Berlin", "%q is no time zone", w.Location)
	}
	if w.Origin != "" {
		if at, err := url.Parse(w.Origin); err != nil || at.Scheme != "https" || at.Host == "" || at.Path != "" || at.RawQuery != "" || at.User != nil {
			v.add("web.origin", "write it as https://ops.example.org, without a path", "%q is no origin of TLS", w.Origin)
		}
	}
	if w.RequireLogin && w.UsersFile == "" {
		v.add("web.requireLogin", "name web.usersFile too, or leave it out", "nobody could log in")
	}
}

// checkUsersFile reads the file of users, if there is one.
func (c Config) checkUsersFile(found *Faults) {
	if c.Web.UsersFile == "" {
		return
	}
	if err := web.CheckUsersFile(c.Web.UsersFile); err != nil {
		found.add("web.usersFile", "make it with `hawser fleet passwd`", "%s", err)
	}
}

// staleAfter is the age from which on what was polled is not known any more: two polls that did not come, and never less
// than it takes to call a cluster silent.
func (c Config) staleAfter(now time.Time) time.Duration {
	least := c.Poll.SilentAfter
	schedule, err := cron.ParseStandard(c.Poll.Schedule)
	if err != nil {
		return least
	}
	first := schedule.Next(now)
	return max(least, 2*schedule.Next(first).Sub(first)+c.Poll.PassTimeout)
}

// newWeb prepares the pages over the parts of the manager.
func (m *Manager) newWeb() (*web.Server, error) {
	location, err := time.LoadLocation(m.cfg.Web.Location)
	if err != nil {
		return nil, fmt.Errorf("web.location: %w", err)
	}
	return web.New(web.Config{
		UsersFile: m.cfg.Web.UsersFile, RequireLogin: m.cfg.Web.RequireLogin, Origin: m.cfg.Web.Origin, SessionTime: m.cfg.Web.SessionTime,
		Location: location, StaleAfter: m.cfg.staleAfter(time.Now()), Off: m.cfg.Gates.Off,
	}, web.Deps{Store: m.Journal(), Live: m.poller, Decider: m.journal, Trouble: m.receiver.Failing}, m.part("web"))
}
