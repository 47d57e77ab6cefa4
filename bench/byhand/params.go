package byhand

import "time"

// hour is in microseconds, as all spans of time and instants are.
const hour = int64(time.Hour / time.Microsecond)

// What the checklist has as parameters and tables. They are variables, as the
// checklist's are: a profile may change them.
var (
	patchAge          = 90 * 24 * hour
	checkAge          = 48 * hour
	syncAge           = 24 * hour
	burnIn            = 7 * 24 * hour
	certificateMargin = 30 * 24 * hour

	maxUDP           = 2
	maxAdmins        = 3
	minLogMB         = 64
	minKeyBits int32 = 2048

	timeServers = []string{"ntp1.corp.example", "ntp2.corp.example", "ntp3.corp.example"}
	domains     = []string{"corp.example", "lab.example"}

	forbiddenPackages = map[string]bool{
		"telnet": true, "telnet-server": true, "rsh": true, "rsh-server": true, "tftp": true, "tftp-server": true,
		"ypserv": true, "xinetd": true, "finger": true, "talk": true, "netcat": true, "nmap": true,
	}

	rolePorts = map[string][]int32{
		"web":            {22, 80, 123, 161, 443, 3389, 5985, 8080, 8443, 9100},
		"database":       {22, 123, 161, 1433, 3306, 3389, 5432, 5985, 9100},
		"application":    {22, 123, 161, 443, 3389, 5985, 8005, 8009, 8080, 8443, 9100},
		"infrastructure": {22, 53, 88, 123, 161, 389, 445, 464, 636, 3268, 3389, 5985, 9100},
	}
	roleZones = map[string][]string{
		"web": {"perimeter", "internal"}, "database": {"data"}, "application": {"internal"}, "infrastructure": {"internal", "management"},
	}
	maxAlerts    = map[string]int32{"low": 5, "medium": 3, "high": 1, "critical": 0}
	endOfSupport = map[string]int64{
		"Windows Server 2012 R2":     day(2023, 10, 10),
		"Windows Server 2019":        day(2029, 1, 9),
		"Windows Server 2022":        day(2031, 10, 14),
		"Debian GNU/Linux 12":        day(2028, 6, 30),
		"Red Hat Enterprise Linux 7": day(2024, 6, 30),
		"Red Hat Enterprise Linux 9": day(2032, 5, 31),
	}
)

func day(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).UnixMicro()
}
