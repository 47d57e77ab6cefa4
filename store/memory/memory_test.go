package memory_test

import (
	"testing"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/memory"
	"github.com/plumbline/plumbline/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memory.New() })
}
