// Package export prints what other programs need to work with clusters and managers. It opens nothing: values come in,
// text goes out.
package export
