package rollup

import "encoding/binary"

// Names and objects of the ledger. Their values are part of the format.
const (
	nameSeries byte = 'r' // ids of series get numbers
	kindNames  byte = 'u' // id of a series → RollUpNames

	// Lists by number of series or group, of a value and the number of a system.
	rankScores  byte = 's' // score in millionths
	rankFailing byte = 'f' // when a result last began to fail, the latest first
	rankUnknown byte = 'u' // when one last began to be unknown
)

// Where sums stand. Their values are part of the format. The number of the
// series or group follows, then for sums over time the scale and the bucket.
const (
	tagNewest   = 'n' // counters
	tagRules    = 'p' // results of rules, rulePlaces for each
	tagVersions = 'v' // systems by version
	tagBegun    = 'b' // by hour in which they began: results of rules, begunPlaces for each
	tagHistory  = 'h' // D and M of counters
	tagRuleTime = 't' // D and M of a rule's results
)

func key(tag byte, series uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{tag}, series)
}

// bias makes numbers of buckets before 1970 sort before those after.
const bias = 1 << 31

func appendBucket(b []byte, bucket int64) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(bucket+bias))
}

func bucketOf(b []byte) int64 { return int64(binary.BigEndian.Uint32(b)) - bias }

func begunKey(number uint32, hour int64) string {
	return string(appendBucket(key(tagBegun, number), hour))
}

func historyKey(series uint32, s scale, bucket int64) string {
	return string(appendBucket(append(key(tagHistory, series), byte(s)), bucket))
}

// ruleKey has the bucket before the rule, since a commit writes many rules of
// one bucket; but all eras of a rule stand together, since they are read so.
func ruleKey(series uint32, s scale, bucket int64, rule int) string {
	b := append(key(tagRuleTime, series), byte(s))
	if s == eras {
		return string(appendBucket(binary.BigEndian.AppendUint32(b, uint32(rule)), bucket))
	}
	return string(binary.BigEndian.AppendUint32(appendBucket(b, bucket), uint32(rule)))
}
