// Tells what a team may spend, owes and has used since the first of the month, through Gitpod's usage API.
//
//	TALLYHOUSE_ADDRESS=127.0.0.1:9001 TALLYHOUSE_KEY=… go run ./usage-example team:12345678-1234-1234-1234-123456789abc
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	usagev1 "tallyhouse/clients/go/usage/v1"
)

const perPage = 1000

// listAll reads every page of what a team used from one time to another; the second is not included.
func listAll(ctx context.Context, client usagev1.UsageServiceClient, request *usagev1.ListUsageRequest) ([]*usagev1.Usage, float64, error) {
	var entries []*usagev1.Usage
	for page := int64(1); ; page++ {
		request.Pagination = &usagev1.PaginatedRequest{PerPage: perPage, Page: page}
		response, err := client.ListUsage(ctx, request)
		if err != nil {
			return nil, 0, err
		}
		entries = append(entries, response.GetUsageEntries()...)
		if page >= response.GetPagination().GetTotalPages() {
			return entries, response.GetCreditsUsed(), nil
		}
	}
}

func report(ctx context.Context, client usagev1.UsageServiceClient, team string) error {
	center, err := client.GetCostCenter(ctx, &usagev1.GetCostCenterRequest{AttributionId: team})
	if err != nil {
		return err
	}
	balance, err := client.GetBalance(ctx, &usagev1.GetBalanceRequest{AttributionId: team})
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	entries, used, err := listAll(ctx, client, &usagev1.ListUsageRequest{
		AttributionId: team,
		From:          timestamppb.New(time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)),
		To:            timestamppb.New(now),
		Order:         usagev1.ListUsageRequest_ORDERING_ASCENDING,
	})
	if err != nil {
		return err
	}
	costCenter := center.GetCostCenter()
	fmt.Printf("limit %d, balance %v, paid by %s\n", costCenter.GetSpendingLimit(), balance.GetCredits(), costCenter.GetBillingStrategy())
	fmt.Printf("used %v in %d entries\n", used, len(entries))
	for _, entry := range entries {
		fmt.Println(entry.GetEffectiveTime().AsTime().Format(time.RFC3339), entry.GetCredits(), entry.GetDescription())
	}
	return nil
}

func run(address, key, team string) error {
	connection, err := grpc.NewClient(address,
		// Plain text is for a server on the same machine; use TLS credentials for any other.
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, PermitWithoutStream: true}),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// A server with GRPC_AUTH=network wants no metadata.
	if key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-api-key", key)
	}
	return report(ctx, usagev1.NewUsageServiceClient(connection), team)
}

func main() {
	address := os.Getenv("TALLYHOUSE_ADDRESS")
	if address == "" {
		address = "127.0.0.1:9001"
	}
	team := "team:12345678-1234-1234-1234-123456789abc"
	if len(os.Args) > 1 {
		team = os.Args[1]
	}
	if err := run(address, os.Getenv("TALLYHOUSE_KEY"), team); err != nil {
		log.Fatal(err)
	}
}
