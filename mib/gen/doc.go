// Command gen reads mib/HAWSER-MIB.txt and writes mib/oids_gen.go: the objects,
// their object identifiers, column numbers and enumerations as Go.
//
// It is run by go generate ./mib. With -pen N it first moves the module to
// another enterprise number, in the text too. Its parser knows the SMIv2 that
// our own module uses, and says so with the line when it meets anything else;
// it is no general compiler. Three steps, a file each: lex (characters to
// tokens), parse (tokens to definitions), resolve (definitions to objects with
// whole identifiers and base types); emit writes the Go.
package main
