package sslscan_test

import (
	"fmt"
	"strings"

	"github.com/plumbline/plumbline/clients/sslscan"
)

func ExampleCollector() {
	const xml = `<?xml version="1.0" encoding="UTF-8"?>
<document title="SSLScan Results" version="2.0.7">
 <ssltest host="192.0.2.10" sniname="portal.example" port="443">
  <protocol type="ssl" version="2" enabled="0" />
  <protocol type="ssl" version="3" enabled="0" />
  <protocol type="tls" version="1.0" enabled="1" />
  <protocol type="tls" version="1.1" enabled="0" />
  <protocol type="tls" version="1.2" enabled="1" />
  <protocol type="tls" version="1.3" enabled="0" />
 </ssltest>
</document>`
	collector := sslscan.NewCollector(sslscan.Config{Resolve: func(address string, _ int32) (sslscan.Target, error) {
		return sslscan.Target{Host: "web1"}, nil // the CMDB knows 192.0.2.10 as web1
	}})
	if err := collector.Read(strings.NewReader(xml)); err != nil {
		fmt.Println(err)
		return
	}
	for _, host := range collector.Hosts() {
		for _, endpoint := range host.Endpoints {
			fmt.Println(host.Id, endpoint.Id, endpoint.GetAddress(), endpoint.Tls.Versions)
		}
	}
	// Output: web1 443 portal.example [TLSv1.0 TLSv1.2]
}
