// Records one event and prints what became of it. Run it twice: the second time the answer is a duplicate.
//
//	TALLYHOUSE_ADDRESS=127.0.0.1:9001 TALLYHOUSE_KEY=… go run ./example
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	meteringv1 "tallyhouse/clients/go/metering/v1"
)

// apiRequest is one API request, happening now; the id makes it count once, however often it is sent.
func apiRequest(id string) (*meteringv1.Event, error) {
	properties, err := structpb.NewStruct(map[string]any{"region": "eu"})
	if err != nil {
		return nil, err
	}
	quantity := "1"
	return &meteringv1.Event{
		Id:         id,
		Source:     "example",
		Account:    "org:demo",
		Type:       "api_requests",
		Quantity:   &quantity,
		Properties: properties,
	}, nil
}

func run(address, key string) error {
	// Plain text is for a server on the same machine; use TLS credentials for any other.
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	event, err := apiRequest("request-1")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "x-api-key", key)
	request := &meteringv1.RecordEventsRequest{Events: []*meteringv1.Event{event}}
	response, err := meteringv1.NewMeteringServiceClient(connection).RecordEvents(ctx, request)
	if err != nil {
		return err
	}
	for _, verdict := range response.GetVerdicts() {
		fmt.Println(verdict.GetId(), verdict.GetStatus(), verdict.GetReason())
	}
	return nil
}

func main() {
	address := os.Getenv("TALLYHOUSE_ADDRESS")
	if address == "" {
		address = "127.0.0.1:9001"
	}
	if err := run(address, os.Getenv("TALLYHOUSE_KEY")); err != nil {
		log.Fatal(err)
	}
}
