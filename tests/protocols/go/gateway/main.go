// The proving contract behind grpc-gateway, and a service that keeps in mind what it was asked last.
//
//	go run ./gateway SERVICE GATEWAY LAST
//
// Three addresses: of the service, of grpc-gateway before it, and of GET /, which answers with the method and the request
// that came last, and forgets them.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"proving/proving"
)

type last struct {
	mutex  sync.Mutex
	rpc    string
	binary []byte
}

func (last *last) note(_ context.Context, request any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	binary, err := proto.Marshal(request.(proto.Message))
	if err != nil {
		return nil, err
	}
	last.mutex.Lock()
	defer last.mutex.Unlock()
	last.rpc, last.binary = info.FullMethod[1:], binary
	return &proving.Told{
		Thing:    &proving.Thing{Name: "a", Size: 5},
		Tags:     []string{"x", "y"},
		Text:     "said",
		Number:   7,
		Counts:   map[string]int64{"a": 1},
		MadeTime: &timestamppb.Timestamp{Seconds: 1, Nanos: 500_000_000},
	}, nil
}

func (last *last) ServeHTTP(writer http.ResponseWriter, _ *http.Request) {
	last.mutex.Lock()
	defer last.mutex.Unlock()
	told := map[string]string{"rpc": last.rpc, "binary": base64.StdEncoding.EncodeToString(last.binary)}
	last.rpc, last.binary = "", nil
	_ = json.NewEncoder(writer).Encode(told)
}

func main() {
	var last last
	service, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(last.note))
	proving.RegisterProvingServiceServer(server, &proving.UnimplementedProvingServiceServer{})
	proving.RegisterTellingServiceServer(server, &proving.UnimplementedTellingServiceServer{})
	go func() { log.Fatal(server.Serve(service)) }()
	mux := runtime.NewServeMux()
	insecure := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if err := proving.RegisterProvingServiceHandlerFromEndpoint(context.Background(), mux, os.Args[1], insecure); err != nil {
		log.Fatal(err)
	}
	if err := proving.RegisterTellingServiceHandlerFromEndpoint(context.Background(), mux, os.Args[1], insecure); err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.ListenAndServe(os.Args[2], mux)) }()
	log.Fatal(http.ListenAndServe(os.Args[3], &last))
}
