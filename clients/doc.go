// Package clients is the Go client of a Plumbline server.
//
// The tour: client.go opens a connection ([Dial]) and gives the four generated
// service clients; credentials.go sends the bearer token and decides when it may
// be sent at all; retry.go says which calls are tried again; submit.go and
// stream.go are the [Submitter], which keeps a stream of submissions going over
// a connection that breaks; problem.go turns an error into what a person needs
// ([Problem]).
//
// What is tried again and what is not: reads are, since they change nothing, and
// so are submissions that carry a request id, since the server recognizes it for
// 24 hours. Whatever else creates, changes or deletes is not: the caller has to
// look first.
//
// The connectors that read what other programs write, such as
// [github.com/plumbline/plumbline/clients/sslscan], stand below this package and
// do not need it: they give messages, and whoever has those submits them.
package clients
