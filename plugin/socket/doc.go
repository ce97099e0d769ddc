// Package socket is the way from the command line to the node on the same machine: a unix socket in the node's data
// folder, HTTP with JSON on it. The mode of the socket decides who may ask.
//
//	GET /v1/snapshot                      the cluster as this node knows it
//	GET /v1/events?after=SEQ&limit=N      events, oldest first; without after the newest N
//	GET /v1/conditions?event=SEQ          the state of every component at an event
//	POST /v1/clearance?node=NODE&job=TEXT keeps a node free of active services while the connection stands
//
// Goroutines: Server.Run owns the HTTP server and its connections and waits for them. Dial starts none that outlive a
// request.
package socket
