// Copyright The Tallyhouse Authors
// SPDX-License-Identifier: Apache-2.0
//
// Generated from proto/ by "npm run generate". Do not edit.

/** A JSON object as @grpc/proto-loader hands it over. */
export interface Struct {
  fields: { [key: string]: Value };
}

/** One JSON value: exactly one of the members is present. Numbers are doubles, as the format has it. */
export interface Value {
  nullValue?: "NULL_VALUE";
  numberValue?: number;
  stringValue?: string;
  boolValue?: boolean;
  structValue?: Struct;
  listValue?: ListValue;
}

/** A JSON array. */
export interface ListValue {
  values: Value[];
}
