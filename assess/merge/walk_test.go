package merge_test

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// scalars are all values of an inventory by path: scalars, members of sets and
// entries of maps, found by protoreflect.
func scalars(inv *pb.Inventory) map[string]string {
	out := map[string]string{}
	collect(inv.ProtoReflect(), "", out)
	return out
}

func collect(m protoreflect.Message, path string, out map[string]string) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := path + "/" + string(fd.Name())
		switch {
		case path == "":
			at = string(fd.Name())
		case path == "system" && fd.IsList():
			at = string(fd.Name())
		}
		model := fd.Message() != nil && !fd.IsMap() && fd.Message().ParentFile().Package() == "plumbline.v1" && fd.Message().Name() != "FactValue"
		switch {
		case fd.Number() > 100 && !fd.IsMap() || fd.Number() == 1 && !fd.HasPresence() && !fd.IsList(): // marks and keys
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				out[at+"/"+shape.PathKey(k.String())] = text(v)
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				el := v.List().Get(i)
				if !model {
					out[at+"/"+shape.PathKey(text(el))] = text(el)
					continue
				}
				key := el.Message().Get(el.Message().Descriptor().Fields().ByNumber(1)).String()
				collect(el.Message(), at+"/"+shape.PathKey(key), out)
			}
		case model:
			collect(v.Message(), at, out)
		default:
			out[at] = text(v)
		}
		return true
	})
}

func text(v protoreflect.Value) string {
	if m, ok := v.Interface().(protoreflect.Message); ok {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.Interface())
		if err != nil {
			panic(err)
		}
		return fmt.Sprintf("%x", raw)
	}
	return fmt.Sprint(v.Interface())
}

// insideAtomic says whether a value stands in a message that is taken whole.
func insideAtomic(path string) bool {
	return strings.Contains(path, "/certificate/") || strings.Contains(path, "/ipsec/rules/")
}

// nearest is the origin that a provenance list gives for a path.
func nearest(listed map[string]merge.Origin, path string) merge.Origin {
	for {
		if o, ok := listed[path]; ok {
			return o
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return merge.Origin{}
		}
		path = path[:i]
	}
}
