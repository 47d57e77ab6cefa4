// Package server is the service: the API over gRPC and REST, and everything
// around it that makes a process of it.
//
// # Two ports, one server
//
// gRPC has a port of its own; HTTP has another, on which the gateway turns REST
// requests into calls to the same gRPC server, over a connection in memory. So
// there is one place where calls are admitted, validated, logged and counted,
// whichever way they came.
//
//	gRPC port ──TLS──▶ ┌─────────────┐   ┌───────────┐   ┌──────────┐
//	                   │ gRPC server │──▶│ intercept │──▶│ handlers │──▶ assessor
//	HTTP port ──TLS──▶ └─────────────┘   └───────────┘   └──────────┘
//	    gateway ──bufconn──▲
//
// # Tour
//
//	config.go       Config, the one struct of settings; config_check.go refuses bad ones
//	assemble.go     Assemble: the whole service over a ledger, as a program runs it;
//	                event.go makes the event service
//	server.go       New: puts the parts together
//	serve.go        Serve: listens, serves, drains, returns when all is down
//	log.go          the logger
//
//	rpc             the services' methods, thin over what follows
//	assessor        the one write path; submission, change, replay, states and estate
//	                are its steps, from a request to what is stored
//	past            reads, as of an instant as known at another
//	rollup          sums over all systems; rollup/fleet answers from them
//	intercept       what every call passes; auth, check and fault are its parts
//	events          what changed, for streams and webhooks; eventapi serves it
//	gateway         the HTTP port; jsonwire writes and reads its JSON
//	page, filter    page tokens; filters of findings
//	codec           protobuf on the wire
//	metrics, certs  counters; TLS files that may be replaced
//
// # Life
//
// [New] validates the settings and builds; it opens no port. [Server.Listen]
// opens the ports, [Server.Serve] serves until its context ends. Then health
// turns NOT_SERVING and /readyz fails, streams are told to end, REST drains,
// gRPC drains, and what has not ended by the deadline is cut. Serve returns
// when nothing of it runs any more; the store is the caller's to close, after
// that. Nothing here exits the process.
package server
