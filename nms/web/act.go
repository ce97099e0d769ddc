package web

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"hawser/nms/journal"
)

// reasonMost bounds the reason of a rejection, in characters.
const reasonMost = 500

// act wraps what a person does: a login with the role (an operator may do what a viewer may), and the token of its form.
func (s *Server) act(role string, do func(http.ResponseWriter, *http.Request, session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who := s.who(r)
		switch {
		case s.users == nil:
			s.problem(w, r, http.StatusForbidden, "These pages only show", "Name a file of users under web.usersFile, or use `hawser fleet reconfig` at the manager's machine.")
		case who == nil:
			s.problem(w, r, http.StatusUnauthorized, "Nobody is logged in", "Log in, then do it again.")
		case role == RoleOperator && who.Role != RoleOperator:
			s.problem(w, r, http.StatusForbidden, "You may only look", "This needs the role operator.")
		case !s.readForm(w, r):
		case subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf")), []byte(who.CSRF)) != 1:
			s.problem(w, r, http.StatusForbidden, "The form is not of this login", "Go back, load the page again and send its form.")
		default:
			do(w, r, *who)
		}
	}
}

func (s *Server) approve(w http.ResponseWriter, r *http.Request, who session) {
	s.decide(w, r, who, journal.StateApproved, "approved")
}

func (s *Server) reject(w http.ResponseWriter, r *http.Request, who session) {
	reason := strings.TrimSpace(strings.ToValidUTF8(r.PostForm.Get("reason"), "\uFFFD"))
	if reason == "" || utf8.RuneCountInString(reason) > reasonMost {
		s.problem(w, r, http.StatusBadRequest, "A rejection needs a reason", "Go back and say why, in at most 500 characters: the next shift will want to know.")
		return
	}
	s.decide(w, r, who, journal.StateRejected, "rejected: "+reason)
}

func (s *Server) decide(w http.ResponseWriter, r *http.Request, who session, state, text string) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		s.problem(w, r, http.StatusNotFound, "No such reconfiguration", "The list of reconfigurations has those that are known.")
		return
	}
	err = s.deps.Decider.Decide(r.Context(), id, who.Name, state, text)
	switch {
	case errors.Is(err, journal.ErrNotWaiting):
		s.problem(w, r, http.StatusConflict, "It does not wait any more", "Somebody decided before you, or it ended. Look at it again.")
		return
	case err != nil:
		s.failed(w, r, err)
		return
	}
	s.log.WithFields(logrus.Fields{"user": who.Name, "reconfiguration": id, "state": state}).Info("a person decided on a reconfiguration")
	http.Redirect(w, r, "/reconfigurations/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
}

func (s *Server) throwSwitch(w http.ResponseWriter, r *http.Request, who session) {
	to := r.PostForm.Get("to")
	if to != "off" && to != "on" {
		s.problem(w, r, http.StatusBadRequest, "Which way?", "The switch goes off or on.")
		return
	}
	if err := s.deps.Decider.SetProperty(r.Context(), journal.PropertyOff, strconv.FormatBool(to == "off"), who.Name); err != nil {
		s.failed(w, r, err)
		return
	}
	s.log.WithFields(logrus.Fields{"user": who.Name, "to": to}).Warn("a person switched reconfiguration")
	http.Redirect(w, r, "/reconfigurations", http.StatusSeeOther)
}
