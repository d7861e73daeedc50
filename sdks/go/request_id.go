package quanyu

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// NewRequestID makes a new id, which sorts by its time: a UUID of version 7 (RFC 9562). A request without an id gets one by
// itself; make one where it has to outlive the process, and keep it.
func NewRequestID() string {
	var id [16]byte
	// Never fails, says its documentation.
	_, _ = rand.Read(id[6:])
	var now [8]byte
	binary.BigEndian.PutUint64(now[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], now[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// withRequestID gives a request with an id, and that id. A caller's own is kept, and the caller's message stays as it is. A
// request of a method that changes nothing has none.
func withRequestID(request proto.Message) (proto.Message, string) {
	message := request.ProtoReflect()
	field := message.Descriptor().Fields().ByName("request_id")
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return request, ""
	}
	if given := message.Get(field).String(); given != "" {
		return request, given
	}
	id := NewRequestID()
	own := proto.Clone(request)
	own.ProtoReflect().Set(field, protoreflect.ValueOfString(id))
	return own, id
}
