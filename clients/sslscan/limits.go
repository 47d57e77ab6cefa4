package sslscan

// Limits caps what is read, since a scan's output comes from outside. The zero
// value of a field means its default.
type Limits struct {
	// Bytes is the largest file; 32 MiB.
	Bytes int64
	// TokenBytes is the longest run without a '>', which bounds a tag with its
	// attributes before the XML decoder holds it in memory; 64 KiB.
	TokenBytes int
	// Depth is how deep elements may be nested; 16.
	Depth int
	// Elements is how many elements one file may have; 500,000.
	Elements int
	// Attributes is how many attributes one element may have; 32.
	Attributes int
	// Text is how many bytes of text one element may have; 64 KiB.
	Text int
	// Scans is how many scans one file may hold; 20,000.
	Scans int
	// Ciphers is how many ciphers, or groups, one scan may list; 4,096. sslscan
	// knows about 400 suites in at most five versions.
	Ciphers int
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.Bytes <= 0 {
		l.Bytes = 32 << 20
	}
	set(&l.TokenBytes, 64<<10)
	set(&l.Depth, 16)
	set(&l.Elements, 500_000)
	set(&l.Attributes, 32)
	set(&l.Text, 64<<10)
	set(&l.Scans, 20_000)
	set(&l.Ciphers, 4096)
	return l
}
