package envelope

// Kinds of records, spaces of heads, and kinds of names and edges, by which what
// is known of systems, hosts and series stands in the ledger. Their values are
// part of the format.
const (
	RecordSystemView byte = 1
	RecordHostView   byte = 2
	RecordState      byte = 3

	SpaceSystem byte = 's' // by system number → SystemHead
	SpaceHost   byte = 'h' // by host number → HostHead
	SpaceSeries byte = 'r' // by stream → SeriesHead

	NameSystem byte = 's'
	NameHost   byte = 'h'

	EdgeHosts byte = 'h' // system number → host numbers
)
