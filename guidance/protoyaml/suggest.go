package protoyaml

// Nearest is the word that is most likely meant by s: the one with the fewest
// letters to change, if they are few; empty where none is near.
func Nearest(s string, words []string) string {
	best, most := "", max(2, len([]rune(s))/3)+1
	for _, w := range words {
		if w == "" {
			continue
		}
		if d := distance(s, w); d < most && d < len([]rune(w)) {
			best, most = w, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, replace or swap with their
// neighbour that make b of a (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	const longest = 128 // what is longer is no mistyped name
	if len(x) > longest || len(y) > longest {
		return longest
	}
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, above, row := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(x)+1)%3][len(y)]
}
