# The sixty rules of rules.yaml in Rego. results has a member for each: true,
# false, or null where the rule does not apply.
package bench

import input.host

results := {
	"firewall-on": firewall_on,
	"firewall-blocks": firewall_blocks,
	"ipsec-required": ipsec_required,
	"ipsec-encrypts": ipsec_encrypts,
	"ipsec-no-shared-key": ipsec_no_shared_key,
	"ipsec-not-open": ipsec_not_open,
	"ports-of-role": ports_of_role,
	"ports-not-clear": ports_not_clear,
	"ports-udp-few": ports_udp_few,
	"ports-process": ports_process,
	"addresses-static": addresses_static,
	"addresses-segment": addresses_segment,
	"zone-of-role": zone_of_role,
	"fqdn": fqdn,
	"patched": patched,
	"patch-newest": patch_newest,
	"alerts": alerts,
	"supported": supported,
	"baseline": baseline,
	"minimal": minimal,
	"version-windows": version_windows,
	"kernel-released": kernel_released,
	"logging": logging,
	"integrity-on": integrity_on,
	"integrity-fresh": integrity_fresh,
	"time-on": time_on,
	"time-servers": time_servers,
	"time-fresh": time_fresh,
	"volume-kind": volume_kind,
	"volume-encrypted": volume_encrypted,
	"volume-root": volume_root,
	"volume-options": volume_options,
	"shares-admin": shares_admin,
	"shares-system": shares_system,
	"packages-forbidden": packages_forbidden,
	"packages-agent": packages_agent,
	"packages-vendor": packages_vendor,
	"services-account": services_account,
	"services-needed": services_needed,
	"services-disabled": services_disabled,
	"services-audit": services_audit,
	"admins-few": admins_few,
	"groups-everyone": groups_everyone,
	"groups-guest": groups_guest,
	"domain": domain,
	"lm-level": lm_level,
	"anonymous": anonymous,
	"log-size": log_size,
	"rack": rack,
	"tier": tier,
	"database-alone": database_alone,
	"component-account": component_account,
	"component-version": component_version,
	"sql-authentication": sql_authentication,
	"component-burn-in": component_burn_in,
	"tls-versions": tls_versions,
	"certificate-valid": certificate_valid,
	"certificate-key": certificate_key,
	"ciphers": ciphers,
	"sensitive": sensitive,
}

day := ((24 * 60) * 60) * 1000000000

forbidden_packages := {
	"telnet", "telnet-server", "rsh", "rsh-server", "tftp", "tftp-server",
	"ypserv", "xinetd", "finger", "talk", "netcat", "nmap",
}

role_ports := {
	"web": {22, 80, 123, 161, 443, 3389, 5985, 8080, 8443, 9100},
	"database": {22, 123, 161, 1433, 3306, 3389, 5432, 5985, 9100},
	"application": {22, 123, 161, 443, 3389, 5985, 8005, 8009, 8080, 8443, 9100},
	"infrastructure": {22, 53, 88, 123, 161, 389, 445, 464, 636, 3268, 3389, 5985, 9100},
}

role_zones := {
	"web": {"perimeter", "internal"},
	"database": {"data"},
	"application": {"internal"},
	"infrastructure": {"internal", "management"},
}

max_alerts := {"low": 5, "medium": 3, "high": 1, "critical": 0}

# Instants in nanoseconds, so that they are not parsed for each host.
end_of_support := {
	"Windows Server 2012 R2": 1696896000000000000,
	"Windows Server 2019": 1862611200000000000,
	"Windows Server 2022": 1949702400000000000,
	"Debian GNU/Linux 12": 1845936000000000000,
	"Red Hat Enterprise Linux 7": 1719705600000000000,
	"Red Hat Enterprise Linux 9": 1969574400000000000,
}

default firewall_on := false

firewall_on if host.firewall.enabled

default firewall_blocks := false

firewall_blocks if {
	host.firewall.enabled
	host.firewall.default_inbound == "block"
}

default ipsec_required := false

default ipsec_required_applies := false

ipsec_required_applies if host.zone in {"internal", "data"}

ipsec_required := null if not ipsec_required_applies

ipsec_required if {
	ipsec_required_applies
	host.ipsec.enabled
	host.ipsec.default_action in {"require", "block"}
}

default ipsec_encrypts := false

default ipsec_encrypts_applies := false

ipsec_encrypts_applies if host.ipsec.enabled

ipsec_encrypts := null if not ipsec_encrypts_applies

ipsec_encrypts if {
	ipsec_encrypts_applies
	some r in host.ipsec.rules
	r.action == "require"
	r.encrypted
}

default ipsec_no_shared_key := false

ipsec_no_shared_key if {
	every r in host.ipsec.rules {
		r.authentication != "preshared-key"
	}
}

default ipsec_not_open := false

ipsec_not_open if {
	every r in host.ipsec.rules {
		not lets_everybody_through(r)
	}
}

lets_everybody_through(r) if {
	r.action == "permit"
	"any" in r.peers
}

default ports_of_role := false

ports_of_role if {
	allowed := role_ports[host.labels.role]
	every p in host.ports {
		p.port in allowed
	}
}

default ports_not_clear := false

ports_not_clear if {
	every p in host.ports {
		not p.port in {21, 23, 69, 110, 143, 512, 513, 514}
	}
}

default ports_udp_few := false

ports_udp_few if count([p | some p in host.ports; p.transport == "udp"]) <= 2

default ports_process := false

ports_process if {
	every p in host.ports {
		regex.match(`^[a-z0-9._-]+$`, p.process)
	}
}

default addresses_static := false

addresses_static if {
	every a in host.addresses {
		a.static
	}
}

default addresses_segment := false

addresses_segment if {
	every a in host.addresses {
		a.lan_segment == host.lan_segment
	}
}

default zone_of_role := false

zone_of_role if host.zone in role_zones[host.labels.role]

default fqdn := false

fqdn if regex.match(`^[a-z0-9-]+[.]corp[.]example$`, host.fqdn)

default patched := false

patched if time.parse_rfc3339_ns(host.os.patched_time) > input.now - (90 * day)

default patch_newest := false

patch_newest if time.parse_rfc3339_ns(host.os.patched_time) >= time.parse_rfc3339_ns(host.os.newest_patch_time)

default alerts := false

alerts if host.os.open_alerts <= max_alerts[host.criticality]

default supported := false

supported if input.now < end_of_support[host.os.name]

default baseline := false

baseline if startswith(host.os.hardening_policy, "baseline-")

default minimal := false

default minimal_applies := false

minimal_applies if host.criticality in {"high", "critical"}

minimal := null if not minimal_applies

minimal if {
	minimal_applies
	host.os.minimal_installation
}

default version_windows := false

default version_windows_applies := false

version_windows_applies if host.os.family == "windows"

version_windows := null if not version_windows_applies

version_windows if {
	version_windows_applies
	known_windows
}

known_windows if startswith(host.os.version, "10.")

known_windows if host.os.version == "6.3.9600"

default kernel_released := false

default kernel_released_applies := false

kernel_released_applies if host.os.family == "linux"

kernel_released := null if not kernel_released_applies

kernel_released if {
	kernel_released_applies
	not contains(host.os.kernel, "-rc")
}

default logging := false

logging if host.remote_logging

default integrity_on := false

integrity_on if host.file_integrity.enabled

default integrity_fresh := false

default integrity_fresh_applies := false

integrity_fresh_applies if host.file_integrity.enabled

integrity_fresh := null if not integrity_fresh_applies

integrity_fresh if {
	integrity_fresh_applies
	time.parse_rfc3339_ns(host.file_integrity.checked_time) > input.now - (2 * day)
}

default time_on := false

time_on if {
	host.time_sync.enabled
	count(host.time_sync.servers) >= 2
}

default time_servers := false

time_servers if {
	every s in host.time_sync.servers {
		s in {"ntp1.corp.example", "ntp2.corp.example", "ntp3.corp.example"}
	}
}

default time_fresh := false

time_fresh if time.parse_rfc3339_ns(host.time_sync.synchronized_time) > input.now - day

default volume_kind := false

volume_kind if {
	every v in host.volumes {
		v.file_system in {"ntfs", "ext4", "xfs"}
	}
}

default volume_encrypted := false

volume_encrypted if {
	every v in host.volumes {
		encrypted_or_small(v)
	}
}

encrypted_or_small(v) if v.encrypted

encrypted_or_small(v) if v.size_bytes < 1073741824

default volume_root := false

volume_root if count([v | some v in host.volumes; v.id in {"C:", "/"}]) == 1

default volume_options := false

volume_options if {
	some v in host.volumes
	v.id in {"D:", "/srv"}
	"noexec" in v.options
}

default shares_admin := false

shares_admin if {
	every s in host.shares {
		not endswith(s.name, "$")
	}
}

default shares_system := false

shares_system if {
	every s in host.shares {
		not startswith(s.path, `C:\Windows`)
		s.path != "/"
	}
}

default packages_forbidden := false

packages_forbidden if {
	every p in host.packages {
		not p.name in forbidden_packages
	}
}

default packages_agent := false

packages_agent if {
	some p in host.packages
	p.name == "endpoint-agent"
	p.version >= "4.2"
}

default packages_vendor := false

packages_vendor if {
	every p in host.packages {
		p.vendor != "unknown"
	}
}

default services_account := false

services_account if {
	every s in host.services {
		modest(s)
	}
}

modest(s) if s.account != "LocalSystem"

modest(s) if s.belongs_to in {"operating-system", "product"}

default services_needed := false

services_needed if {
	every s in host.services {
		needed_if_running(s)
	}
}

needed_if_running(s) if not s.running

needed_if_running(s) if s.needed

default services_disabled := false

services_disabled if {
	every s in host.services {
		idle(s)
	}
}

idle(s) if s.needed

idle(s) if s.start == "disabled"

idle(s) if not s.running

default services_audit := false

services_audit if {
	some s in host.services
	s.name == "audit"
	s.running
}

default admins_few := false

admins_few if {
	every g in host.groups {
		few_if_administrators(g)
	}
}

few_if_administrators(g) if g.name != "Administrators"

few_if_administrators(g) if count(g.members) <= 3

default groups_everyone := false

groups_everyone if {
	every g in host.groups {
		not "Everyone" in g.members
	}
}

default groups_guest := false

groups_guest if {
	every g in host.groups {
		every m in g.members {
			lower(m) != `corp\guest`
		}
	}
}

default domain := false

domain if in_domain

in_domain if {
	host.domain_role == "controller"
	host.zone == "internal"
}

in_domain if {
	host.domain_role != "controller"
	host.domain in {"corp.example", "lab.example"}
}

default lm_level := false

lm_level if host.settings.lm_compatibility == "5"

default anonymous := false

anonymous if {
	host.settings.restrict_anonymous == "1"
	host.settings.no_lm_hash == "1"
}

default log_size := false

log_size if to_number(host.settings.max_log_mb) >= 64

default rack := false

rack if placed

placed if host.virtual

placed if startswith(host.rack, "rack-")

default tier := false

tier if host.labels.tier in {"gold", "silver", "bronze"}

default database_alone := false

database_alone if one_kind

databases := [c | some c in host.components; c.role == "database-server"]

one_kind if count(databases) == 0

one_kind if count(databases) == count(host.components)

default component_account := false

component_account if {
	every c in host.components {
		not c.account in {"LocalSystem", "root"}
	}
}

default component_version := false

component_version if {
	every c in host.components {
		supported_version(c)
	}
}

supported_version(c) if c.product != "portal"

supported_version(c) if startswith(c.version, "12.")

default sql_authentication := false

sql_authentication if {
	every c in host.components {
		asks_directory(c)
	}
}

asks_directory(c) if c.role != "database-server"

asks_directory(c) if {
	c.sql.authentication_mode == "windows"
	c.sql.force_encryption
}

default component_burn_in := false

component_burn_in if {
	every c in host.components {
		time.parse_rfc3339_ns(c.deployed_time) < input.now - (7 * day)
	}
}

default tls_versions := false

tls_versions if {
	every e in host.endpoints {
		new_tls(e)
	}
}

new_tls(e) if not e.tls.enabled

new_tls(e) if {
	every v in e.tls.versions {
		v in {"TLSv1.2", "TLSv1.3"}
	}
}

default certificate_valid := false

certificate_valid if {
	every e in host.endpoints {
		time.parse_rfc3339_ns(e.tls.certificate.not_after) > input.now + (30 * day)
	}
}

default certificate_key := false

certificate_key if {
	every e in host.endpoints {
		long_key(e.tls.certificate)
	}
}

long_key(c) if c.key_type == "ECDSA"

long_key(c) if c.key_bits >= 2048

default ciphers := false

ciphers if {
	every e in host.endpoints {
		every c in e.tls.ciphers {
			c.bits >= 128
			c.strength in {"strong", "acceptable"}
		}
	}
}

default sensitive := false

sensitive if {
	every e in host.endpoints {
		asks_properly(e)
	}
}

asks_properly(e) if e.sensitivity != "sensitive"

asks_properly(e) if {
	e.redirects_to_tls
	not "basic" in e.authentication
}
