package digest

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// typicalHost is a host of about 3.3 KB on the wire, sorted as the merge leaves it.
func typicalHost() *pb.Host {
	h := &pb.Host{
		Id: "web-frontend-017", Unit: proto.String("farm-1"), Fqdn: proto.String("web-frontend-017.corp.example"),
		Names: []string{"web-frontend-017", "wfe17"}, Zone: proto.String("perimeter"), Facility: proto.String("dc-north"),
		SerialNumber: proto.String("VMware-56 4d 1c 22 8f"), Virtual: proto.Bool(true),
		Os: &pb.OperatingSystem{Family: proto.String("windows"), Name: proto.String("Windows Server 2003"),
			Version: proto.String("5.2.3790"), PatchedTime: &timestamppb.Timestamp{Seconds: 1777000000}, OpenAlerts: proto.Int32(2)},
		Settings: map[string]string{"restrict_anonymous": "1", "lm_compatibility": "4", "no_lm_hash": "1"},
		Labels:   map[string]string{"tier": "web", "owner": "team-portal"},
	}
	for i := range 40 {
		h.Packages = append(h.Packages, &pb.Package{Name: fmt.Sprintf("package-%02d", i), Version: proto.String("1.2.3-4"), Vendor: proto.String("vendor")})
	}
	for i := range 25 {
		h.Services = append(h.Services, &pb.Service{Name: fmt.Sprintf("service-%02d", i), Account: proto.String("LocalSystem"), Running: proto.Bool(true), Start: proto.String("automatic")})
	}
	for i := range 12 {
		h.Ports = append(h.Ports, &pb.ListeningPort{Id: fmt.Sprintf("tcp/%d", 1000+i), Port: proto.Int32(int32(1000 + i)), Transport: proto.String("tcp")})
	}
	h.Endpoints = []*pb.Endpoint{{Id: "443", Protocol: proto.String("https"), Tls: &pb.Tls{
		Enabled: proto.Bool(true), Versions: []string{"TLSv1.0", "TLSv1.2"},
		Ciphers:     []*pb.Cipher{{Name: "AES128-SHA", Bits: proto.Int32(128)}, {Name: "AES256-SHA", Bits: proto.Int32(256)}},
		Certificate: &pb.Certificate{Subject: proto.String("CN=web"), NotAfter: &timestamppb.Timestamp{Seconds: 1800000000}},
	}}}
	return h
}

func BenchmarkHost(b *testing.B) {
	h := typicalHost()
	b.ReportMetric(float64(proto.Size(h)), "wire-bytes")
	b.ReportAllocs()
	for b.Loop() {
		Of(h)
	}
}

func BenchmarkEncode(b *testing.B) {
	h := typicalHost()
	buf := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendHost(buf[:0], h)
	}
}
