package web

import (
	"errors"
	"net/http"
	"strings"
)

// formSize bounds the octets of a request's body. The largest form there is has a reason of reasonMost characters, each of
// which may take twelve octets.
const formSize = 8 << 10

// bounded makes sure that a body can be read without harm; false: it was refused. A body in several parts is never read: Go
// would write what is large of it to temporary files.
func bounded(w http.ResponseWriter, r *http.Request) bool {
	switch kind := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Type"))); {
	case strings.HasPrefix(kind, "multipart/"):
		http.Error(w, "send a form as application/x-www-form-urlencoded", http.StatusUnsupportedMediaType)
		return false
	case r.ContentLength > formSize:
		http.Error(w, "no form of these pages is as large as this body", http.StatusRequestEntityTooLarge)
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, formSize)
	return true
}

// readForm reads the form of a POST into r.PostForm; false: it was refused.
func (s *Server) readForm(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		s.problem(w, r, http.StatusRequestEntityTooLarge, "The form is too large", "Go back and write less.")
	case err != nil:
		s.problem(w, r, http.StatusBadRequest, "The form cannot be read", "Go back and send it again.")
	}
	return err == nil
}
