// Package certs serves TLS with certificates that may be replaced while the
// service runs.
//
// At every handshake the files are looked at (three stats against the
// milliseconds that a handshake takes); when one has changed, all are read
// again. Files that do not fit each other, as happens between the writing of a
// certificate and of its key, leave what was there in force, and are looked at
// again when they change again.
//
// Tour: certs.go has [Files], which loads and reloads.
package certs
