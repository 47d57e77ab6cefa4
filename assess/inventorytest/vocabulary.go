package inventorytest

import (
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Base is the instant around which generated instants lie.
var Base = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var (
	units       = []string{"u1", "u2"}
	zones       = []string{"dmz", "inner", "outside"}
	boundaries  = []string{"b1", "b2"}
	populations = []string{"public", "staff"}
	domains     = []string{"corp.example", "dmz.example"}
	facilities  = []string{"dc1", "dc2"}
	components  = []string{"app", "db", "web"}
	accounts    = []string{"admin", "root", "svc"}
	tlsVersions = []string{"SSLv3", "TLSv1.0", "TLSv1.2", "TLSv1.3"}
	auth        = []string{"anonymous", "basic", "certificate", "kerberos", "none", "password"}
)

// texts are the values of text fields, by "Message.field" or by the field's
// name. Keys must stand sorted; some hold the sign that parts a path's steps.
var texts = map[string][]string{
	// keys
	"Unit.id": units, "Zone.id": zones, "Boundary.id": boundaries, "Population.id": populations,
	"Domain.id": domains, "Facility.id": facilities, "Component.id": components, "Account.id": accounts,
	"Channel.id": {"c1", "c2", "c3"}, "Endpoint.id": {"443", "80", "8443"}, "Address.ip": {"10.0.0.1", "10.0.0.2", "2001:db8::1"},
	"Volume.id": {"/", "/var", "C:"}, "Share.name": {"admin$", "docs"}, "Package.name": {"iis", "openssl", "telnetd"},
	"ListeningPort.id": {"tcp/443", "tcp/80", "udp/53"}, "Service.name": {"W3SVC", "sshd", "telnet"},
	"LocalGroup.name": {"Administrators", "Users"}, "IpsecRule.id": {"r1", "r2"}, "Database.name": {"Config", "Content", "hr"},
	"WebSite.name": {"Default Web Site", "Portal"}, "WebApplication.path": {"/", "/app"}, "Page.path": {"/", "/logon"},
	"Cipher.name": {"AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "RC4-MD5"}, "Flow.id": {"f1", "f2"},
	"ClientProgram.name": {"Outlook", "Thunderbird"}, "Trust.domain": domains,
	// references
	"unit": units, "zone": zones, "outer_zone": zones, "inner_zone": zones, "facility": facilities, "domain": domains,
	"Unit.parent": units, "Facility.parent": facilities, "component": components, "population": populations,
	"populations": populations, "boundaries": boundaries, "account": accounts, "replicas": facilities,
	// values
	"kind": {"active-directory", "farm", "primary-site"}, "role": {"database", "index", "query", "web-front-end"},
	"product": {"configmgr", "sharepoint-2007"}, "version": {"12.0", "5.2", "6.1"}, "environment": {"production", "test"},
	"family": {"linux", "windows"}, "file_system": {"ext4", "fat32", "ntfs"}, "purpose": {"administration", "content", "search"},
	"protocol": {"http", "https", "ntp", "tcp", "udp"}, "versions": tlsVersions, "authentication": auth,
	"strength": {"medium", "null", "strong", "weak"}, "key_type": {"ECDSA", "RSA"}, "names": {"a.example", "b.example"},
	"signature_algorithm": {"md5WithRSAEncryption", "sha256WithRSAEncryption"}, "features": {"ftp", "smtp", "webdav"},
	"members": {"admin", "everyone", "svc"}, "options": {"nodev", "noexec"}, "mac": {"02:00:00:00:00:0a", "02:00:00:00:00:0b"},
	"belongs_to": {"database", "iis", "operating-system", "product"}, "application": {"hr", "sharepoint"},
	"access_controls": {"badge", "lock", "none"}, "networks": {"10.0.0.0/8", "192.0.2.0/24"}, "service": {"https", "ldap", "smtp"},
	"serial_number": {"SN-4711", "SN-4712"}, "fqdn": {"a.corp.example", "b.corp.example"}, "mode": {"mixed", "native"},
	"uuid": {"564d1c22-8f00-4a6e-9a01-0000000000aa", "564d1c22-8f00-4a6e-9a01-0000000000bb"}, "system": {"s1", "s2"},
}

// anyText are the values of a field that the table does not name.
var anyText = []string{"alpha", "beta", "gamma"}

// hostNames are fields that hold ids of hosts, "any" among them where lists.
var hostNames = map[protoreflect.Name]bool{"host": true, "relay": true, "peers": true, "from_hosts": true, "to_hosts": true}

// scopes are the message types that the scopes of declared facts mean.
var scopes = map[protoreflect.Name]string{
	"System": "system", "Unit": "unit", "Host": "host", "Component": "component", "Endpoint": "endpoint", "Zone": "zone",
	"Boundary": "boundary", "Channel": "channel", "Population": "population", "Domain": "domain", "Account": "account",
	"Facility": "facility",
}

// anyFacts are declared where Config names no facts.
var anyFacts = []*pb.FactDeclaration{
	{Name: "count", Type: "int"}, {Name: "flag", Type: "bool"}, {Name: "list", Type: "list(string)"},
	{Name: "ratio", Type: "double"}, {Name: "since", Type: "timestamp"}, {Name: "span", Type: "duration"}, {Name: "text", Type: "string"},
}

// rulesOf are the field's constraints in the .proto file.
func rulesOf(fd protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// textsOf are the values of a text field, or of a list's elements.
func (c Config) textsOf(fd protoreflect.FieldDescriptor) []string {
	full, name := string(fd.Parent().Name())+"."+string(fd.Name()), string(fd.Name())
	for _, list := range [][]string{c.Texts[full], c.Texts[name], texts[full], closed(fd), texts[name]} {
		if len(list) > 0 {
			return list
		}
	}
	if hostNames[fd.Name()] {
		ids := c.hostIDs()
		if fd.IsList() {
			ids = append(ids, "any")
		}
		return ids
	}
	return anyText
}

// closed is the field's closed vocabulary, if it has one.
func closed(fd protoreflect.FieldDescriptor) []string {
	rules := rulesOf(fd)
	if in := rules.GetString().GetIn(); len(in) > 0 {
		return in
	}
	return rules.GetRepeated().GetItems().GetString().GetIn()
}

// intsOf are the values of a whole number's field.
func intsOf(fd protoreflect.FieldDescriptor) []int64 {
	r := rulesOf(fd).GetInt32()
	var out []int64
	for _, v := range []int64{0, 1, 2, 128, 443, 2048, 65535, 1 << 20} {
		tooSmall := r.HasGte() && v < int64(r.GetGte())
		tooLarge := r.HasLte() && v > int64(r.GetLte())
		if !tooSmall && !tooLarge {
			out = append(out, v)
		}
	}
	return out
}
