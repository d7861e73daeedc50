// Go's own JSON of protobuf messages, asked as the example "transcoder" of the gateway is.
//
//	go run ./values contracts.binpb
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"log"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const lineBytesMax = 64 * 1024 * 1024

type asked struct {
	Do     string
	Type   string
	Binary []byte
	Json   string
}

func main() {
	set, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var descriptors descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &descriptors); err != nil {
		log.Fatal(err)
	}
	files, err := protodesc.NewFiles(&descriptors)
	if err != nil {
		log.Fatal(err)
	}
	types := dynamicpb.NewTypes(files)
	lines, output := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var question asked
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			log.Fatal(err)
		}
		answer, err := answered(types, question)
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		if err := output.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

func answered(types *dynamicpb.Types, question asked) (map[string]string, error) {
	of, err := types.FindMessageByName(protoreflect.FullName(question.Type))
	if err != nil {
		return nil, err
	}
	message := of.New().Interface()
	if question.Do == "read" {
		if err := (protojson.UnmarshalOptions{Resolver: types}).Unmarshal([]byte(question.Json), message); err != nil {
			return nil, err
		}
		binary, err := proto.Marshal(message)
		return map[string]string{"binary": base64.StdEncoding.EncodeToString(binary)}, err
	}
	if err := proto.Unmarshal(question.Binary, message); err != nil {
		return nil, err
	}
	text, err := protojson.MarshalOptions{Resolver: types, EmitDefaultValues: true}.Marshal(message)
	return map[string]string{"json": string(text)}, err
}
