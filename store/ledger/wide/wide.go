// Package wide has whole numbers of 128 bits, for sums of products: a million
// scores in millionths times a year in microseconds are 82 bits.
package wide

import (
	"math/big"
	"math/bits"
)

// Int is a whole number of 128 bits, in two's complement, for sums of products:
// a million scores in millionths times a year in microseconds are 82 bits. Its
// arithmetic wraps around like that of int64.
type Int struct {
	Hi int64
	Lo uint64
}

// Of is a number as an Int.
func Of(v int64) Int { return Int{Hi: v >> 63, Lo: uint64(v)} }

// Add is w + x.
func (w Int) Add(x Int) Int {
	lo, carry := bits.Add64(w.Lo, x.Lo, 0)
	return Int{Hi: w.Hi + x.Hi + int64(carry), Lo: lo}
}

// Sub is w - x.
func (w Int) Sub(x Int) Int {
	lo, borrow := bits.Sub64(w.Lo, x.Lo, 0)
	return Int{Hi: w.Hi - x.Hi - int64(borrow), Lo: lo}
}

// Times is w × n.
func (w Int) Times(n int64) Int {
	hi, lo := bits.Mul64(w.Lo, uint64(n))
	// hi and lo took n for unsigned: a negative one was 2⁶⁴ too much.
	return Int{Hi: int64(hi) + w.Hi*n + int64(w.Lo)*(n>>63), Lo: lo}
}

// Big is the number as one of any size.
func (w Int) Big() *big.Int {
	v := new(big.Int).Lsh(big.NewInt(w.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(w.Lo))
}

// narrow says whether w fits into an int64.
func (w Int) narrow() bool { return w.Hi == int64(w.Lo)>>63 }

// Int64 is the number as an int64, false where it does not fit.
func (w Int) Int64() (int64, bool) { return int64(w.Lo), w.narrow() }

// Float is the float64 that is nearest.
func (w Int) Float() float64 {
	if w.narrow() {
		return float64(int64(w.Lo))
	}
	f, _ := new(big.Float).SetInt(w.Big()).Float64()
	return f
}
