package web

import (
	"embed"
	"net/http"
)

//go:embed static
var staticFiles embed.FS

// HtmxSHA256 is the digest of the embedded htmx (npm package htmx.org), in hexadecimal.
const HtmxSHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"

// static serves the style, the script and the icon. Browsers ask again after an upgrade because names that change carry a
// version, and the rest is kept for minutes only.
func static() http.Handler {
	files := http.FileServerFS(staticFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path[len(r.URL.Path)-1] == '/' {
			http.NotFound(w, r) // no listing
			return
		}
		w.Header().Set("Cache-Control", "max-age=300")
		files.ServeHTTP(w, r)
	})
}
