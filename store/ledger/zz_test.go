package ledger_test
import ("testing";"math/rand/v2";"go.etcd.io/bbolt";"path/filepath"
"github.com/plumbline/plumbline/store/bolt"
"github.com/plumbline/plumbline/store/ledger")
func TestZZ(t *testing.T){
 zz(t)
}
func zz(t *testing.T){
	for _, each := range []int{3,5,8,10,12,15,18,22,26,30,35,40,50,64,80,100,160,320,1000} {
	p := filepath.Join(t.TempDir(), "ledger.db")
	db, err := bolt.Create(p, bolt.Options{AppendSpaces: ledger.AppendSpaces(), NoSync: true})
	if err != nil { t.Fatal(err) }
	l := create(t, db)
		const streams, records = 4000, 64_000
		r := rand.New(rand.NewPCG(1, 2))
		now := start
		for n := 0; n < records; n += each {
			now += 600 * second
			commit(t, l, now, func(b *ledger.Batch) {
				for range each {
					at := now - r.Int64N(300*second)
					b.Append(uint32(r.IntN(streams)), at, 1, states(r), nil)
				}
			})
		}
	t.Log(each, float64(used(t, db))/records)
	db.Close()
	bb, _ := bbolt.Open(p, 0600, &bbolt.Options{ReadOnly:true})
	bb.View(func(tx *bbolt.Tx) error {
		if each>0 {return nil}
return tx.ForEach(func(n []byte, b *bbolt.Bucket) error { s := b.Stats()
		t.Logf("%s leafpages %d alloc %d inuse %d branch %d overflow %d keys %d", n, s.LeafPageN, s.LeafAlloc, s.LeafInuse, s.BranchPageN, s.LeafOverflowN, s.KeyN); return nil })
	})
	bb.Close()
	}
}
