// Package gateway is the HTTP port: the REST face of the API, and what
// operators ask (/healthz, /readyz, /metrics, /openapi.json).
//
// REST requests become gRPC calls to the same server over an in-memory
// connection, so that every interceptor is in force; this package translates,
// and refuses what must not get that far. A request passes, in this order:
//
//	request id       taken over or made; on every response
//	Host             without authentication only a loopback name is answered, so
//	                 that a page in a browser cannot reach the port by a name of its own
//	CORS, CSRF       pages of other origins than the allowed ones may do nothing
//	path             an encoded slash is refused: it would add segments to a name
//	content          JSON only, not compressed, no longer than the limit
//	token            a first look, before the body is read
//	query            unknown parameters and unreadable values are refused
//	grpc-gateway     the call
//	response         JSON, ETag and If-None-Match, gzip
//
// Every error is a google.rpc.Status in JSON with the details that gRPC callers
// get, unknown paths and methods included.
//
// Tour: gateway.go puts it together; guard.go has what is refused before the
// body; cors.go origins; body.go and marshal.go the translation; routes.go the
// table of routes and the query; respond.go what happens to responses; errors.go
// errors; probes.go and openapi.go the operators' paths.
package gateway
