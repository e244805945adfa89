// Copyright The Tallyhouse Authors
// SPDX-License-Identifier: Apache-2.0
//
// Generated from proto/ by "npm run generate". Do not edit.

/** The contracts this server speaks, relative to the folder `proto`. */
export const PROTO_FILES: readonly string[] = [
  "metering/v1/metering.proto",
  "usage/v1/billing.proto",
  "usage/v1/usage.proto",
];

/**
 * Options for @grpc/proto-loader (add `includeDirs: [<the folder proto>]`). The types beside this file describe
 * what these options yield: camelCase names, int64 and enums as text, every field present (a scalar as its zero
 * value, a missing message as null), a field marked `optional` absent when it was not sent. An enum number this
 * version does not know stays a number.
 */
export const LOADER_OPTIONS = {
  keepCase: false,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: false,
} as const;
