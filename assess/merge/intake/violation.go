package intake

// Violation is something wrong with a message that a client sent.
type Violation struct {
	Path    string // such as "hosts[3].id", from the message's root
	Reason  string // one of the constants below
	Message string // for people
}

// The reasons, in the form that google.rpc.BadRequest wants them.
const (
	DuplicateKey   = "DUPLICATE_KEY"   // two elements of a list have one key
	EmptyKey       = "EMPTY_KEY"       // an element of a list or map has no key
	MissingElement = "MISSING_ELEMENT" // an element of a list is null
	NoValue        = "NO_VALUE"        // a declared fact without a value
	NotFinite      = "NOT_FINITE"      // a number that is none, or infinite
	InvalidUTF8    = "INVALID_UTF8"    // a text that is not UTF-8
	NotAllowed     = "NOT_ALLOWED"     // a text that the field does not take
	OutOfRange     = "OUT_OF_RANGE"    // an instant or span that cannot be represented
	UnknownList    = "UNKNOWN_LIST"    // a mark that names no list of its message
	NotEmpty       = "NOT_EMPTY"       // a list reported empty that has elements
	Contradiction  = "CONTRADICTION"   // a list reported empty and partial
	UnknownPath    = "UNKNOWN_PATH"    // a path that names no field
)
