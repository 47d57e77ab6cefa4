// Package sslscan reads the XML that the scanner sslscan writes (--xml=FILE)
// and turns it into endpoint facts.
//
// The tour: reader.go walks the XML token by token under caps; scan.go is what
// one <ssltest> said, still in the scanner's words; endpoint.go and
// certificate.go turn that into an Endpoint; collector.go puts the endpoints of
// many files on their hosts.
//
// What a scan could not see is absent, never empty and never "no". The scanner
// does not say in so many words whether a scan was whole, so these are the
// conditions under which something is taken for known; they follow what
// sslscan 1.11 to 2.1 does:
//
//   - A scan in which no protocol version, cipher or certificate answered gives
//     no endpoint at all: a port that speaks no TLS and a handshake that failed
//     look alike.
//   - versions is whole if all six protocol versions were answered with yes or
//     no and no error stands in the scan.
//   - ciphers is whole if versions is, and each version that is offered has a
//     cipher (sslscan 2 lists none for SSLv2 and SSLv3).
//   - groups is whole if they were listed for TLS 1.3 where that is offered, and
//     for the newest older version that is.
//   - heartbleed is false only if every TLS version that is offered was tried.
//   - secure_renegotiation is absent where the scanner says "not supported",
//     which it also says where the connection failed.
//   - compression is absent where the scanner's OpenSSL cannot compress.
//   - A certificate that could not be read is absent. Its names are reported
//     empty if it was read whole and has no alternative names.
//   - self_signed is true if subject and issuer agree; sslscan also says so where
//     the issuer is the name that was scanned, which proves nothing.
//   - The host's list of endpoints is partial: a scan of one port says nothing
//     of the others.
package sslscan
